"""A hot request, where it is exactly plain: one that the fast lane may answer itself.

What is odd in any way is no business of ours: it goes to Hypercorn, untouched. So
this may be strict without refusing anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import httptools
from msgspec import Struct
from werkzeug.http import parse_cookie
from werkzeug.sansio.utils import get_host

from hunt.core.cache import Cache
from hunt.core.forwarding import Forwarded
from hunt.edge.framing import BARE_LF
from hunt.engine import Engine
from hunt.play import auth, endpoints

PREFIXES = (b"POST /v1/hunts/", b"GET /v1/hunts/")

#: Bytes of a head, at most; a longer one is Hypercorn's to refuse.
MAX_HEAD = 8192

#: Bytes of a head that may be remembered, at most.
MAX_REMEMBERED = 2048

#: Bytes of all remembered requests; of a client's requests the heads are mostly the same.
REMEMBERED = 2 * 2**20

#: Bytes of a remembered request, beside its texts.
_ENTRY = 1500

_LINE = re.compile(
    rb"(POST|GET) /v1/hunts/([a-z0-9-]{1,64})/(clicks|events)"
    rb"(?:\?([A-Za-z0-9_.=&-]*))? HTTP/1\.1\r\n"
)
_HOST = re.compile(rb"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,3}")

#: Nothing that request smuggling lives from: no line ends that are none, no folded
#: lines, no characters that are no text, no space before a colon.
_LINES = re.compile(rb"(?:[A-Za-z0-9_-]+:[ -~]*\r\n)*\r\n")

#: Headers that change how a message is read, or what is to be done with it.
_ODD_HEADERS = frozenset(
    {
        b"content-encoding",
        b"expect",
        b"http2-settings",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

#: Headers that decide something here, and so may stand once only.
_ONCE = frozenset(
    {
        b"host",
        b"authorization",
        b"connection",
        b"content-length",
        b"content-type",
        b"cookie",
        b"forwarded",
        b"last-event-id",
        b"origin",
        b"sec-fetch-site",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-request-id",
    }
)


#: What browsers say of a request that is no other origin's.
_SAME = frozenset({b"same-origin", b"none"})


class Request(Struct):
    """One plain hot request, without its body."""

    head: bytes  #: up to and with the empty line
    asked: endpoints.Asked
    length: int | None  #: bytes of a click's body; None is an event stream
    id: str | None  #: as the client named it
    standing: endpoints.Standing | None = None  #: as it was asked for last
    remembered: bool = False  #: by a `Heads`

    @property
    def kind(self) -> Literal["clicks", "events"]:
        """What it asks for, as the path says."""
        return "events" if self.length is None else "clicks"

    def standing_now(self, engine: Engine, heads: Heads) -> endpoints.Standing:
        """Return the standing of the player, which is asked for once and then remembered.

        Args:
            engine: Whose tokens count.
            heads: Remembers this request, once the player is known.

        Raises:
            Refused: As of `endpoints.standing`.
        """
        standing = self.standing
        if standing is None or not endpoints.stands(standing, engine):
            self.standing = None
            standing = self.standing = endpoints.standing(engine, self.asked)
            heads.remember(self)
        return standing


class Heads:
    """Reads heads, and remembers those of clicks: the same bytes mean the same.

    Only the heads of authenticated players are remembered, and only short ones, so that
    nobody else can take memory.

    Args:
        scheme: By which the connection was made; it says which port goes without saying.
    """

    def __init__(self, scheme: Literal["http", "https"] = "http") -> None:
        self._scheme = scheme
        # The head is there once more in the strings that were made of it.
        self.known: Cache[bytes, Request] = Cache(
            REMEMBERED, lambda head, _: _ENTRY + 2 * len(head)
        )

    def read(self, head: bytes) -> Request | None:
        """Return the request, None where it is not exactly plain.

        Args:
            head: Up to and with the empty line.
        """
        request = self.known.get(head)
        return parse(head, self._scheme) if request is None else request

    def remember(self, request: Request) -> None:
        """Remember a request whose player is known."""
        if len(request.head) <= MAX_REMEMBERED:
            request.remembered = True
            self.known.put(request.head, request)


class _Message:
    """What httptools tells of a head."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.plain = True

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _ODD_HEADERS or (name in _ONCE and name in self.headers):
            self.plain = False
        self.headers[name] = value


def parse(head: bytes, scheme: str = "http") -> Request | None:
    """Return the request of a head, None where it is not exactly plain."""
    line = _LINE.match(head)
    if line is None or len(head) > MAX_HEAD or not _LINES.fullmatch(head, line.end()):
        return None
    message = _Message()
    parser = httptools.HttpRequestParser(message)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    headers = message.headers
    if (
        not message.plain
        or not _HOST.fullmatch(headers.get(b"host", b""))
        or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
        or _from_elsewhere(headers)
    ):
        return None
    method, hunt, kind, query = line.groups()
    length = headers.get(b"content-length")
    if (method, kind) == (b"POST", b"clicks"):
        if query is not None or length is None or not _LENGTH.fullmatch(length):
            return None
        size = int(length)
        return (
            None if size > endpoints.MAX_BODY else _request(head, scheme, hunt, headers, {}, size)
        )
    if (method, kind) == (b"GET", b"events") and length is None:
        return _request(head, scheme, hunt, headers, _pairs(query), None)
    return None


def _from_elsewhere(headers: dict[bytes, bytes]) -> bool:
    """Return whether the page that asks is of another origin: Quart says whether it may read.

    A proxy may have changed the host; then a browser knows better, and says so.
    """
    origin = headers.get(b"origin")
    if origin is None or headers.get(b"sec-fetch-site") in _SAME:
        return False
    return origin.partition(b"://")[2] != headers[b"host"]


def may_be_hot(buffer: bytes) -> bool:
    """Return whether a head that is not complete may become a hot one.

    One with a bare LF cannot, and its client may take it for complete.
    """
    return (
        len(buffer) <= MAX_HEAD
        and any(buffer.startswith(prefix[: len(buffer)]) for prefix in PREFIXES)
        and not BARE_LF.search(buffer)
    )


def _pairs(query: bytes | None) -> dict[str, str]:
    """Return the first value of each name."""
    found: dict[str, str] = {}
    for pair in (query or b"").decode().split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(name, value)
    return found


def _request(
    head: bytes,
    scheme: str,
    hunt: bytes,
    headers: dict[bytes, bytes],
    query: dict[str, str],
    length: int | None,
) -> Request:
    def header(name: bytes) -> str | None:
        value = headers.get(name)
        return None if value is None else value.decode()

    cookie = header(b"cookie")
    asked = endpoints.Asked(
        hunt=hunt.decode(),
        host=get_host(scheme, headers[b"host"].decode()),
        authorization=header(b"authorization"),
        cookie=cookie and parse_cookie(cookie).get(auth.COOKIE),
        origin=header(b"origin"),
        fetch_site=header(b"sec-fetch-site"),
        content_type=header(b"content-type"),
        ticket=query.get("ticket"),
        scope=query.get("scope"),
        last_event_id=header(b"last-event-id")
        or query.get("last_event_id")
        or query.get("lastEventId"),
        forwarded=_forwarded(header),
    )
    return Request(head, asked, length, header(b"x-request-id"))


def _forwarded(header: Callable[[bytes], str | None]) -> Forwarded | None:
    said = [header(name) for name in (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto")]
    return Forwarded(*said) if any(each is not None for each in said) else None
