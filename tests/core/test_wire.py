from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from hunt.core import wire
from hunt.core.codes import Code
from hunt.core.events import Receipt, Reward, Settlement
from hunt.core.maps import Map
from hunt.errors import Inaccurate, InvalidRequest

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"
MAP = Map.sized(100, 50)
REWARD = Reward(4711, ID, "ada", "gold-coin", 100, "2026-11-01T18:00:00.000001Z", 12.5, 1e-7)


def test_click_id_is_lowered() -> None:
    body = b'{"id": "%s", "x": 12.5, "y": 3}' % ID.upper().encode()
    assert wire.decode_click(body, MAP) == (ID, 12.5, 3.0)


@pytest.mark.parametrize(("x", "y"), [("0", "0"), ("100", "50"), ("0.5", "0.5"), ("100.0", "0")])
def test_click_on_edge_of_map_is_accepted(x: str, y: str) -> None:
    body = f'{{"id": "{ID}", "x": {x}, "y": {y}}}'.encode()
    assert wire.decode_click(body, MAP) == (ID, float(x), float(y))
    wrong = body.replace(b'"id"', b'"odd"')
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(wrong, MAP)
    assert set(error.value.errors) == {"id", "odd"}, "the place is right"


@pytest.mark.parametrize(
    ("x", "y", "field"),
    [("100.1", "1", "x"), ("1", "50.1", "y"), ("-0.1", "1", "x"), ("1", "-0.1", "y")],
)
def test_click_outside_map_is_refused(x: str, y: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(f'{{"id": "{ID}", "x": {x}, "y": {y}}}'.encode(), MAP)
    assert set(error.value.errors) == {field}


BERLIN = Map(-13.5, -52.6, -13.3, -52.4, "degrees")


@pytest.mark.parametrize("accuracy", ["", ', "accuracy": 0', ', "accuracy": 5000'])
def test_click_in_any_range_is_accepted_with_any_accuracy(accuracy: str) -> None:
    body = f'{{"id": "{ID}", "x": -13.5, "y": -52.4{accuracy}}}'.encode()
    assert wire.decode_click(body, BERLIN) == (ID, -13.5, -52.4)
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(body, MAP)
    assert error.value.errors == {
        "x": "must be 0 to 100, inside the map", "y": "must be 0 to 50, inside the map",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["-1", "true", "null", '"9"', "1e999", "1e300", "1" + "0" * 400])
def test_accuracy_that_is_no_length_is_refused(number: str) -> None:
    body = f'{{"id": "{ID}", "x": 1, "y": 1, "accuracy": {number}}}'.encode()
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(body, MAP)
    assert set(error.value.errors) <= {"accuracy"}
    with pytest.raises(InvalidRequest):
        wire.decode_click(body, MAP, 50)


def test_accuracy_has_a_limit_where_the_hunt_sets_one() -> None:
    body = f'{{"id": "{ID}", "x": 1, "y": 1, "accuracy": 50}}'.encode()
    assert wire.decode_click(body, MAP, 50) == (ID, 1, 1)
    with pytest.raises(Inaccurate, match=r"accurate to 50 only: this hunt needs 49\.5 or less"):
        wire.decode_click(body, MAP, 49.5)
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(body.replace(b', "accuracy": 50', b""), MAP, 50)
    assert set(error.value.errors) == {"accuracy"}


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
        wire.decode_click(body.replace(b"ID", ID.encode()), MAP)
    assert fields is None or set(error.value.errors) == fields


def test_last_value_of_a_field_counts() -> None:
    fields = '"id": 7, "id": "ID", "x": null, "x": 1, "y": 2, "accuracy": -1, "accuracy": 5'
    body = f"{{{fields}}}".replace("ID", ID.upper()).encode()
    assert wire.decode_click(body, MAP, 5) == (ID, 1, 2)
    with pytest.raises(Inaccurate):
        wire.decode_click(body, MAP, 4)


def test_each_wrong_field_has_its_message() -> None:
    with pytest.raises(InvalidRequest, match=r"^the click is not valid$") as error:
        wire.decode_click(b'{"id":"x","x":true,"y":51,"z":1}', MAP, 50)
    assert error.value.errors == {
        "id": f"must be a UUID, as in {ID}",
        "x": "must be a number",
        "y": "must be 0 to 50, inside the map",
        "z": "unknown: a click has id, x, y and, if known, accuracy",
        "accuracy": "is missing: this hunt needs the radius of error of the position",
    }
    with pytest.raises(InvalidRequest) as error:
        wire.decode_click(f'{{"id":"{ID}","x":1,"y":1,"accuracy":-1}}'.encode(), MAP)
    assert error.value.errors == {"accuracy": "must be 0 to 1000000000"}
    with pytest.raises(InvalidRequest, match=r"^the body is not a JSON object$"):
        wire.decode_click(b"[]", MAP)


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


def test_answer_has_each_optional_member() -> None:
    more = {"sold_out": 'a "cup"', "state": "void", "test": True, "hint": 3, "code": "AB-12"}
    reward = replace(REWARD, **{**more, "code": Code("AB-12")})
    receipt = Receipt(4712, "0f" * 32)
    plain = json.loads(wire.reward_json(REWARD))
    assert json.loads(wire.reward_json(reward)) == plain | more
    assert json.loads(wire.settlement_json(Settlement(reward, False, receipt))) == {
        **plain, **more, "duplicate": False, "receipt": {"upto": 4712, "head": "0f" * 32},
    }  # fmt: skip


def test_problem_leaves_out_missing_members() -> None:
    assert json.loads(wire.problem("/x", "Conflict", 409, "no", opens_at=None, closes_at="z")) == {
        "type": "/x",
        "title": "Conflict",
        "status": 409,
        "detail": "no",
        "closes_at": "z",
    }
