"""``hunt anomalies``."""

from __future__ import annotations

import json
from functools import partial

import pytest
import trio

from hunt.errors import HuntNotFound
from hunt.store.driver.pool import open_pool
from tests.cli.commands import run
from tests.store.test_anomalies import GAME, UNIFORM
from tests.support.honest_players import Players, record
from tests.support.serving import serving


async def with_harbour(database: str) -> None:
    async with serving(database):
        pass


async def write_log(database: str) -> None:
    async with open_pool(database, size=1) as pool:
        players = Players(GAME, 3, UNIFORM)
        await record(pool, "harbour", list(players.regular("bot", (1.0, 1.0), gap=2, count=150)))


def test_unusual_players_are_printed_with_figures(database: str) -> None:
    read = partial(run, "anomalies", "harbour", HUNT_DATABASE_URL=database)
    trio.run(with_harbour, database)
    assert read().output == "nothing unusual in the last 0 clicks of 0 players\n"
    trio.run(write_log, database)
    head, row, last = read().output.splitlines()
    assert head.split()[:3] == ["player", "unusual", "clicks"]
    assert row.split()[:3] == ["bot", "regular", "150"]
    assert last == "in the last 150 clicks of 1 player"
    [player] = json.loads(read("--json").output)["players"]
    assert (player["player"], player["intervals"]) == ("bot", 149)


def test_unknown_hunt_is_refused(database: str) -> None:
    with pytest.raises(HuntNotFound, match="'hunt hunts' lists them"):
        run("anomalies", "nowhere", HUNT_DATABASE_URL=database)
