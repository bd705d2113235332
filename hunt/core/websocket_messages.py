"""The messages of a socket: one JSON object each, with one member that names its kind."""

from __future__ import annotations

import msgspec

from hunt.core.events import Reward, Settlement
from hunt.core.wire import encode, reward_json, settlement_json
from hunt.errors import InvalidRequest

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_number = msgspec.json.Decoder(int | float).decode
_id = msgspec.json.Decoder(dict[str, object]).decode

#: Characters of a click's id that are repeated to whoever sent it; more is none.
_ID_SIZE = 64


class Click(msgspec.Struct, frozen=True):
    """``{"click": …}``, not looked into yet."""

    body: bytes  #: the JSON of the click


class Ping(msgspec.Struct, frozen=True):
    """``{"ping": n}``."""

    number: bytes  #: as it was written


def decode(text: str) -> Click | Ping:
    """Return what a client says.

    Raises:
        ValueError: It is no JSON object.
        InvalidRequest: It is one, and says nothing that is known here.
    """
    try:
        members = _object(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("a message must be a JSON object") from None
    if len(members) != 1:
        raise InvalidRequest("a message has one member: click or ping")
    [(kind, value)] = members.items()
    if kind == "click":
        return Click(bytes(value))
    if kind != "ping":
        raise InvalidRequest("a message is a click or a ping")
    try:
        _number(value)
    except msgspec.DecodeError:
        raise InvalidRequest("a ping is a number") from None
    return Ping(bytes(value))


def click_id(body: bytes) -> str | None:
    """Return the id in a click, as it was written, or None where there is none to repeat."""
    try:
        found = _id(body).get("id")
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, str) and len(found) <= _ID_SIZE else None


def message(kind: str, data: bytes) -> str:
    """Return a message around the JSON of what it carries."""
    return f'{{"{kind}":{data.decode()}}}'


def hello(hunt: str, epoch: str, seq: int, resumed: bool) -> str:
    """Return how a socket begins: where the log stands."""
    data = encode({"hunt": hunt, "epoch": epoch, "seq": seq, "resumed": resumed})
    return message("hello", data)


def reward(reward: Reward) -> str:
    """Return a reward; its event id is ``<epoch of the hello>-<seq>``."""
    return message("reward", reward_json(reward))


def reset(reason: str) -> str:
    """Return what tells a client that it cannot resume, and must load its state anew."""
    return message("reset", encode({"reason": reason}))


def drain(retry_after: float) -> str:
    """Return what goes before the server ends a socket on purpose; with the seconds to wait."""
    return message("drain", encode({"retry_after": retry_after}))


def settled(settlement: Settlement) -> str:
    """Return the answer to a click that is in the log."""
    return message("settled", settlement_json(settlement))


def refused(id: str | None, status: int, detail: str, **members: object) -> str:  # ruff: ignore[builtin-argument-shadowing] - the word of the wire
    """Return the answer to what was not done; members that are None or empty are left out.

    Args:
        id: Of the click, as its client wrote it; None where it cannot be told.
        status: As of the same click by HTTP.
        detail: One sentence.
        members: As of `hunt.core.wire.problem`, and ``retry_after`` in seconds.
    """
    kept = {name: value for name, value in members.items() if value}
    return message("refused", encode({"id": id, "status": status, "detail": detail, **kept}))


def pong(number: bytes) -> str:
    """Return the answer to a ping."""
    return message("pong", number)
