"""Compresses a bundle, part by part."""

from __future__ import annotations

import gzip
import io
from collections.abc import AsyncGenerator
from functools import partial

import trio

from hunt.core import bundle

#: Lines that are compressed together, in a thread.
LINES = 50


async def compressed(lines: AsyncGenerator[bundle.Line, None]) -> AsyncGenerator[bytes, None]:
    """Yield the parts of a gzip file of JSON lines, none of them empty.

    Args:
        lines: The lines; the caller closes them.
    """
    packed = io.BytesIO()
    file = gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0)

    def part(some: list[bundle.Line], *, last: bool = False) -> bytes:
        for line in some:
            file.write(bundle.encode(line) + b"\n")
        if last:
            file.close()
        found = packed.getvalue()
        packed.seek(0)
        packed.truncate()
        return found

    waiting: list[bundle.Line] = []
    async for line in lines:
        waiting.append(line)
        if len(waiting) == LINES:
            if found := await trio.to_thread.run_sync(part, waiting):
                yield found
            waiting = []
    yield await trio.to_thread.run_sync(partial(part, waiting, last=True))
