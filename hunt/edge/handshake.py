"""Handshakes of WebSockets (RFC 6455, 4.2), in requests that h11 has parsed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

import h11
from msgspec import Struct

from hunt.core.proxies import Peer
from hunt.errors import Refused
from hunt.play import contract
from hunt.play.play import Play
from hunt.play.request import Request, build
from hunt.play.socket_handshake import check_handshake

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_TARGET = re.compile(rb"/v1/hunts/([a-z0-9-]{1,64})/socket(?:\?([!-~]*))?")

#: Headers that this module uses, which therefore must not be repeated.
_ONCE = frozenset(
    {
        b"host",
        b"authorization",
        b"cookie",
        b"last-event-id",
        b"origin",
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"upgrade",
    }
)

#: Headers of a request with a body, whose bytes would be parsed as frames.
_BODY = frozenset({b"content-length", b"transfer-encoding"})


class Handshake(Struct, frozen=True):
    """A valid handshake that may become a WebSocket."""

    request: Request
    key: bytes
    request_id: str

    def accepted(self) -> bytes:
        """Return the response.  It accepts no extension: deflate permits compression bombs."""
        accept = base64.b64encode(hashlib.sha1(self.key + _GUID).digest())
        return (
            b"HTTP/1.1 101 \r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-accept: %b\r\nx-request-id: %b\r\n\r\n"
        ) % (accept, self.request_id.encode())


class Upgraded(Exception):  # control flow, like Hypercorn's own exceptions
    """The connection carries WebSocket frames from now on."""

    def __init__(self, handshake: Handshake, peer: Peer, received: bytes) -> None:
        super().__init__()
        self.handshake = handshake
        self.peer = peer
        self.received = received  #: bytes read after the handshake


def wanted(request: h11.Request) -> bool:
    """Return whether a request asks to become a WebSocket."""
    return any(
        name == b"upgrade" and value.lower() == b"websocket" for name, value in request.headers
    )


def declined(request: h11.Request) -> h11.Request:
    """Return the request without its ``Upgrade``, which a server may ignore (RFC 9110, 7.8)."""
    return h11.Request(
        method=request.method,
        target=request.target,
        headers=[each for each in request.headers.raw_items() if each[0].lower() != b"upgrade"],
        http_version=request.http_version,
    )


def read(play: Play, request: h11.Request, scheme: str) -> Handshake | None:
    """Return the handshake in a request; None if the route must answer it.

    Args:
        play: Checks the origin and the hunt.
        request: Head of the request.
        scheme: ``http`` or ``https``.
    """
    target = _TARGET.fullmatch(request.target)
    headers = list(request.headers)
    names = [name for name, _ in headers]
    if (
        target is None
        or (request.method, request.http_version) != (b"GET", b"1.1")
        or not _BODY.isdisjoint(names)
        or any(names.count(name) > 1 for name in _ONCE)
    ):
        return None
    key = _header(headers, b"sec-websocket-key")
    if (
        b"upgrade"
        not in {each.strip().lower() for each in _header(headers, b"connection").split(b",")}
        or _header(headers, b"sec-websocket-version") != contract.WEBSOCKET_VERSION.encode()
        or not _sixteen_bytes(key)
    ):
        return None
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    asked = build(target[1].decode(), pairs, (target[2] or b"").decode(), scheme=scheme)
    try:
        check_handshake(play, asked)
    except Refused:
        return None
    return Handshake(asked, key, play.ids.choose(asked.id))


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return the values of a header, joined by commas."""
    return b",".join(value for found, value in headers if found == name)


def _sixteen_bytes(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False
