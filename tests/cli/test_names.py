from __future__ import annotations

import json

import pytest
import trio

from hunt.errors import HuntError
from hunt.store.driver.pool import open_pool
from hunt.store.names import StoredNames
from tests.cli.commands import run
from tests.support.serving import serving


async def with_names(database: str) -> None:
    async with serving(database):
        pass
    async with open_pool(database, size=1) as pool:
        names = StoredNames(pool)
        await names.put({"ada": "Rude Word", "bob": "Bob"}, claimed=False)
        await names.put({"eve": "RUDE WORD"}, claimed=True)


def test_names_are_found_refused_and_allowed(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    trio.run(with_names, database)
    lines = run("names", "list", "rude word", **url).output.splitlines()
    assert [line.split() for line in lines] == [
        ["player", "name", "from", "state"],
        ["ada", "Rude", "Word", "player", "shown"],
        ["eve", "RUDE", "WORD", "token", "shown"],
    ]
    assert run("names", "refuse", "ada", **url).output == "the name of ada is refused\n"
    [ada, eve] = json.loads(run("names", "list", "Rude Word", "--json", **url).output)
    assert (ada["refused"], eve["refused"]) == (True, False)
    assert run("names", "allow", "ada", **url).output == "the name of ada is allowed\n"
    assert run("names", "list", "nobody", **url).output == "no player has such a name\n"
    with pytest.raises(HuntError, match="has no name"):
        run("names", "refuse", "nobody", **url)
