"""A strict parser for the heads of requests of the fast lane.

A head that is unusual in any way goes to Hypercorn unmodified.  The parser can therefore be
strict without refusing a client.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, Literal

import httptools
from msgspec import Struct

from hunt.core.cache import Cache
from hunt.core.trace_context import TraceContext
from hunt.edge.framing import BARE_LF
from hunt.play import contract
from hunt.play.request import READ, Request, build
from hunt.play.resources import Resource, Resources

PREFIXES = (b"POST /v1/hunts/", b"GET /", b"HEAD /", b"POST /v1/session")

#: Maximum size of a head, in bytes; Hypercorn refuses longer ones.
MAX_HEAD = 8192

#: Maximum size of a cached head, in bytes.
MAX_CACHED = 2048

#: Bytes of all cached heads; the heads of one client's clicks are mostly identical.
CACHE_SIZE = 2 * 2**20

#: Bytes of all cached heads of resources.  Any client can add some, hence a cache of their own.
READS_CACHE_SIZE = 2**18

#: Bytes of a cached head, besides its texts.
_ENTRY = 1500

_LINE = re.compile(
    rb"(POST|GET) /v1/hunts/([a-z0-9-]{1,64})/(clicks|events)"
    rb"(?:\?([A-Za-z0-9_.=&-]*))? HTTP/1\.1\r\n"
)
_RESOURCE_LINE = re.compile(
    rb"(GET|HEAD|POST) (/[A-Za-z0-9/_.-]{0,200})(?:\?([A-Za-z0-9_.~=&%+-]*))? HTTP/1\.1\r\n"
)
_HOST = re.compile(rb"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,3}")

#: Header lines that allow no request smuggling: without bare line ends, folded lines, control
#: characters, or a space before the colon.
_LINES = re.compile(rb"(?:[A-Za-z0-9_-]+:[ -~]*\r\n)*\r\n")

#: Headers that change how a message is parsed, or how it must be handled.
_UNUSUAL = frozenset({
    b"content-encoding", b"expect", b"http2-settings", b"te", b"trailer", b"transfer-encoding",
    b"upgrade",
})  # fmt: skip

#: Headers that the play API reads.
_READ = frozenset(name.encode() for name in READ)

#: Headers that this module uses, which therefore must not be repeated.
_ONCE = _READ | {b"connection", b"content-length"}

#: Values of ``Sec-Fetch-Site`` in a request of the same origin.
_SAME = frozenset({b"same-origin", b"none"})


class _Unserved(Enum):
    """Reason why the fast lane cannot serve a request."""

    INCOMPLETE = "incomplete"
    OTHER = "other"


#: The request has not arrived completely.
INCOMPLETE: Final = _Unserved.INCOMPLETE

#: Hypercorn must handle the request.
OTHER: Final = _Unserved.OTHER


class ParsedHead(Struct):
    """The head of a request of the fast lane."""

    raw: bytes  #: bytes up to and including the empty line
    request: Request
    length: int | None  #: bytes of the body; None: an event stream
    method: str  #: of HTTP
    route: str  #: template of the path, as the access log names it
    cached: bool = False  #: in a `HeadCache`
    resource: Resource | None = None  #: decides the request; None: a click or a stream

    @property
    def trace(self) -> TraceContext | None:
        """See `hunt.play.access_log.Logged`."""
        return self.request.trace


class HeadCache:
    """Parses heads, and caches those of clicks and of resources by their bytes.

    Only short heads of clicks of authenticated players are cached, so that other clients
    cannot fill the cache.  The heads of resources have a small cache of their own.

    Args:
        scheme: Scheme of the connections; its default port is dropped from hosts.
        resources: The resources that are served without Hypercorn; None: there are none.
    """

    def __init__(
        self, scheme: Literal["http", "https"] = "http", resources: Resources | None = None
    ) -> None:
        self._scheme = scheme
        self._resources = resources
        # The strings of a request repeat the bytes of its head.
        self.cache: Cache[bytes, ParsedHead] = Cache(
            CACHE_SIZE, lambda head, _: _ENTRY + 2 * len(head)
        )
        self.reads: Cache[bytes, ParsedHead] = Cache(
            READS_CACHE_SIZE, lambda head, _: _ENTRY + 2 * len(head)
        )

    def next_request(
        self, buffer: bytes
    ) -> ParsedHead | Literal[_Unserved.INCOMPLETE, _Unserved.OTHER]:
        """Return the head of the first request in `buffer`, once its body has arrived, too.

        The body of a click follows the head.  If more input follows the request of an event
        stream, Hypercorn must handle it.

        Args:
            buffer: Bytes that were received and belong to no earlier request.
        """
        size = buffer.find(b"\r\n\r\n") + 4
        if size < 4:
            return INCOMPLETE if _may_be_fast(buffer) else OTHER
        head = self.find(buffer[:size])
        if head is None:
            return OTHER
        if head.length is None:
            return head if len(buffer) == size else OTHER
        return head if len(buffer) >= size + head.length else INCOMPLETE

    def find(self, raw: bytes) -> ParsedHead | None:
        """Return a head by its bytes, up to and including the empty line; None as in `parse`."""
        return (
            self.cache.get(raw) or self.reads.get(raw) or parse(raw, self._scheme, self._resources)
        )

    def keep_read(self, parsed: ParsedHead) -> None:
        """Cache the head of a resource if it is short and may come again."""
        request = parsed.request
        if request.id is None and request.trace is None and len(parsed.raw) <= MAX_CACHED:
            parsed.cached = True
            self.reads.put(parsed.raw, parsed)

    def keep(self, parsed: ParsedHead) -> None:
        """Cache a click's head if it is short and its player is authenticated.

        A head with a trace context is not cached, because the client's span differs in each
        request.
        """
        request = parsed.request
        if request.identity is not None and request.trace is None and len(parsed.raw) <= MAX_CACHED:
            parsed.cached = True
            self.cache.put(parsed.raw, parsed)


class _Message:
    """Collects the headers that httptools finds."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.usual = True

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _UNUSUAL or (name in _ONCE and name in self.headers):
            self.usual = False
        self.headers[name] = value


def parse(
    head: bytes, scheme: str = "http", resources: Resources | None = None
) -> ParsedHead | None:
    """Return the parsed head; None if Hypercorn must handle it.

    Args:
        head: All bytes up to and including the empty line.
        scheme: Scheme of the connection.
        resources: The resources that are served without Hypercorn.
    """
    if len(head) > MAX_HEAD:
        return None
    line = _LINE.match(head)
    if line is None:
        return None if resources is None else _parse_resource(head, scheme, resources)
    headers = _usual_headers(head, line.end())
    if headers is None or _is_cross_origin(headers):
        return None
    method, hunt, kind, query = line.groups()
    length = _length(method, kind, query, headers.get(b"content-length"))
    if length == -1:
        return None
    request = build(hunt.decode(), _pairs(headers), (query or b"").decode(), scheme=scheme)
    route = contract.EVENTS if length is None else contract.CLICKS
    return ParsedHead(head, request, length, method.decode(), route)


def _parse_resource(head: bytes, scheme: str, resources: Resources) -> ParsedHead | None:
    """Return the parsed head of a request for a resource; None if Hypercorn must handle it."""
    line = _RESOURCE_LINE.match(head)
    if line is None:
        return None
    method, path, query = line.groups()
    found = resources.find(method.decode(), path.decode())
    headers = None if found is None else _usual_headers(head, line.end())
    if found is None or headers is None:
        return None
    resource, hunt = found
    length = _resource_length(method, headers.get(b"content-length"))
    if length == -1:
        return None
    request = build(hunt, _pairs(headers), (query or b"").decode(), scheme=scheme)
    route = resource.route
    return ParsedHead(head, request, length, method.decode(), route, resource=resource)


def _usual_headers(head: bytes, start: int) -> dict[bytes, bytes] | None:
    """Return the headers of a head; None if one of them is unusual.

    Args:
        head: The head.
        start: Position after the request line.
    """
    if not _LINES.fullmatch(head, start):
        return None
    message = _Message()
    parser = httptools.HttpRequestParser(message)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    headers = message.headers
    if (
        not message.usual
        or not _HOST.fullmatch(headers.get(b"host", b""))
        or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
    ):
        return None
    return headers


def _pairs(headers: dict[bytes, bytes]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in headers.items() if name in _READ]


def _resource_length(method: bytes, given: bytes | None) -> int:
    """Return the bytes of the body of a request for a resource; -1: Hypercorn must handle it."""
    if given is None:
        return 0
    if method != b"POST" or not _LENGTH.fullmatch(given):
        return -1
    return int(given) if int(given) <= contract.MAX_BODY else -1


def _length(method: bytes, kind: bytes, query: bytes | None, given: bytes | None) -> int | None:
    """Return the bytes of a click's body; None for an event stream, -1 for neither."""
    if (method, kind) == (b"GET", b"events") and given is None:
        return None
    if (method, kind) == (b"POST", b"clicks") and query is None and given is not None:
        length = int(given) if _LENGTH.fullmatch(given) else contract.MAX_BODY + 1
        return length if length <= contract.MAX_BODY else -1
    return -1


def _is_cross_origin(headers: dict[bytes, bytes]) -> bool:
    """Return whether a page of another origin sent the request; Quart adds the CORS headers.

    A proxy may have changed the host; ``Sec-Fetch-Site`` is correct even then.
    """
    origin = headers.get(b"origin")
    if origin is None or headers.get(b"sec-fetch-site") in _SAME:
        return False
    return origin.partition(b"://")[2] != headers[b"host"]


def _may_be_fast(buffer: bytes) -> bool:
    """Return whether an incomplete head may become one for the fast lane.

    A head with a bare LF cannot, and its client may consider it complete.
    """
    return (
        len(buffer) <= MAX_HEAD
        and any(buffer.startswith(prefix[: len(buffer)]) for prefix in PREFIXES)
        and not BARE_LF.search(buffer)
    )
