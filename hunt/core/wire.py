"""The JSON of clicks, rewards and problems, as it goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from hunt.core.events import Reward, Settlement
from hunt.errors import InvalidRequest

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)

encode = msgspec.json.encode

_body = msgspec.json.Decoder(dict[str, object]).decode


class _Click(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    x: float
    y: float


_click = msgspec.json.Decoder(_Click).decode


def decode_click(body: bytes, width: float, height: float) -> tuple[str, float, float]:
    """Return the id of a click, in its canonical form, and its position.

    Args:
        body: A JSON object like ``{"id": "<uuid>", "x": 12.5, "y": 3.0}``.
        width: Width of the map, in map units: the largest ``x``.
        height: Height of the map, in map units: the largest ``y``.

    Raises:
        InvalidRequest: The body is not a click; names each field that is wrong.
    """
    try:
        click = _click(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # the slow path below names what is wrong
    else:
        id_ = click.id.lower()
        if UUID.fullmatch(id_) and 0 <= click.x <= width and 0 <= click.y <= height:
            return id_, click.x, click.y
    try:
        fields = _body(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("the body is not a JSON object") from None
    errors = {
        name: "unknown: a click has id, x and y" for name in fields if name not in {"id", "x", "y"}
    }
    click_id = fields.get("id")
    if not isinstance(click_id, str) or not UUID.fullmatch(click_id := click_id.lower()):
        errors["id"] = "must be a UUID, as in 0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"
    position = {}
    for name, most in (("x", width), ("y", height)):
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            errors[name] = "must be a number"
        elif not 0 <= value <= most:
            errors[name] = f"must be 0 to {most:g}, inside the map"
        else:
            position[name] = float(value)
    if errors:
        raise InvalidRequest("the click is not valid", errors=errors)
    return str(click_id), position["x"], position["y"]


def _outcome(reward: Reward) -> str:
    # String formatting costs a third of an encoder.  Id and time need no escaping: the
    # server validated or made them.
    sold = "" if reward.sold_out is None else f',"sold_out":{_quoted(reward.sold_out)}'
    return f',"prize":{_quoted(reward.prize)},"points":{reward.points},"at":"{reward.at}"{sold}'


@lru_cache(4096)
def _quoted(text: str | None) -> str:
    return encode(text).decode()


def seq_and_position(reward: Reward) -> str:
    """Return the members of a reward that differ within a batch: seq and position."""
    # An encoder writes a float at a fifth of the cost of `repr`.
    return f'{reward.seq},"x":{encode(reward.x).decode()},"y":{encode(reward.y).decode()}'


def reward_json(reward: Reward) -> bytes:
    """Return a reward as the JSON for its player."""
    return f'{{"id":"{reward.id}","seq":{seq_and_position(reward)}{_outcome(reward)}}}'.encode()


def settlement_end(settlement: Settlement) -> str:
    """Return the rest of the answer to a click, after `seq_and_position`.

    Clicks of one batch with the same outcome share it.
    """
    duplicate = "true" if settlement.duplicate else "false"
    return f'{_outcome(settlement.reward)},"duplicate":{duplicate}}}'


def settlement_json(settlement: Settlement) -> bytes:
    """Return the answer to a settled click."""
    reward = settlement.reward
    begin = f'{{"id":"{reward.id}","seq":{seq_and_position(reward)}'
    return (begin + settlement_end(settlement)).encode()


def problem(uri: str, title: str, status: int, detail: str, **extra: object) -> bytes:
    """Return the body of an error (RFC 9457); extra members that are None are left out.

    Args:
        uri: URI of the problem type.
        title: Title of the problem type.
        status: HTTP status.
        detail: One sentence about this case.
        extra: Further members.
    """
    members: Mapping[str, object] = {
        "type": uri,
        "title": title,
        "status": status,
        "detail": detail,
        **{name: value for name, value in extra.items() if value is not None},
    }
    return encode(members)
