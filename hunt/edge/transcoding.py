"""Converts HTTP/2 requests to HTTP/1.1, and answers of HTTP/1.1 to HTTP/2.

The fast lane therefore decides and answers in the same way for both versions.
"""

from __future__ import annotations

from collections.abc import Iterable

#: Headers of HTTP/1.1 that concern its connection alone (RFC 9113, 8.2.2).
_CONNECTION = frozenset({b"connection", b"transfer-encoding"})

_PSEUDO = ord(":")


def request_head(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the head of a request as HTTP/1.1; None if it cannot be one.

    A cookie may be split into several fields (RFC 9113, 8.2.3).  ``:authority`` counts as the
    host, so that a request with a ``host`` as well has two hosts, which the fast lane declines.

    Args:
        headers: Pseudo-headers and headers, checked by h2.
    """
    pseudo: dict[bytes, bytes] = {}
    lines, crumbs = [b""], []
    for name, value in headers:
        if name[0] == _PSEUDO:
            pseudo[name] = value
        elif name == b"cookie":
            crumbs.append(value)
        elif name != b"te":  # only "trailers" is valid, and hunt sends none
            lines.append(b"%b: %b" % (name, value))
    if crumbs:
        lines.append(b"cookie: %b" % b"; ".join(crumbs))
    method, path = pseudo.get(b":method"), pseudo.get(b":path")
    if method is None or path is None:
        return None
    if (authority := pseudo.get(b":authority")) is not None:
        lines.append(b"host: %b" % authority)
    lines[0] = b"%b %b HTTP/1.1" % (method, path)
    head = b"%b\r\n\r\n" % b"\r\n".join(lines)
    # A line end within a value would begin a header that the client did not send.
    return head if head.count(b"\n") == len(lines) + 1 else None


def response(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the headers, ``:status`` first, and the body of a response of HTTP/1.1.

    Args:
        data: A response without chunks, or the head of one.
    """
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [(b":status", status[9:12])]
    for line in lines:
        name, _, value = line.partition(b": ")
        if name not in _CONNECTION:
            headers.append((name, value))
    return headers, body
