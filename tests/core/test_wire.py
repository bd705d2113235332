from __future__ import annotations

import json

import pytest

from hunt.core import wire
from hunt.core.events import Reward, Settlement
from hunt.errors import InvalidRequest

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"
REWARD = Reward(4711, ID, "ada", "gold-coin", 100, "2026-11-01T18:00:00.000001Z", 12.5, 1e-7)


def test_click_id_is_lowered() -> None:
    body = b'{"id": "%s", "x": 12.5, "y": 3}' % ID.upper().encode()
    assert wire.decode_click(body, 100, 50) == (ID, 12.5, 3.0)


@pytest.mark.parametrize(("x", "y"), [("0", "0"), ("100", "50"), ("0.5", "0.5"), ("100.0", "0")])
def test_click_on_edge_of_map_is_accepted(x: str, y: str) -> None:
    body = f'{{"id": "{ID}", "x": {x}, "y": {y}}}'.encode()
    assert wire.decode_click(body, 100, 50) == (ID, float(x), float(y))
    wrong = body.replace(b'"id"', b'"odd"')
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(wrong, 100, 50)
    assert set(error.value.errors) == {"id", "odd"}, "the place is right"


@pytest.mark.parametrize(
    ("x", "y", "field"),
    [("100.1", "1", "x"), ("1", "50.1", "y"), ("-0.1", "1", "x"), ("1", "-0.1", "y")],
)
def test_click_outside_map_is_refused(x: str, y: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(f'{{"id": "{ID}", "x": {x}, "y": {y}}}'.encode(), 100, 50)
    assert set(error.value.errors) == {field}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param(b"", set(), id="nothing"),
        pytest.param(b"[1]", set(), id="no object"),
        pytest.param(b'"\xff"', set(), id="no UTF-8"),
        pytest.param(b"{}", {"id", "x", "y"}, id="empty"),
        pytest.param(b'{"id":"x","x":1,"y":1}', {"id"}, id="no UUID"),
        pytest.param(b'{"id":7,"x":1,"y":1}', {"id"}, id="number as id"),
        pytest.param(b'{"id":"ID","x":true,"y":null}', {"x", "y"}, id="no numbers"),
        pytest.param(b'{"id":"ID","x":-1,"y":51}', {"x", "y"}, id="outside"),
        pytest.param(b'{"id":"ID","x":1e999,"y":1}', None, id="not finite"),
        pytest.param(b'{"id":"ID","x":NaN,"y":1}', set(), id="NaN"),
        pytest.param(b'{"id":"ID","x":1,"y":1,"z":1}', {"z"}, id="unknown field"),
    ],
)
def test_invalid_click_names_wrong_fields(body: bytes, fields: set[str] | None) -> None:
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(body.replace(b"ID", ID.encode()), 100, 50)
    assert fields is None or set(error.value.errors) == fields


def test_answer_to_click_has_documented_json() -> None:
    assert json.loads(wire.settlement_json(Settlement(REWARD, duplicate=True))) == {
        "id": ID,
        "seq": 4711,
        "x": 12.5,
        "y": 1e-7,
        "prize": "gold-coin",
        "points": 100,
        "at": "2026-11-01T18:00:00.000001Z",
        "duplicate": True,
    }
    assert wire.settlement_json(Settlement(REWARD, duplicate=False)).endswith(b"false}")


def test_problem_leaves_out_missing_members() -> None:
    assert json.loads(wire.problem("/x", "Conflict", 409, "no", opens_at=None, closes_at="z")) == {
        "type": "/x",
        "title": "Conflict",
        "status": 409,
        "detail": "no",
        "closes_at": "z",
    }
