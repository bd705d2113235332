"""The two hot requests, decided: the same functions whichever way a request came in.

Nothing here awaits, and nothing here knows Quart: the routes call these functions,
and so does the fast lane under them.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import Message

import trio
from msgspec import Struct

from hunt.core import wire
from hunt.core.events import Outcome
from hunt.core.forwarding import Forwarded
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer
from hunt.engine import Engine
from hunt.errors import (
    HuntNotFound,
    HuntNotOpen,
    InvalidRequest,
    NotAllowed,
    Refused,
    UnsupportedType,
)
from hunt.play import auth
from hunt.service.intake import not_open
from hunt.service.subscriber import Subscription

MAX_BODY = 4096

#: Seconds for a body to arrive.
BODY_TIMEOUT = 5

#: What every response carries, unless it says otherwise.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

#: What every event stream carries: no proxy may keep or gather it.
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_SCOPES = ("own", "all")


class Asked(Struct, frozen=True, kw_only=True):
    """What a hot request says of itself; None where it does not."""

    hunt: str
    host: str
    authorization: str | None = None
    cookie: str | None = None  #: of the player, by name
    origin: str | None = None
    fetch_site: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    ticket: str | None = None
    scope: str | None = None
    last_event_id: str | None = None
    forwarded: Forwarded | None = None  #: None where there is no such header at all


_process = os.urandom(10).hex()
_numbers = itertools.count(int.from_bytes(os.urandom(4), "big"))


def request_id(given: str | None) -> str:
    """Return the client's id of a request, where it is one; else a new one of 32 characters."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return f"{_process}{next(_numbers):012x}"


def identify(engine: Engine, asked: Asked, *, changes: bool) -> auth.Identity:
    """Return who asks.

    Args:
        engine: Whose tokens count.
        asked: What the request says.
        changes: The request changes something, so a cookie alone is not enough.

    Raises:
        NotAuthenticated: Nobody proved who they are.
        NotAllowed: Another site may have made the browser send this.
    """
    identity = auth.identify(
        engine.tokens,
        authorization=asked.authorization,
        cookie=asked.cookie,
        ticket=None if changes else asked.ticket,
    )
    if changes and identity.cookie:
        auth.check_origin(
            asked.origin,
            host=asked.host,
            fetch_site=asked.fetch_site,
            allowed=engine.settings.allowed_origins,
        )
    return identity


def hunt_of(engine: Engine, identity: auth.Identity | None, hunt_id: str) -> Hunt:
    """Return a hunt that is no draft, and that the player may take part in.

    Raises:
        HuntNotFound: There is none.
        NotAllowed: The token is for others.
    """
    hunt = engine.hunts.get(hunt_id)
    if hunt is None or hunt.state == "draft":
        raise HuntNotFound(f"there is no hunt {hunt_id!r}")
    if identity is not None:
        auth.check_hunt(identity, hunt_id)
    return hunt


def address(engine: Engine, peer: Peer, forwarded: Forwarded | None) -> str | None:
    """Return what the limits of an address go by; None where it is not known."""
    return engine.proxies.source(peer, forwarded).key if peer.trusted else peer.key


class Standing(Struct, frozen=True):
    """What a request says of who clicks: the same for every click with the same head."""

    asked: Asked
    player: str
    until: float  #: seconds since the epoch, when it has to be asked for again
    generation: int  #: of the keys that verified it
    allowed: bool  #: to take part in the hunt
    unsupported: str | None  #: why the body cannot be read; None: it can


def standing(engine: Engine, asked: Asked) -> Standing:
    """Return the standing of who clicks.

    Raises:
        NotAuthenticated: There is no valid token; counted already.
        NotAllowed: Another site may have made the browser send this; counted already.
    """
    began = trio.current_time()
    try:
        identity = identify(engine, asked, changes=True)
    except Refused as refusal:
        count_refused(engine, asked.hunt, refusal, began)
        raise
    return Standing(
        asked,
        player=identity.player,
        until=identity.until,
        generation=engine.tokens.generation,
        allowed=identity.hunts is None or asked.hunt in identity.hunts,
        unsupported=unsupported(asked.content_type, asked.content_encoding),
    )


def stands(standing: Standing, engine: Engine) -> bool:
    """Return whether a standing of some time ago is one still."""
    return standing.generation == engine.tokens.generation and time.time() < standing.until


def count_refused(engine: Engine, hunt_id: str, refusal: Refused, since: float) -> None:
    """Count a click that was refused before its hunt was looked up.

    Args:
        engine: Counts it.
        hunt_id: As the request names it; only a hunt that players can see becomes a label.
        refusal: Why.
        since: Trio's time at which the request came.
    """
    with suppress(HuntNotFound):
        hunt = hunt_of(engine, None, hunt_id)
        engine.metrics.refused(hunt.id, refusal, trio.current_time() - since)


def enter(engine: Engine, standing: Standing, now: float) -> Hunt:
    """Return the hunt that is clicked in.

    Args:
        engine: Knows the hunts.
        standing: Of who clicks.
        now: Trio's time at which the request came.

    Raises:
        HuntNotFound: There is none.
        NotAllowed: The token is for others; counted already.
    """
    hunt = hunt_of(engine, None, standing.asked.hunt)
    if not standing.allowed:
        refusal = NotAllowed(auth.OTHER_HUNT)
        engine.metrics.refused(hunt.id, refusal, trio.current_time() - now)
        raise refusal
    return hunt


def check_kind(engine: Engine, standing: Standing, now: float) -> None:
    """Refuse a click whose head says that its body cannot be read.

    Args:
        engine: Counts the refusal.
        standing: Of a request for a hunt that exists.
        now: Trio's time at which the request came.

    Raises:
        UnsupportedType: It cannot.
    """
    if standing.unsupported is not None:
        refusal = UnsupportedType(standing.unsupported)
        engine.metrics.refused(standing.asked.hunt, refusal, trio.current_time() - now)
        raise refusal


def click(
    engine: Engine,
    standing: Standing,
    peer: Peer,
    body: bytes,
    settled: Callable[[Outcome], None],
    now: float,
) -> None:
    """Put a click into its lane; `settled` gets its outcome, a refusal among them for `shown`.

    Args:
        engine: Who decides.
        standing: Of who clicks.
        peer: At the other end of the connection.
        body: Of the request.
        settled: Called once; must not block, nor raise.
        now: Trio's time.

    Raises:
        Refused: It was not taken; counted already.
    """
    hunt = enter(engine, standing, now)
    check_kind(engine, standing, now)
    key = None
    if engine.limits.address_clicks is not None:
        key = address(engine, peer, standing.asked.forwarded)
    take(engine, hunt, standing.player, key, body, settled, now)


def take(
    engine: Engine,
    hunt: Hunt,
    player: str,
    key: str | None,
    body: bytes,
    settled: Callable[[Outcome], None],
    now: float,
) -> None:
    """Put a click into its lane as `click` does, of a player who is known already.

    Args:
        engine: Whose lane.
        hunt: That the player may take part in.
        player: Who clicks.
        key: What `address` said of the connection.
        body: The click's JSON.
        settled: As of `click`.
        now: Trio's time.

    Raises:
        Refused: It was not taken; counted already.
    """
    try:
        if (limit := engine.limits.address_clicks) is not None:
            limit.address(key)
        definition = hunt.definition
        click_id, x, y = wire.decode_click(body, definition.width, definition.height)
        engine.intake.click(hunt.id, player, click_id, (x, y), settled, now)
    except Refused as refusal:
        engine.metrics.refused(hunt.id, refusal, trio.current_time() - now)
        raise


def shown(engine: Engine, hunt_id: str, refusal: Refused) -> Refused:
    """Return why a click was not settled, as its player is to see it."""
    hunt = engine.hunts.get(hunt_id)
    if isinstance(refusal, HuntNotOpen) and hunt is not None:
        return not_open(hunt)
    return refusal


def unsupported(content_type: str | None, content_encoding: str | None) -> str | None:
    """Return why a body of this kind cannot be read; None: it can."""
    if content_encoding is not None and content_encoding.strip().lower() not in {"", "identity"}:
        return "the body is encoded: send it as it is, without Content-Encoding"
    if content_type == "application/json" or is_json(content_type):
        return None
    return "the body must be application/json"


def is_json(content_type: str | None) -> bool:
    """Return whether a ``Content-Type`` is that of JSON, whatever its parameters."""
    message = Message()
    message["Content-Type"] = content_type or "none/none"
    return message.get_content_type() == "application/json"


def stream(engine: Engine, asked: Asked, peer: Peer) -> tuple[Hunt, Subscription]:
    """Return which hunt a stream follows, and what it is to receive.

    Raises:
        TooFast: Not now: an event stream says so by `sse.pause`, because a browser
            gives up for good at any status but 200.
        Refused: There is no such stream for the one who asks.
    """
    identity = identify(engine, asked, changes=False)
    hunt = hunt_of(engine, identity, asked.hunt)
    if asked.scope is not None and asked.scope not in _SCOPES:
        raise InvalidRequest("the query is not valid", errors={"scope": "must be all, or absent"})
    everybody = asked.scope == "all"
    key = address(engine, peer, asked.forwarded)
    kinds = [engine.limits.connects]
    if not everybody and asked.last_event_id is not None:
        kinds.append(engine.limits.resumes)
    for limit in kinds:
        limit.player(identity.player)
        limit.address(key)
    # Where no proxy names the client, the limit of connections counts.
    client = key if peer.trusted and key != peer.key else None
    return hunt, Subscription(hunt.id, identity, everybody, client)
