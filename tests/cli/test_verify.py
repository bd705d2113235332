from __future__ import annotations

import json
import uuid

import pytest
import trio

from hunt.errors import HuntError, HuntNotFound
from hunt.store.connection import Connection
from tests.cli.test_commands import run
from tests.web.serving import bearer, serving


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


def test_a_log_is_what_was_drawn_until_somebody_changes_it(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(play, database)
    whole = json.loads(run("verify", "harbour", "--json", **url).output)
    assert [whole[each] for each in ("right", "denied", "erased", "wrong")] == [3, 3, 0, 0]
    assert len(whole["commitment"]) == 64
    own = json.loads(run("verify", "harbour", "--player", "ada", "--json", **url).output)
    assert own["right"] + own["denied"] == 3
    assert "6 draws: 3 as computed" in run("verify", "harbour", **url).output
    trio.run(execute, database, "update rewards set points = 6 where seq = 2")
    with pytest.raises(HuntError, match="at seq 2 to begin with"):
        run("verify", "harbour", **url)
    with pytest.raises(HuntNotFound):
        run("verify", "nowhere", **url)
    assert run("verify", "harbour", "--player", "a b", **url).exit_code == 2
