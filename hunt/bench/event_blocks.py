"""A fast splitter of event streams into blocks."""

from __future__ import annotations

import re

#: Click id and seq of each reward in complete blocks.
REWARD = re.compile(rb'^data: \{"id":"([0-9a-f-]{36})","seq":([0-9]+),', re.MULTILINE)


class BlockSplitter:
    """Splits the body of an event stream into complete blocks.

    Args:
        chunked: The body has the chunked encoding; blocks may span chunks.
    """

    __slots__ = ("_chunked", "_data", "_text", "ended")

    def __init__(self, *, chunked: bool) -> None:
        self._chunked = chunked
        self._data = b""  # start of an incomplete chunk
        self._text = b""  # start of an incomplete block
        self.ended = False  #: the last chunk has arrived

    def text(self, data: bytes) -> bytes:
        """Return the blocks that `data` completes, as one text.

        Raises:
            ValueError: The chunked encoding is malformed.
        """
        text = self._dechunk(data) if self._chunked else data
        if self._text:
            text = self._text + text
            self._text = b""
        if text.endswith(b"\n\n"):
            return text
        at = text.rfind(b"\n\n") + 2
        if at < 2:
            self._text = text
            return b""
        self._text = text[at:]
        return text[:at]

    def feed(self, data: bytes) -> list[bytes]:
        """Return the blocks that `data` completes, as a list; raise as `text` does."""
        text = self.text(data)
        return text[:-2].split(b"\n\n") if text else []

    def _dechunk(self, data: bytes) -> bytes:
        if self._data:
            data = self._data + data
            self._data = b""
        pieces, at = [], 0
        while at < len(data):
            line = data.find(b"\r\n", at)
            if line < 0:
                break
            size = int(data[at:line].partition(b";")[0], 16)
            end = line + 2 + size
            if end + 2 > len(data):
                break
            if size == 0:
                self.ended = True
            pieces.append(data[line + 2 : end])
            at = end + 2
        self._data = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
