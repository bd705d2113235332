"""The audit trail, and the commitment in it."""

from __future__ import annotations

import re
from dataclasses import replace

import psycopg
import pytest

from hunt.core.fairness import commit as commitment
from hunt.store.audit import Audit, Entry
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.players import Players
from tests.store.open_log import PLAIN, click, opened
from tests.support.words import has_word


async def test_commitment_is_recorded_when_the_hunt_is_created(database: str) -> None:
    async with open_pool(database, size=2) as pool:
        hunts, audit = Hunts(pool), Audit(pool)
        assert await audit.commitment("harbour") is None
        for make, seed in ((hunts.apply, b"a" * 32), (hunts.create, b"b" * 32)):
            await make(PLAIN, seed=seed, actor="ada")
            await hunts.apply(replace(PLAIN, title="New"), seed=b"", actor="eve")
            recorded = await audit.commitment("harbour")
            assert recorded is not None
            assert (recorded.sha256, recorded.actor) == (commitment(seed), "ada")
            await hunts.delete("harbour")


@pytest.mark.parametrize(
    "statement",
    [
        'update audit set detail = detail || \'{"commitment": "00"}\'',
        "update audit set actor = 'eve'",
        "update audit set detail = '{\"player\": \"bob\"}' where action = 'export'",
        'update audit set detail = detail || \'{"player": "erased-1", "more": 1}\''
        " where action = 'export'",
        "update audit set detail = detail || '{\"player\": \"erased-1\"}' where action = 'create'",
        "delete from audit",
        "truncate audit",
    ],
)
async def test_audit_trail_is_append_only(database: str, statement: str) -> None:
    async with opened(database) as (_, pool):
        audit = Audit(pool)
        await audit.record(Entry(actor="root", action="export", detail={"player": "ada"}))
        before = await audit.list()
        async with pool.connection() as conn:
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                await conn.execute(statement.encode())
        assert await audit.list() == before


async def test_audit_trail_has_a_pseudonym_instead_of_an_id(database: str) -> None:
    async with opened(database) as (_, pool):
        audit = Audit(pool)
        for player in ("ada", "ada", "bob"):
            await audit.record(Entry(actor="root", action="export", detail={"player": player}))
        bob, ada, again = [each.detail["player"] for each in await audit.list(limit=3)]
        assert ada == again != bob
        assert re.fullmatch(r"player-[0-9a-f]{24}", str(ada))
        assert [each.detail["player"] for each in await audit.list(player="bob")] == [bob]
        await audit.record(Entry(actor="root", action="export", detail={"player": ada}))
        assert len(await audit.list(player="ada")) == 3, "a pseudonym is kept as it is"


async def test_erasure_leaves_the_audit_trail_unchanged(database: str) -> None:
    async with opened(database) as (log, pool):
        await log.append("harbour", [click("ada")])
        audit = Audit(pool)
        await audit.record(Entry(actor="root", action="export", detail={"player": "ada"}))
        before = await audit.list()
        pseudonym, _ = await Players(pool).erase("ada", actor="root")
        await audit.record(Entry(actor="root", action="export", detail={"player": "ada"}))
        export, erased, *after = await audit.list()
        assert after == before
        assert erased.detail["player"] == pseudonym
        assert not has_word([export, erased, *after], "ada")


async def test_erased_player_loses_the_id_in_entries_of_earlier_releases(database: str) -> None:
    async with opened(database) as (_, pool):
        audit = Audit(pool)
        async with pool.connection() as conn:
            await conn.execute("alter table audit disable trigger hunt_audit_pseudonym")
        await audit.record(Entry(actor="root", action="export", detail={"player": "ada"}))
        pseudonym, _ = await Players(pool).erase("ada", actor="root")
        names = [each.detail.get("player") for each in await audit.list(limit=2)]
        assert names == [pseudonym, pseudonym]
