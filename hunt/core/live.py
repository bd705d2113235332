"""Live events: the present state, stock and announcement of a hunt, for all of its streams."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import starmap

import msgspec

from hunt.core.campaign import hides_prizes
from hunt.core.hunts import Hunt

#: Names that have another meaning on a stream or on a socket.
RESERVED = frozenset(
    {"hello", "reset", "reward", "wins", "drain", "settled", "refused", "pong", "click", "ping"}
)

#: Events of transactions for streams with ``scope=all`` only.
_WATCHED = frozenset({"head"})

_KIND = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)


class LiveEvent(msgspec.Struct, frozen=True):
    """An event about what is now; a later one of the same key replaces it."""

    kind: str  #: name of the event, lower case
    data: bytes  #: its content, as JSON on one line
    key: str  #: of the value that it tells; unique within a hunt, or within a player's rewards
    watchers: bool = False  #: only for streams with ``scope=all``


class Told(msgspec.Struct, frozen=True):
    """A live event that a transaction has sent to the streams of a hunt."""

    hunt: str
    player: str | None  #: whose streams receive it; None: all streams of the hunt
    event: LiveEvent


class _Payload(msgspec.Struct):
    """The JSON of a notification; its names are short to save space."""

    h: str  # hunt
    k: str  # kind
    d: msgspec.Raw  # data
    p: str | None = None  # player
    i: str = ""  # distinguishes values of one kind


_decode = msgspec.json.Decoder(_Payload).decode
_encode = msgspec.json.encode


def parse(payload: str | bytes) -> Told:
    """Return the live event in the payload of a notification.

    Args:
        payload: JSON that the function `hunt_live` has made.

    Raises:
        ValueError: The payload is not a live event.
    """
    raw = _decode(payload)
    if not _KIND.fullmatch(raw.k) or raw.k in RESERVED:
        raise ValueError("not the name of a live event")
    data = bytes(raw.d)
    if b"\n" in data or b"\r" in data:
        raise ValueError("the content of a live event is on one line")
    event = LiveEvent(raw.k, data, f"{raw.k} {raw.i}", watchers=raw.k in _WATCHED)
    return Told(raw.h, raw.p, event)


def present(hunt: Hunt) -> dict[str, object]:
    """Return the content of each live event of a hunt, as it was read."""
    phase = hunt.phase(hunt.as_of)
    state = {
        "state": "over" if phase == "closed" else phase,
        "opens_at": _moment(hunt.definition.opens_at),
        "closes_at": _moment(hunt.definition.closes_at),
        "version": hunt.version,
    }
    found: dict[str, object] = {"state": state}
    if hunt.stock_left and not hides_prizes(hunt, hunt.as_of):
        found["stock"] = {"stock_left": dict(hunt.stock_left)}
    told = hunt.announcement
    if told is not None:
        found["announcement"] = {"number": told.number, "text": told.text, "at": _moment(told.at)}
    return found


def events(hunt: Hunt) -> list[LiveEvent]:
    """Return the live events with which a stream of a hunt begins."""
    found = present(hunt)
    if hunt.announcement is not None and hunt.announcement.text is None:
        del found["announcement"]  # it was withdrawn
    return list(starmap(_event, found.items()))


def changes(hunt: Hunt, known: Hunt) -> list[LiveEvent]:
    """Return the live events that tell the difference between two reads of a hunt."""
    before = present(known)
    return [
        _event(kind, content)
        for kind, content in present(hunt).items()
        if content != before.get(kind)
    ]


def _event(kind: str, content: object) -> LiveEvent:
    return LiveEvent(kind, _encode(content), f"{kind} ")


def _moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339, in UTC."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
