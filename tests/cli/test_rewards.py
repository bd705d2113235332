"""``hunt rewards``: show, sent, void; and what ``hunt verify`` says about void rewards."""

from __future__ import annotations

import base64
import json

import psycopg
import pytest
import trio

from hunt.errors import HuntError, RewardNotFound, SealError
from tests.cli.commands import run
from tests.support.claims import FIELDS, KEYS, claim, claiming
from tests.support.serving import bearer


async def play(database: str) -> None:
    async with claiming(database) as client:
        for player in ("ada", "bob", "ada"):
            client.headers.update(bearer(player))
            assert (await client.click()).status_code == 200
        assert (await claim(client)).status_code == 200


def test_rewards_are_shown_sent_and_voided(database: str) -> None:
    [(id_, key)] = KEYS
    url = {
        "HUNT_DATABASE_URL": database,
        "HUNT_DATA_KEYS": f"{id_}:{base64.b64encode(key).decode()}",
    }
    trio.run(play, database)
    assert run("keys", "rotate", **url).exit_code == 0  # seals the seed of the hunt, too
    shown = json.loads(run("rewards", "show", "harbour", "1", **url).output)
    assert (shown["player"], shown["state"], shown["fields"]) == ("ada", "claimed", FIELDS)
    listed = ("winners", "harbour", "--state", "claimed", "--fields", "--format", "ndjson")
    [line] = run(*listed, **url).output.splitlines()
    assert json.loads(line)["fields"] == FIELDS
    with pytest.raises(SealError):
        run("rewards", "show", "harbour", "1", HUNT_DATABASE_URL=database)
    with pytest.raises(RewardNotFound):
        run("rewards", "show", "harbour", "9", **url)
    with pytest.raises(HuntError, match="no reward was changed: 2 is not claimed yet"):
        run("rewards", "sent", "harbour", "1", "2", **url)
    assert run("rewards", "sent", "harbour", "1", **url).output == "1: claimed -> sent\n"
    assert run("rewards", "sent", "harbour", "1", **url).output == "1: is sent already\n"
    voided = run("rewards", "void", "harbour", "--player", "ada", "--reason", "a bot", **url)
    assert voided.output == "1: skipped, is sent\n3: granted -> void\n"
    nobody = run("rewards", "void", "harbour", "--player", "cy", "--reason", "a bot", **url)
    assert nobody.output == "no rewards\n"
    for wrong in (
        ("sent", "harbour"),
        ("void", "harbour", "--reason", "x"),
        ("void", "harbour", "1", "--player", "ada", "--reason", "x"),
        ("void", "harbour", "1", "--reason", ""),
    ):
        assert run("rewards", *wrong, **url).exit_code == 2, wrong

    found = json.loads(run("verify", "harbour", "--json", **url).output)
    assert (found["void"], found["miscounted"]) == (1, [])
    assert "1 reward is void; its unit" in run("verify", "harbour", **url).output
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update prizes set granted = granted + 1 where id = 'coin'")
    with pytest.raises(HuntError, match="the count of grants is wrong for coin"):
        run("verify", "harbour", **url)
