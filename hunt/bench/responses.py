"""A fast parser of HTTP/1 responses with a Content-Length."""

from __future__ import annotations

from typing import NamedTuple

_END = b"\r\n\r\n"

#: Maximum number of cached heads, which differ by length and, each second, by date.
_HEADS = 1000


class Head(NamedTuple):
    """Status line and headers of a response."""

    status: int
    length: int | None  #: bytes of the body; None if the head does not say
    chunked: bool
    closes: bool  #: the server closes the connection after it


def parse_head(head: bytes) -> Head:
    """Parse the head of a response, with its empty line.

    Raises:
        ValueError: It is not an HTTP/1 response.
    """
    first, *lines = head[: -len(_END)].split(b"\r\n")
    version, _, rest = first.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError(f"not a response: {first[:80]!r}")
    status = int(rest[:3])
    fields = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip().lower()
    length = fields.get(b"content-length")
    bodiless = status in {204, 304} or status < 200
    connection = fields.get(b"connection", b"")
    return Head(
        status,
        0 if bodiless else None if length is None else int(length),
        b"chunked" in fields.get(b"transfer-encoding", b""),
        b"close" in connection or (version == b"HTTP/1.0" and b"keep-alive" not in connection),
    )


class ResponseParser:
    """Parses complete responses; caches heads."""

    def __init__(self) -> None:
        self._heads: dict[bytes, Head] = {}

    def head(self, data: bytes) -> tuple[Head, int] | None:
        """Return the head at the start of `data` and its end; None while it is incomplete.

        Raises:
            ValueError: It is not an HTTP/1 response.
        """
        at = data.find(_END)
        if at < 0:
            return None
        at += 4
        first = data[:at]
        head = self._heads.get(first)
        if head is None:
            head = parse_head(first)
            if len(self._heads) >= _HEADS:
                self._heads.clear()
            self._heads[first] = head
        return head, at

    def parse(self, data: bytes) -> tuple[Head, int, int] | None:
        """Return the head, and start and end of the body; None while it is incomplete.

        Raises:
            ValueError: It is not an HTTP/1 response with a Content-Length.
        """
        found = self.head(data)
        if found is None:
            return None
        head, start = found
        if head.length is None:
            raise ValueError("a response without Content-Length")
        end = start + head.length
        return (head, start, end) if end <= len(data) else None
