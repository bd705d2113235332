"""The JSON of the wire contract: what a click looks like, and its answers."""

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
    """Return the id, in its canonical form, and the place of a click.

    Args:
        body: JSON, as in ``{"id": "<uuid>", "x": 12.5, "y": 3.0}``.
        width: Map units; ``x`` may be 0 to this.
        height: Map units; ``y`` may be 0 to this.

    Raises:
        InvalidRequest: With what is wrong of each field.
    """
    try:
        click = _click(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # to be told in full
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
    place = {}
    for name, most in (("x", width), ("y", height)):
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            errors[name] = "must be a number"
        elif not 0 <= value <= most:
            errors[name] = f"must be 0 to {most:g}, inside the map"
        else:
            place[name] = float(value)
    if errors:
        raise InvalidRequest("the click is not valid", errors=errors)
    return str(click_id), place["x"], place["y"]


def _outcome(reward: Reward) -> str:
    # Put together by hand, at a third of the cost of an encoder: id and time are
    # ours, and hold nothing that JSON would have to escape.
    return f',"prize":{_quoted(reward.prize)},"points":{reward.points},"at":"{reward.at}"'


@lru_cache(4096)
def _quoted(text: str | None) -> str:
    return encode(text).decode()


def place(reward: Reward) -> str:
    """Return seq and position of a reward, which are different in each of a batch."""
    # An encoder writes a float at a fifth of the cost of `repr`.
    return f'{reward.seq},"x":{encode(reward.x).decode()},"y":{encode(reward.y).decode()}'


def reward_json(reward: Reward) -> bytes:
    """Return a reward as its player sees it."""
    return f'{{"id":"{reward.id}","seq":{place(reward)}{_outcome(reward)}}}'.encode()


def settlement_end(settlement: Settlement) -> str:
    """Return what follows `place` in the answer to a click.

    It is the same for all that won the same in one batch.
    """
    duplicate = "true" if settlement.duplicate else "false"
    return f'{_outcome(settlement.reward)},"duplicate":{duplicate}}}'


def settlement_json(settlement: Settlement) -> bytes:
    """Return the answer to a click."""
    reward = settlement.reward
    return f'{{"id":"{reward.id}","seq":{place(reward)}{settlement_end(settlement)}'.encode()


def problem(uri: str, title: str, status: int, detail: str, **extra: object) -> bytes:
    """Return the body of an error (RFC 9457); extra members that are None are left out.

    Args:
        uri: Of the type of the problem.
        title: Of the type.
        status: Of HTTP.
        detail: What is wrong in this case, in a sentence.
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
