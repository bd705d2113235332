"""The files of the pages of hunts, from a folder of the operator, as resources in memory.

Names of files contain the hash of their content, so browsers keep them for ever.  The folder is
read when a worker starts: SIGHUP reads it again.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from hunt.core.page import FILE
from hunt.logs import FaultLog
from hunt.play.replies import IMMUTABLE, Document
from hunt.play.resources import Fixed, Resource

#: Largest file, and largest sum of all files, in bytes.
MAX_FILE = 1024 * 1024
MAX_ALL = 32 * 1024 * 1024

#: Nothing in such a file runs or loads anything, even if a browser opens it as a page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

#: Content types by suffix.
_TYPES: Mapping[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml; charset=utf-8",
}

_ROUTE = "/static/<folder>/<name>"

log = FaultLog("hunt")


class PageFiles:
    """The files of a folder.

    Args:
        folder: The folder; None: there are no files.
    """

    def __init__(self, folder: Path | None) -> None:
        self.resources: dict[str, Resource] = {}  #: by path of the address
        self._addresses: dict[str, str] = {}
        left = MAX_ALL
        for name, content in () if folder is None else _files(folder):
            left -= len(content)
            if left < 0:
                log.warning("page file ignored", file=name, reason="all files are over 32 MiB")
                break
            self._add(name, content)

    def address(self, name: str) -> str | None:
        """Return the path of a file's address; None if there is no such file."""
        return self._addresses.get(name)

    def _add(self, name: str, content: bytes) -> None:
        stem, _, suffix = name.rpartition(".")
        digest = hashlib.sha256(content).hexdigest()[:16]
        path = f"/static/-/{stem}.{digest}.{suffix}"
        made = Document(
            content,
            _TYPES[f".{suffix}"],
            cache_control=IMMUTABLE,
            headers=(("Content-Security-Policy", POLICY),),
            level=9 if suffix == "svg" else 0,
        )
        made.prepare()
        self.resources[path] = Fixed(_ROUTE, made)
        self._addresses[name] = path


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each valid file; log the others."""
    try:
        inside = folder.resolve(strict=True)
        found = sorted(folder.iterdir())
    except OSError as error:
        log.warning("page folder not read", folder=str(folder), error=error.strerror)
        return
    for path in found:
        if path.name.startswith(".") or path.is_dir():
            continue
        try:
            content, wrong = _read(path, inside)
        except OSError as error:
            content, wrong = b"", error.strerror
        if wrong is None:
            yield path.name, content
        else:
            log.warning("page file ignored", file=path.name, reason=wrong)


def _read(path: Path, inside: Path) -> tuple[bytes, str | None]:
    """Return the content of a file, and why it is not served; None: it is.

    Raises:
        OSError: The file cannot be read.
    """
    if not FILE.fullmatch(path.name):
        return b"", "its name is not that of a picture"
    target = path.resolve(strict=True)  # a volume of Kubernetes consists of links
    if not target.is_relative_to(inside):
        return b"", "it is a link out of the folder"
    with target.open("rb") as file:
        info = target.stat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE:
            return b"", "it is larger than 1 MiB"
        content = file.read(MAX_FILE + 1)
    suffix = path.suffix
    return content, None if _is(suffix, content) else f"its content is not that of a {suffix} file"


def _is(suffix: str, content: bytes) -> bool:
    """Return whether a file begins as its name says."""
    match suffix:
        case ".png":
            return content.startswith(b"\x89PNG\r\n\x1a\n")
        case ".jpg" | ".jpeg":
            return content.startswith(b"\xff\xd8\xff")
        case ".webp":
            return content.startswith(b"RIFF") and content[8:12] == b"WEBP"
        case ".avif":
            return content[4:12] in {b"ftypavif", b"ftypavis"}
    return b"<svg" in content[:2000] and b"<!ENTITY" not in content
