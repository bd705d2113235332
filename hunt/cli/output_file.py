"""The file that a command writes: a new one, or standard output."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

import click

from hunt.errors import HuntError

STDOUT = "-"

#: The option of the file, the parameter ``output``.
option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    default=STDOUT,
    show_default=True,
    help="File, or - for standard output.",
)


def file(output: Path, *, binary: str | None) -> AbstractContextManager[BinaryIO]:
    """Return what opens the file of the option.

    Args:
        output: The value of the option.
        binary: Says that the content is none for a terminal; None if it is.

    Raises:
        HuntError: Standard output is closed.
        UsageError: The content is not for a terminal.
    """
    if str(output) != STDOUT:
        return new_file(output)
    if sys.stdout is None:
        raise HuntError("standard output is closed: give a file with -o")
    if binary is not None and sys.stdout.isatty():
        raise click.UsageError(f"{binary}: give a file with -o")
    return nullcontext(sys.stdout.buffer)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path` after the block, and is removed if it fails.

    A device or a pipe is written directly.

    Raises:
        HuntError: The file cannot be written.
    """
    special = path.exists() and not path.is_file()
    part = path if special else path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    flags = os.O_WRONLY if special else os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(part, flags, 0o600), "wb") as sink:
            yield sink
            if not special:
                os.fsync(sink.fileno())
        if not special:
            part.replace(path)
    except OSError as exc:
        raise HuntError(f"{path}: cannot be written ({exc.strerror})") from None
    finally:
        if not special:
            with suppress(OSError):
                part.unlink()
