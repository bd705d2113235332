"""A play request, built from headers and a query, the same for every transport."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from email.message import Message
from urllib.parse import parse_qsl

from msgspec import Struct

from hunt.core import trace_context
from hunt.core.forwarding import Forwarded
from hunt.core.trace_context import TraceContext
from hunt.errors import InvalidRequest

#: The cookie that holds a player's token.
COOKIE = "hunt_player"

#: Headers that `build` reads; a transport may leave out all others.
READ = frozenset(
    {
        "accept-encoding",
        "accept-language",
        "authorization",
        "content-encoding",
        "content-type",
        "cookie",
        "forwarded",
        "host",
        "hunt-challenge",
        "if-none-match",
        "last-event-id",
        "origin",
        "sec-fetch-site",
        "traceparent",
        "tracestate",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-request-id",
    }
)

#: Separators of headers whose repetitions are joined; all other headers count once, the first.
_JOINED = {
    "accept-encoding": ",",
    "accept-language": ",",
    "cookie": ";",
    "if-none-match": ",",
    "forwarded": ",",
    "x-forwarded-for": ",",
    "x-forwarded-proto": ",",
    "traceparent": ",",
    "tracestate": ",",
}

#: The default port of each scheme.
_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}

#: More digits are out of every range; `int` raises an error for very many.
_NUMBER = re.compile(r"[0-9]{1,20}")

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class CachedIdentity(Struct, frozen=True, gc=False):
    """Cached authentication result of one request head."""

    player: str
    until: float  #: when the token expires, in seconds since the epoch
    generation: int  #: of the keys that verified the token
    allowed: bool  #: the token permits the requested hunt
    unsupported: str | None  #: why the body cannot be read; None: it can


class Request(Struct, kw_only=True):
    """The parts of a request that decide its answer; None if absent."""

    hunt: str  #: id in the path
    host: str  #: of the server, without the default port
    encrypted: bool = False  #: whether the connection uses TLS
    query: str = ""  #: of the target, without the question mark
    authorization: str | None = None
    cookie: str | None = None  #: value of the cookie `COOKIE`
    origin: str | None = None
    fetch_site: str | None = None  #: ``Sec-Fetch-Site``
    content_type: str | None = None
    content_encoding: str | None = None
    accept_encoding: str | None = None
    accept_language: str | None = None
    if_none_match: str | None = None
    ticket: str | None = None
    scope: str | None = None
    last_event_id: str | None = None
    forwarded: Forwarded | None = None  #: None if no forwarding header is present
    challenge: str | None = None  #: ``Hunt-Challenge``: the answer of a visitor
    id: str | None = None  #: the client's ``X-Request-Id``
    trace: TraceContext | None = None  #: None if ``traceparent`` is absent or not valid
    identity: CachedIdentity | None = None  #: of the last click with this head
    noted: object = None  #: `AddressPlayers.generation` in which its player was counted


def build(hunt: str, headers: Iterable[tuple[str, str]], query: str, *, scheme: str) -> Request:
    """Build a request.

    Args:
        hunt: Hunt id in the path.
        headers: Names in any case, and values, in the order in which they came.
        query: Query string of the target, without the question mark.
        scheme: Scheme of the connection; its default port is dropped from the host.
    """
    header = _collect(headers).get
    wanted = dict(reversed(parse_qsl(query, keep_blank_values=True))) if query else {}
    cookie = header("cookie")
    resume = header("last-event-id") or wanted.get("last_event_id") or wanted.get("lastEventId")
    hops = header("forwarded"), header("x-forwarded-for"), header("x-forwarded-proto")
    return Request(
        hunt=hunt,
        host=header("host", "").removesuffix(_PORTS.get(scheme, "")),
        encrypted=scheme in {"https", "wss"},
        query=query,
        authorization=header("authorization"),
        cookie=None if cookie is None else _cookie(cookie),
        origin=header("origin"),
        fetch_site=header("sec-fetch-site"),
        content_type=header("content-type"),
        content_encoding=header("content-encoding"),
        accept_encoding=header("accept-encoding"),
        accept_language=header("accept-language"),
        if_none_match=header("if-none-match"),
        ticket=wanted.get("ticket"),
        scope=wanted.get("scope"),
        last_event_id=resume,
        forwarded=None if hops == (None, None, None) else Forwarded(*hops),
        challenge=header("hunt-challenge"),
        id=header("x-request-id"),
        trace=trace(header("traceparent"), header("tracestate")),
    )


def whole_number(query: str, name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number of a query.

    Args:
        query: Query string of the target; of repeated parameters the first counts.
        name: Name of the parameter.
        default: Value of an absent parameter.
        least: Smallest valid number.
        most: Largest valid number.

    Raises:
        InvalidRequest: The parameter is not a whole number, or out of range.
    """
    text = dict(reversed(parse_qsl(query, keep_blank_values=True))).get(name) if query else None
    if text is None:
        return default
    return checked_number(text, name, least=least, most=most)


def checked_number(text: str, name: str, *, least: int, most: int) -> int:
    """Return the whole number in the text of a parameter; raises as `whole_number` does."""
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        wrong = f"must be a whole number, {least} to {most}"
        raise InvalidRequest("the query is not valid", errors={name: wrong})
    return int(text)


def trace(traceparent: str | None, tracestate: str | None) -> TraceContext | None:
    """Return the trace of a request by its headers; None without a valid one."""
    return None if traceparent is None else trace_context.parse(traceparent, tracestate)


def _collect(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each header that `build` reads, by lower-case name."""
    found: dict[str, str] = {}
    for given, value in headers:
        name = given.lower()
        if name not in READ:
            continue
        if name not in found:
            found[name] = value
        elif name in _JOINED:
            found[name] += _JOINED[name] + value
    return found


def _cookie(header: str) -> str | None:
    """Return the player's cookie; if there are several, the first one."""
    for pair in header.split(";"):
        name, found, value = pair.partition("=")
        if found and name.strip() == COOKIE:
            return value.strip().strip('"')
    return None


def unsupported_body(content_type: str | None, content_encoding: str | None) -> str | None:
    """Return why a body cannot be read, by its headers; None: it can."""
    if content_encoding is not None and content_encoding.strip().lower() not in {"", "identity"}:
        return "the body has a Content-Encoding, which is not supported: send it without one"
    if content_type == "application/json" or _is_json(content_type):
        return None
    return "the body must be application/json"


def _is_json(content_type: str | None) -> bool:
    """Return whether a ``Content-Type`` is JSON, with any parameters."""
    message = Message()
    message["Content-Type"] = content_type or "none/none"
    return message.get_content_type() == "application/json"


class RequestIds:
    """Chooses request ids of 1 to 64 characters: unique, cheap, and without meaning."""

    def __init__(self) -> None:
        self._prefix = os.urandom(10).hex()
        # 12 decimal digits, which cost half as much to write as hexadecimal ones.
        self._numbers = itertools.count(10**11 + int.from_bytes(os.urandom(4), "big"))

    def choose(self, given: str | None) -> str:
        """Return the client's id if it is valid, else a new one of 32 characters."""
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        return f"{self._prefix}{next(self._numbers)}"
