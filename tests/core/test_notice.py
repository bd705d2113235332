from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from hunt.core import notice
from hunt.core.codes import Code
from hunt.core.events import Click, Notice, Reward
from hunt.play import auth

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


REWARD = Reward(4711, ID, "ada", "gold-coin", 100, "2026-11-01T18:00:00.000001Z", 12.5, 1e-7)


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
    assert notice.parse(payload, own=("other",)) == Notice("harbour", 7, 8, told)
    assert notice.parse(payload, own=("me",)) == Notice("harbour", 7, 8, None)


def test_notice_says_which_rows_won_nothing() -> None:
    clicks = [Click(ID, player, 1, 2, "coin", 5) for player in ("ada", "bob", "cy")]
    rows = notice.events(clicks)
    payload = f'{{"h":"harbour","f":7,"l":9,"at":"{REWARD.at}","d":[1,3],"s":[3],"p":[{rows}]}}'
    told = (
        Reward(7, ID, "ada", None, 0, REWARD.at, 1.0, 2.0),
        Reward(8, ID, "bob", "coin", 5, REWARD.at, 1.0, 2.0),
        Reward(9, ID, "cy", None, 0, REWARD.at, 1.0, 2.0, "coin"),
    )
    assert notice.parse(payload) == Notice("harbour", 7, 9, told)


def test_notice_says_which_rows_got_another_prize() -> None:
    clicks = [Click(ID, player, 1, 2, "coin", 5) for player in ("ada", "bob", "cy")]
    rows = notice.events(clicks)
    payload = (
        f'{{"h":"harbour","f":7,"l":9,"at":"{REWARD.at}","g":[[2,"chest",9]],'
        f'"d":[3],"s":[3],"w":[{rows}]}}'
    )
    told = (
        Reward(7, ID, "ada", "coin", 5, REWARD.at, 1.0, 2.0),
        Reward(8, ID, "bob", "chest", 9, REWARD.at, 1.0, 2.0),
        Reward(9, ID, "cy", None, 0, REWARD.at, 1.0, 2.0, "coin"),
    )
    assert notice.parse(payload) == Notice("harbour", 7, 9, told)


def test_encoded_rewards_are_parsed_again() -> None:
    lost = Reward(8, ID, "bob", None, 0, REWARD.at, 1.0, 2.0, "coin")
    missed = Reward(9, ID, "cy", None, 0, REWARD.at, 1.0, 2.0)
    for rewards in ((REWARD,), (replace(REWARD, seq=7), lost, missed)):
        [payload] = notice.encode("harbour", rewards, by="me")
        told = Notice("harbour", rewards[0].seq, rewards[-1].seq, rewards)
        assert notice.parse(payload, own=("other",)) == told


def test_encoded_notice_has_documented_json() -> None:
    row = [0, ID, "ada", "gold-coin", 100, 12.5, 1e-7]
    head = {"h": "harbour", "f": 4711, "l": 4711, "by": "me", "at": REWARD.at}
    [payload] = notice.encode("harbour", [REWARD], by="me")
    assert json.loads(payload) == head | {"o": [row]}
    lost = replace(REWARD, prize=None, points=0, sold_out="gold-coin")
    [payload] = notice.encode("harbour", [lost], by="me")
    assert json.loads(payload) == head | {"d": [1], "s": [1], "p": [[*row[:4], 0, *row[5:]]]}
    assert notice.parse(payload, own=("me",)).rewards is None


def test_each_time_of_settlement_has_its_notice() -> None:
    later = "2026-11-01T18:00:01.000001Z"
    coded = [replace(REWARD, seq=seq, code=Code("hush")) for seq in (7, 8, 9)]
    first, second = notice.encode("harbour", [*coded, replace(REWARD, seq=12, at=later)], by="me")
    assert json.loads(first) == {"h": "harbour", "f": 7, "l": 9, "by": "me"}
    told = (replace(REWARD, seq=12, at=later),)
    assert notice.parse(second) == Notice("harbour", 12, 12, told)


@pytest.mark.parametrize("hunt", ["harbour", "test-harbour"])
def test_rewards_of_a_test_hunt_are_marked(hunt: str) -> None:
    [payload] = notice.encode(hunt, [REWARD], by="me")
    rewards = notice.parse(payload).rewards
    assert rewards == (replace(REWARD, test=hunt == "test-harbour"),)


def test_time_of_a_notice_needs_a_time_zone() -> None:
    [payload] = notice.encode("harbour", [replace(REWARD, at="2026-11-01T18:00:00")], by="me")
    with pytest.raises(ValueError, match=r"^the time of a notice has no time zone"):
        notice.parse(payload)


def test_notice_is_bounded() -> None:
    click = Click(ID, "a" * 64, 1, 2, None, 0)
    assert notice.events([click] * notice.MOST) is not None
    assert notice.events([click] * (notice.MOST + 1)) is None


def test_unknown_rows_fall_back_to_table() -> None:
    row = f'[0,"{ID}","ada","gold-coin",100]'
    payload = f'{{"h":"harbour","f":4711,"l":4711,"at":"{REWARD.at}","o":[{row}]}}'
    assert notice.parse(payload) == Notice("harbour", 4711, 4711, None)


def test_full_notice_fits_into_payload() -> None:
    """hunt_commit leaves out rows of a notice of 7,950 bytes or more; its head takes 250."""
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


def test_notice_of_a_batch_with_a_code_has_no_rows() -> None:
    won = replace(REWARD, seq=8, code=Code("hush"))
    [payload] = notice.encode("harbour", [replace(REWARD, seq=7), won], by="me")
    assert b"hush" not in payload
    assert notice.parse(payload, own=("other",)) == Notice("harbour", 7, 8, None)
