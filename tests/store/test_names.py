"""Names of players in the database."""

from __future__ import annotations

from hunt.store.audit import Audit
from hunt.store.names import PlayerName, StoredNames
from tests.store.open_log import opened


async def test_new_name_replaces_the_former_one(database: str) -> None:
    async with opened(database) as (_, pool):
        names = StoredNames(pool)
        await names.put({"ada": "Ada L.", "bob": "Bob"}, claimed=False)
        assert await names.find("ada") == PlayerName("ada", "Ada L.", False, False)
        await names.put({"ada": "Countess"}, claimed=True)
        assert await names.find("ada") == PlayerName("ada", "Countess", True, False)
        assert await names.search("Ada L.") == []
        assert [each.player for each in await names.search("COUNTESS")] == ["ada"]
        assert await names.find("bob") == PlayerName("bob", "Bob", False, False)


async def test_same_name_may_become_that_of_the_token(database: str) -> None:
    async with opened(database) as (_, pool):
        names = StoredNames(pool)
        for claimed in (False, True, False):
            await names.put({"ada": "Ada"}, claimed=claimed)
            assert await names.find("ada") == PlayerName("ada", "Ada", claimed, False)


async def test_players_with_one_name_are_found_in_order(database: str) -> None:
    async with opened(database) as (_, pool):
        names = StoredNames(pool)
        await names.put({f"p{number:03}": "Ada" for number in range(101)}, claimed=False)
        found = await names.search("ada")
        assert [each.player for each in found] == [f"p{number:03}" for number in range(100)]


async def test_refused_name_stays_until_it_is_shown_again(database: str) -> None:
    async with opened(database) as (_, pool):
        names = StoredNames(pool)
        await names.put({"ada": "Rude", "bob": "Bob"}, claimed=False)
        refused = PlayerName("ada", "Rude", False, True)
        for _ in range(2):  # safe to repeat, and recorded once
            assert await names.refuse("ada", refused=True, actor="root") == refused
        await names.put({"ada": "Polite"}, claimed=True)
        await names.remove("ada")
        assert await names.find("ada") == refused
        assert await names.find("bob") == PlayerName("bob", "Bob", False, False)
        assert await names.refuse("zoe", refused=True, actor="root") is None
        assert len([each for each in await Audit(pool).list() if each.action == "name"]) == 1
        await names.refuse("ada", refused=False, actor="root")
        await names.remove("ada")
        assert await names.find("ada") is None
        assert await names.find("bob") is not None
