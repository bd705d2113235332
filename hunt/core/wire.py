"""The JSON of clicks, rewards and problems, as it goes over the wire."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

import msgspec

from hunt.core.events import Reward, Settlement
from hunt.core.maps import Map
from hunt.errors import Inaccurate, InvalidRequest

_HEX = "[0-9a-fA-F]"
UUID = re.compile(rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}", re.ASCII)

#: Largest ``accuracy``: that of a position anywhere on the earth is less.
_MOST = 1e9

encode = msgspec.json.encode

_body = msgspec.json.Decoder(dict[str, object]).decode


class _Click(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    x: float
    y: float
    accuracy: Annotated[float, msgspec.Meta(ge=0, le=_MOST)] = math.inf  # not given


_click = msgspec.json.Decoder(_Click).decode


def decode_click(
    body: bytes, on: Map, max_accuracy: float | None = None
) -> tuple[str, float, float]:
    """Return the id of a click, in its canonical form, and its position.

    Args:
        body: A JSON object like ``{"id": "<uuid>", "x": 12.5, "y": 3.0}``.
        on: The map, on which the position must be.
        max_accuracy: Largest ``accuracy``, which the click must then have; None: no limit.

    Raises:
        InvalidRequest: The body is not a click; names each field that is wrong.
        Inaccurate: The position is not accurate enough.
    """
    try:
        click = _click(body)
        valid = (
            UUID.fullmatch(click.id) is not None
            and on.contains(click.x, click.y)
            and (max_accuracy is None or click.accuracy < math.inf)
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        valid = False
    if not valid:
        click = _checked(body, on, needs_accuracy=max_accuracy is not None)
    if max_accuracy is not None and click.accuracy > max_accuracy:
        raise Inaccurate(click.accuracy, max_accuracy)
    return click.id.lower(), click.x, click.y


def _checked(body: bytes, on: Map, *, needs_accuracy: bool) -> _Click:
    """Raise an error that names each wrong field of a click.

    Returns:
        The click, if a field is given twice and only its first value is wrong: the last one counts.
    """
    try:
        fields = _body(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("the body is not a JSON object") from None
    if errors := _errors(fields, on, needs_accuracy=needs_accuracy):
        raise InvalidRequest("the click is not valid", errors=errors)
    return msgspec.convert(fields, _Click)


def _errors(fields: Mapping[str, object], on: Map, *, needs_accuracy: bool) -> dict[str, str]:
    """Return a sentence about each wrong field of a click."""
    errors = {
        name: "unknown: a click has id, x, y and, if known, accuracy"
        for name in fields
        if name not in {"id", "x", "y", "accuracy"}
    }
    click_id = fields.get("id")
    if not isinstance(click_id, str) or not UUID.fullmatch(click_id):
        errors["id"] = "must be a UUID, as in 0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"
    limits = {"x": (on.west, on.east), "y": (on.south, on.north)}
    if "accuracy" in fields:
        limits["accuracy"] = (0, _MOST)
    elif needs_accuracy:
        errors["accuracy"] = "is missing: this hunt needs the radius of error of the position"
    for name, (least, most) in limits.items():
        value = fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            errors[name] = "must be a number"
        elif not least <= value <= most:
            where = "" if name == "accuracy" else ", inside the map"
            errors[name] = f"must be {least:.15g} to {most:.15g}{where}"
    return errors


def _outcome(reward: Reward) -> str:
    # String formatting costs a third of an encoder.  Id and time need no escaping: the
    # server validated or made them.
    more = "" if reward.sold_out is None else f',"sold_out":{_quoted(reward.sold_out)}'
    if reward.state is not None:
        more += f',"state":"{reward.state}"'
    if reward.test:
        more += ',"test":true'
    return f',"prize":{_quoted(reward.prize)},"points":{reward.points},"at":"{reward.at}"{more}'


@lru_cache(4096)
def _quoted(text: str | None) -> str:
    return encode(text).decode()


def seq_and_position(reward: Reward) -> str:
    """Return the members of a reward that differ within a batch: seq, position, hint and code."""
    # An encoder writes a float at a fifth of the cost of `repr`.
    place = f'{reward.seq},"x":{encode(reward.x).decode()},"y":{encode(reward.y).decode()}'
    if reward.hint is not None:
        place += f',"hint":{reward.hint}'
    if reward.code is None:
        return place
    return f'{place},"code":{encode(reward.code.text).decode()}'


def reward_json(reward: Reward) -> bytes:
    """Return a reward as the JSON for its player."""
    return f'{{"id":"{reward.id}","seq":{seq_and_position(reward)}{_outcome(reward)}}}'.encode()


def settlement_end(settlement: Settlement) -> str:
    """Return the rest of the answer to a click, after `seq_and_position`.

    Clicks of one batch with the same outcome share it.
    """
    duplicate = "true" if settlement.duplicate else "false"
    receipt = settlement.receipt
    proof = ""
    if receipt is not None:
        proof = f',"receipt":{{"upto":{receipt.upto},"head":"{receipt.head}"}}'
    return f'{_outcome(settlement.reward)},"duplicate":{duplicate}{proof}}}'


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
