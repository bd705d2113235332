"""Files that survive a loss of power, and that no other user can open."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_private(path: Path, flags: int) -> int:
    """Open a file, created if missing with mode 0600; return its descriptor.

    If root runs hunt in the folder of another user, the file belongs to that user, so that
    the user can run hunt next.
    """
    fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)
    return fd


@contextmanager
def written_aside(path: Path, text: str) -> Iterator[Path]:
    """Yield a file beside `path` with the whole of `text`, flushed to disk, with mode 0600.

    The block moves or links it to `path`, so that `path` never holds only a part of the text.
    If the file still exists at the end, it is removed.
    """
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that names made or changed in it survive a loss of power."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
