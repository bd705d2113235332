"""WebSocket messages: each is a JSON object with one member, which names its kind."""

from __future__ import annotations

import msgspec

from hunt.core.events import Reward, Settlement
from hunt.core.wire import encode, reward_json, settlement_json
from hunt.errors import InvalidRequest

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_number = msgspec.json.Decoder(int | float).decode
_id = msgspec.json.Decoder(dict[str, object]).decode

#: Characters of the longest click id that a refusal repeats.
_ID_SIZE = 64


class Click(msgspec.Struct, frozen=True):
    """``{"click": …}``, with its content not decoded yet."""

    body: bytes  #: the JSON of the click


class Ping(msgspec.Struct, frozen=True):
    """``{"ping": n}``."""

    number: bytes  #: as it was written


def decode(text: str) -> Click | Ping:
    """Decode a message from a client.

    Raises:
        ValueError: The text is not a JSON object.
        InvalidRequest: The object is neither a click nor a ping.
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
    """Return the id in a click as it was written, or None if a refusal cannot repeat it."""
    try:
        found = _id(body).get("id")
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, str) and len(found) <= _ID_SIZE else None


def message(kind: str, data: bytes) -> str:
    """Return a message of a kind, with its content as JSON."""
    return f'{{"{kind}":{data.decode()}}}'


def hello(hunt: str, epoch: str, seq: int, resumed: bool) -> str:
    """Return the first message: the position in the log at which the subscription begins."""
    data = encode({"hunt": hunt, "epoch": epoch, "seq": seq, "resumed": resumed})
    return message("hello", data)


def reward(reward: Reward) -> str:
    """Return a reward; its event id consists of the epoch in the hello and its seq."""
    return message("reward", reward_json(reward))


def reset(reason: str) -> str:
    """Return the message that tells a client to reload its state, because it cannot resume."""
    return message("reset", encode({"reason": reason}))


def drain(retry_after: float) -> str:
    """Return the message that announces a graceful shutdown.

    Args:
        retry_after: Seconds after which the client should reconnect.
    """
    return message("drain", encode({"retry_after": retry_after}))


def settled(settlement: Settlement) -> str:
    """Return the answer to a click that is in the log."""
    return message("settled", settlement_json(settlement))


def refused(id: str | None, status: int, detail: str, **members: object) -> str:  # ruff: ignore[builtin-argument-shadowing] - the word of the wire
    """Return the answer to a refused click; members that are None or empty are left out.

    Args:
        id: Id of the click as its client wrote it; None if it is not readable.
        status: HTTP status of the same refusal.
        detail: One sentence about this case.
        members: Further members, as in `hunt.core.wire.problem`; ``retry_after`` is in seconds.
    """
    kept = {name: value for name, value in members.items() if value}
    return message("refused", encode({"id": id, "status": status, "detail": detail, **kept}))


def pong(number: bytes) -> str:
    """Return the answer to a ping."""
    return message("pong", number)
