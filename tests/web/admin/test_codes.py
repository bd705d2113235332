"""The operators' routes of codes, and which operators see a code."""

from __future__ import annotations

import csv
import io
import json
import uuid

import pytest

from tests.support.live_codes import PATH, live
from tests.support.operators import ADMIN, HUNTS, act, audit_trail, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, serving

LOAD = f"{HUNTS}/live/prizes/voucher/codes"


async def win(client: Client) -> str:
    answer = await client.post(f"{PATH}/clicks", json={"id": str(uuid.uuid4()), "x": 1, "y": 2})
    code: str = answer.json()["code"]
    return code


async def test_codes_are_loaded_counted_and_audited(database: str) -> None:
    async with live(database, count=2) as client:
        await win(client)
        operator(client)
        assert await act(client, "POST", LOAD, json={"codes": ["MORE-1", "MORE-2"]}) == {
            "loaded": 2,
            "stock": 4,
        }
        shown = await act(client, "GET", f"{HUNTS}/live/codes")
        assert shown == {
            "codes": [
                {
                    "hunt": "live", "prize": "voucher", "loaded": 4, "bound": 1, "left": 3,
                    "keys": ["2026"],
                },
            ]
        }  # fmt: skip
        trail = await audit_trail(client)
        [entry, *_] = [each for each in trail if each["action"] == "codes"]
        assert entry["actor"] == "root"
        assert len(entry["detail"].pop("seal")) == 64
        assert entry["detail"] == {
            "prize": "voucher", "loaded": 2, "before": 2, "after": 4, "key": "2026",
        }  # fmt: skip
        assert "MORE" not in json.dumps(trail)


@pytest.mark.parametrize(
    ("path", "sent", "status", "sentence"),
    [
        (LOAD, {"codes": ["SECRET-1", "SECRET-1"]}, 400, "line 2 is the same code as line 1"),
        (LOAD, {"codes": ["HUSH-0001"]}, 400, "line 1 is loaded already"),
        (LOAD, {"codes": []}, 400, "at least one code"),
        (LOAD, {"codes": [7]}, 400, "must be a text"),
        (LOAD, {"codes": ["a"], "more": 1}, 400, "the body must be"),
        (f"{HUNTS}/live/prizes/coin/codes", {"codes": ["a"]}, 409, "no prize 'coin'"),
        (f"{HUNTS}/harbour/prizes/coin/codes", {"codes": ["a"]}, 409, "set codes = true"),
        (f"{HUNTS}/nowhere/prizes/coin/codes", {"codes": ["a"]}, 404, "no hunt"),
    ],
)
async def test_wrong_load_is_refused_without_the_codes(
    database: str, path: str, sent: object, status: int, sentence: str
) -> None:
    async with live(database, count=1) as client:
        operator(client)
        response = await client.post(path, json=sent)
        assert_problem(response, status)
        assert sentence in response.json()["detail"]
        assert "SECRET" not in response.text


async def test_load_without_keys_says_so(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        response = await client.post(
            f"{HUNTS}/harbour/prizes/coin/codes", json={"codes": ["SECRET-1"]}
        )
        assert_problem(response, 409)
        assert "HUNT_DATA_KEYS: not set" in response.json()["detail"]
        assert_problem(await client.get(f"{HUNTS}/nowhere/codes"), 404)


async def test_winners_have_codes_and_other_views_of_players_have_none(database: str) -> None:
    async with live(database) as client:
        code = await win(client)
        operator(client)
        [winner] = (await act(client, "GET", f"{HUNTS}/live/winners"))["winners"]
        assert winner["code"] == code
        lines = (await client.get(f"{HUNTS}/live/winners?format=csv")).text
        [row] = csv.DictReader(io.StringIO(lines))
        assert row["code"] == code
        lines = (await client.get(f"{HUNTS}/live/winners?format=ndjson")).text
        assert json.loads(lines)["code"] == code
        [reward] = (await act(client, "GET", f"{HUNTS}/live/players/ada/rewards"))["rewards"]
        assert reward["prize"] == "voucher"
        for path in (
            f"{HUNTS}/live/players/ada/rewards", f"{ADMIN}/players/ada",
            f"{HUNTS}/live/export?format=ndjson", f"{HUNTS}/live/export?what=clicks&format=csv",
            f"{HUNTS}/live", f"{ADMIN}/audit",
        ):  # fmt: skip
            response = await client.get(path)
            assert response.status_code == 200, response.text
            assert code not in response.text
