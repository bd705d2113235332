"""The handshake of a WebSocket (RFC 6455, 4.2), out of a request that h11 has read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from urllib.parse import parse_qs

import h11
from msgspec import Struct
from werkzeug.http import parse_cookie
from werkzeug.sansio.utils import get_host

from hunt.core.forwarding import Forwarded
from hunt.core.proxies import Peer
from hunt.engine import Engine
from hunt.errors import Refused
from hunt.play import auth, endpoints
from hunt.web.routes import sockets

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_TARGET = re.compile(rb"/v1/hunts/([a-z0-9-]{1,64})/socket(?:\?([!-~]*))?")

#: Headers that decide something here, and so may stand once only.
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

#: With these there is a body, whose bytes would be taken for frames.
_BODY = frozenset({b"content-length", b"transfer-encoding"})


class Handshake(Struct, frozen=True):
    """A valid one, for the place where sockets are."""

    asked: endpoints.Asked
    key: bytes
    request_id: str

    def accepted(self) -> bytes:
        """Return the response; no extension is ever agreed to, deflate bombs least of all."""
        accept = base64.b64encode(hashlib.sha1(self.key + _GUID).digest())
        return (
            b"HTTP/1.1 101 \r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-accept: %b\r\nx-request-id: %b\r\n\r\n"
        ) % (accept, self.request_id.encode())


class Upgraded(Exception):  # a turn of events, as Hypercorn's own
    """From here on the connection speaks WebSocket."""

    def __init__(self, handshake: Handshake, peer: Peer, received: bytes) -> None:
        super().__init__()
        self.handshake = handshake
        self.peer = peer
        self.received = received  #: what came behind the handshake


def wanted(request: h11.Request) -> bool:
    """Return whether a request would like to become a WebSocket."""
    return any(
        name == b"upgrade" and value.lower() == b"websocket" for name, value in request.headers
    )


def declined(request: h11.Request) -> h11.Request:
    """Return the request as if it had not asked, which a server may do (RFC 9110, 7.8)."""
    return h11.Request(
        method=request.method,
        target=request.target,
        headers=[each for each in request.headers.raw_items() if each[0].lower() != b"upgrade"],
        http_version=request.http_version,
    )


def read(request: h11.Request, *, scheme: str) -> Handshake | None:
    """Return the handshake in a request; None where it is none, or not to our place."""
    target = _TARGET.fullmatch(request.target)
    headers: dict[bytes, bytes] = {}
    for name, value in request.headers:
        if name in _BODY or (name in _ONCE and name in headers):
            return None
        headers[name] = headers[name] + b"," + value if name in headers else value
    key = headers.get(b"sec-websocket-key", b"")
    if (
        target is None
        or (request.method, request.http_version) != (b"GET", b"1.1")
        or b"upgrade" not in _tokens(headers.get(b"connection", b""))
        or headers.get(b"sec-websocket-version") != sockets.VERSION.encode()
        or not _sixteen_bytes(key)
    ):
        return None
    query = {name: each[0] for name, each in parse_qs((target[2] or b"").decode()).items()}
    asked = _asked(target[1].decode(), headers, query, scheme)
    given = headers.get(b"x-request-id")
    return Handshake(
        asked, key, endpoints.request_id(None if given is None else given.decode("latin-1"))
    )


def admitted(engine: Engine, handshake: Handshake) -> bool:
    """Return whether it may become a socket; who is refused here is told why by the route."""
    try:
        sockets.admit(engine, handshake.asked)
    except Refused:
        return False
    return True


def _tokens(value: bytes) -> set[bytes]:
    return {token.strip().lower() for token in value.split(b",")}


def _sixteen_bytes(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def _asked(
    hunt: str, headers: dict[bytes, bytes], query: dict[str, str], scheme: str
) -> endpoints.Asked:
    def header(name: bytes) -> str | None:
        value = headers.get(name)
        return None if value is None else value.decode("latin-1")

    cookie = header(b"cookie")
    said = [header(name) for name in (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto")]
    return endpoints.Asked(
        hunt=hunt,
        host=get_host(scheme, header(b"host")),
        authorization=header(b"authorization"),
        cookie=cookie and parse_cookie(cookie).get(auth.COOKIE),
        origin=header(b"origin"),
        ticket=query.get("ticket"),
        scope=query.get("scope"),
        last_event_id=header(b"last-event-id")
        or query.get("last_event_id")
        or query.get("lastEventId"),
        forwarded=Forwarded(*said) if any(each is not None for each in said) else None,
    )
