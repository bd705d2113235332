from __future__ import annotations

import json
import re

import pytest

from hunt.core import notice, wire
from hunt.core.events import Click, Notice, Reward, Settlement
from hunt.core.player_ids import mask, valid_player
from hunt.errors import InvalidRequest
from hunt.play import auth

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


@pytest.mark.parametrize(
    ("player", "valid"),
    [
        ("ada", True),
        ("A.b:c_d-9", True),
        ("", False),
        ("a b", False),
        ("ada\n", False),
        ("a" * 64, True),
        ("a" * 65, False),
        ("é", False),
    ],
)
def test_player_id_is_validated(player: str, valid: bool) -> None:
    assert valid_player(player) is valid


@pytest.mark.parametrize(
    ("player", "name"),
    [
        ("lighthouse", "li…e"),
        ("sailor", "sa…r"),
        ("alice", "a…"),
        ("ada", "a…"),
        ("a", "a…"),
        ("guest-1f", "gu…f"),
        ("guest-8f3a91c2d4e5f607", "guest 8f3a91"),
    ],
)
def test_player_id_is_masked(player: str, name: str) -> None:
    assert mask(player) == name


def test_masked_guests_differ() -> None:
    names = {mask(auth.guest()) for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"guest [0-9a-f]{6}", name) for name in names)


def test_notice_with_rewards_is_parsed() -> None:
    row = f'[0,"{ID}","ada","gold-coin",100,12.5,1e-7]'
    payload = f'{{"h":"harbour","f":4711,"l":4711,"at":"{REWARD.at}","o":[{row}]}}'
    assert notice.parse(payload) == Notice("harbour", 4711, 4711, (REWARD,))


def test_notice_numbers_rows_from_first_seq() -> None:
    clicks = [Click(ID, "ada", 1.0, 0.1 + 0.2, "gold-coin", 100), Click(ID, "bob", 1, 2, None, 0)]
    rows = notice.events(clicks)
    payload = f'{{"h":"harbour","f":7,"l":8,"by":"me","at":"{REWARD.at}","o":[{rows}]}}'
    told = (
        Reward(7, ID, "ada", "gold-coin", 100, REWARD.at, 1.0, 0.1 + 0.2),
        Reward(8, ID, "bob", None, 0, REWARD.at, 1.0, 2.0),
    )
    assert notice.parse(payload, own="other") == Notice("harbour", 7, 8, told)
    assert notice.parse(payload, own="me") == Notice("harbour", 7, 8, None)


def test_notice_is_bounded() -> None:
    click = Click(ID, "a" * 64, 1, 2, None, 0)
    assert notice.events([click] * notice.MOST) is not None
    assert notice.events([click] * (notice.MOST + 1)) is None


def test_unknown_rows_fall_back_to_table() -> None:
    row = f'[0,"{ID}","ada","gold-coin",100]'
    payload = f'{{"h":"harbour","f":4711,"l":4711,"at":"{REWARD.at}","o":[{row}]}}'
    assert notice.parse(payload) == Notice("harbour", 4711, 4711, None)


def test_full_notice_fits_into_payload() -> None:
    """hunt_commit leaves out rows of 7,700 bytes or more."""
    coordinate = 77.993243660399668
    click = Click(ID, auth.guest(), coordinate, coordinate, "gold-coin", 100)
    rows = notice.events([click] * notice.MOST)
    assert rows is not None
    assert len(rows) < 7700


def test_notice_without_rewards_is_parsed() -> None:
    assert notice.parse('{"h":"harbour","f":1,"l":9}') == Notice("harbour", 1, 9, None)


def test_malformed_notice_is_refused() -> None:
    with pytest.raises(ValueError, match="h"):
        notice.parse("{}")
