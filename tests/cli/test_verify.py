from __future__ import annotations

import json
import uuid

import pytest
import trio

from hunt.errors import HuntError, HuntNotFound
from hunt.store.driver.connection import Connection
from tests.cli.commands import DEMO, hunt_process, run
from tests.support.city import city
from tests.support.serving import bearer, serving


async def play(database: str) -> None:
    async with serving(database) as client:
        for number in range(6):  # the coin has a stock of three
            client.headers.update(bearer("ada" if number % 2 else "bob"))
            assert (await client.click(id=str(uuid.uuid4()))).status_code == 200


async def execute(database: str, statement: str) -> None:
    conn = await Connection.connect(database, autocommit=True)
    try:
        await conn.execute(statement.encode())
    finally:
        conn.close_now()


def test_verify_detects_changed_log(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(play, database)
    whole = json.loads(run("verify", "harbour", "--json", **url).output)
    assert [whole[each] for each in ("right", "denied", "erased", "wrong")] == [3, 3, 0, 0]
    assert len(whole["commitment"]) == 64
    own = json.loads(run("verify", "harbour", "--player", "ada", "--json", **url).output)
    assert own["right"] + own["denied"] == 3
    said = run("verify", "harbour", **url).output
    assert "6 draws: 3 as computed" in said
    assert f"the seed's SHA-256 is {whole['commitment']}" in said
    assert "the audit trail recorded the same when the hunt was created" in said
    assert "It does not show that the seed was secret: the operator knows it" in said
    assert "the hunt has not ended" in said
    assert whole["recorded_commitment"] == whole["commitment"]
    assert (whole["as_recorded"], whole["ended"]) == (True, False)
    trio.run(execute, database, "update rewards set points = 6 where seq = 2")
    with pytest.raises(HuntError, match="does not match the draws, first at seq 2"):
        run("verify", "harbour", **url)
    with pytest.raises(HuntNotFound):
        run("verify", "nowhere", **url)
    assert run("verify", "harbour", "--player", "a b", **url).exit_code == 2


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        pytest.param(
            "update hunts set seed = sha256('another')", "recorded another one, ", id="another seed"
        ),
        pytest.param(
            "alter table audit disable trigger all; delete from audit",
            "the audit trail holds no commitment", id="no record",
        ),
    ],
)  # fmt: skip
def test_verify_compares_the_seed_with_the_recorded_commitment(
    database: str, statement: str, said: str
) -> None:
    url = {"HUNT_DATABASE_URL": database}
    run("apply", DEMO, **url)
    before = json.loads(run("verify", "harbour", "--json", **url).output)
    trio.run(execute, database, statement)
    result = hunt_process("verify", "harbour", **url)
    assert result.returncode == 1
    assert said in result.stdout
    assert "does not match the recorded commitment" in result.stderr
    result = hunt_process("verify", "harbour", "--json", **url)
    after = json.loads(result.stdout)
    assert after["as_recorded"] is False
    assert after["recorded_commitment"] in {None, before["commitment"]}


async def visit_city(database: str) -> None:
    async with city(database) as client:
        for player, y in (("ada", -34.6), ("bob", -34.6004), ("cy", -34.6006)):
            body = {"id": str(uuid.uuid4()), "x": -58.4, "y": y, "accuracy": 9}
            answer = await client.post("/v1/hunts/city/clicks", json=body, headers=bearer(player))
            assert answer.json()["prize"] == (None if player == "cy" else "cache"), "50 metres"


def test_verify_computes_draws_in_degrees_again(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(visit_city, database)
    whole = json.loads(run("verify", "city", "--json", **url).output)
    assert [whole[each] for each in ("right", "denied", "wrong")] == [3, 0, 0]
    trio.run(execute, database, "update rewards set y = -34.6006 where seq = 2")
    with pytest.raises(HuntError, match="does not match the draws, first at seq 2"):
        run("verify", "city", **url)
