"""Entries of chains, and the heads that are published: which hunts have them, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import trio

from hunt.core import bundle
from hunt.core.definition import Prize
from hunt.core.key_ring import KeyRing
from hunt.store.bundles import Bundles
from hunt.store.codes import Codes
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.players import Players
from hunt.store.proofs import Proofs
from hunt.store.reward_states import RewardStates
from tests.store.open_log import LIMITED, PLAIN, click, opened

BARE = "update hunts set algorithm = 1, head = null, player_key = null, public_hash = null"


async def execute(pool: Pool, statement: str) -> Sequence[tuple[object, ...]]:
    async with pool.connection() as conn:
        cursor = await conn.execute(statement.encode())
        return [] if cursor.description is None else await cursor.fetchall()


async def chains(pool: Pool) -> list[tuple[object, ...]]:
    """Return the head, the hash of the seal and the numbers of the entries of each hunt."""
    async with pool.connection() as conn:
        query = """
            select h.head, h.public_hash, array(
                       select e.number from proof_entries e where e.hunt = h.number order by 1)
              from hunts h order by h.id
        """
        return await (await conn.execute(query)).fetchall()


async def void_first(pool: Pool) -> None:
    states = RewardStates(pool)
    await states.change("harbour", "void", actor="test", seqs=[1], reason="a test")


async def test_hunt_without_a_chain_gets_no_entries(database: str) -> None:
    async with opened(database, LIMITED) as (log, pool):
        await execute(pool, BARE)
        before = await chains(pool)
        await log.append("harbour", [click("ada", "coin")])
        await void_first(pool)
        await Hunts(pool).apply(replace(LIMITED, title="Port"), seed=b"", actor="test")
        await Hunts(pool).close("harbour")
        assert await chains(pool) == before
        await Proofs(pool, KeyRing(())).publish()
        assert await published(pool) == []


async def test_chain_of_an_ended_hunt_is_final(database: str) -> None:
    async with opened(database, LIMITED) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        await Hunts(pool).close("harbour")
        before = await chains(pool)
        await void_first(pool)
        assert (await Players(pool).erase("ada", actor="test"))[1] == 1
        await execute(pool, "update hunts set seed = seed")  # as by a rotation of keys
        assert await chains(pool) == before


async def test_entries_of_each_hunt_are_numbered_from_one(database: str) -> None:
    async with opened(database) as (_, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(LIMITED, id="river"), seed=bytes(32), actor="test")
        await hunts.open("river")
        for id_ in ("harbour", "river"):
            await hunts.close(id_)
        assert [numbers for *_, numbers in await chains(pool)] == [[1, 2], [1, 2]]


async def published(pool: Pool) -> list[tuple[str, int]]:
    """Return the hunt and the seq of each published head, oldest first."""
    return await execute(  # type: ignore[return-value]
        pool,
        "select h.id, p.seq from proof_heads p join hunts h on h.number = p.hunt order by p.number",
    )


async def publish(pool: Pool) -> list[tuple[str, int]]:
    """Publish heads a second after the last ones; return all."""
    await execute(pool, "update proof_heads set at = at - interval '1 second'")
    await Proofs(pool, KeyRing(())).publish()
    return await published(pool)


async def test_head_is_published_once_after_each_change(database: str) -> None:
    async with opened(database) as (log, pool):
        hunts = Hunts(pool)
        await hunts.apply(replace(LIMITED, id="river"), seed=bytes(32), actor="test")
        await hunts.open("river")
        first = await publish(pool)
        assert sorted(first) == [("harbour", 0), ("river", 0)]
        await log.append("harbour", [click(), click()])
        for _ in range(2):
            assert await publish(pool) == [*first, ("harbour", 2)]


async def test_head_is_published_at_most_once_a_second(database: str) -> None:
    async with opened(database) as (log, pool):
        first = await publish(pool)
        await log.append("harbour", [click()])
        await execute(pool, "update proof_heads set at = at + interval '1 hour'")
        await Proofs(pool, KeyRing(())).publish()
        assert await published(pool) == first


async def move_end(pool: Pool, by: str) -> None:
    """Move the end of the hunt, which no statement may change."""
    async with pool.transaction() as conn:
        await conn.execute("set local session_replication_role = replica")
        await conn.execute("update hunts set ended_at = ended_at + %s::interval", (by,))


async def test_last_head_of_a_hunt_is_published_within_a_minute_of_its_end(database: str) -> None:
    async with opened(database) as (_, pool):
        first = await publish(pool)
        await Hunts(pool).close("harbour")
        await move_end(pool, "-1 minute")
        assert await publish(pool) == first
        await move_end(pool, "1 minute")
        assert await publish(pool) == [*first, ("harbour", 0)]


async def test_heads_that_another_process_publishes_are_left_to_it(database: str) -> None:
    async with opened(database) as (_, pool), pool.transaction() as conn:
        await conn.execute("select pg_advisory_xact_lock(hashtextextended('hunt heads', 0))")
        with trio.fail_after(10):
            assert await publish(pool) == []


async def test_seals_and_heads_are_those_of_one_hunt_in_their_order(database: str) -> None:
    async with opened(database, LIMITED) as (log, pool):
        hunts, proofs = Hunts(pool), Proofs(pool, KeyRing(()))
        await hunts.apply(replace(LIMITED, id="river"), seed=bytes(32), actor="test")
        await hunts.open("river")
        await publish(pool)
        await log.append("harbour", [click("ada", "coin")])
        await void_first(pool)
        await hunts.apply(replace(LIMITED, title="Port"), seed=b"", actor="test")
        await publish(pool)
        sealed = await execute(
            pool,
            "select document from proof_entries where definition is not null"
            " and hunt = (select number from hunts where id = 'harbour') order by number",
        )
        found = (await proofs.present("harbour")).seals
        assert [document for document, _ in found] == [document for (document,) in sealed]
        assert len(found) == 2
        assert [each.seq for each in await proofs.heads("harbour", -1, 9)] == [0, 1]
        assert [each.seq for each in await proofs.heads("harbour", -1, 1)] == [0]


RING = KeyRing([("a", bytes(32))])
VOUCHERS = replace(PLAIN, prizes=(Prize("voucher", "Voucher", 5, 0.5, None, None, codes=True),))


async def test_own_codes_are_those_of_the_player_and_the_hunt_in_order(database: str) -> None:
    async with opened(database, VOUCHERS, state="draft") as (_, pool):
        hunts = Hunts(pool, RING)
        await hunts.apply(replace(VOUCHERS, id="river"), seed=bytes(32), actor="test")
        for hunt, players in (("harbour", ("ada", "bob", "ada")), ("river", ("bob", "ada", "bob"))):
            loaded = [f"{hunt}-{number}" for number in range(4)]
            await Codes(pool, RING).load(hunt, "voucher", [loaded], actor="test")
            await hunts.open(hunt)
            batch = [click(player, "voucher") for player in players]
            await Log(pool, ring=RING).append(hunt, batch)
        own = await Proofs(pool, RING).own_codes("harbour", "ada")
        assert [each.seq for each in own] == [1, 3]


async def test_codes_that_an_older_release_loads_have_no_proof(database: str) -> None:
    async with opened(database, VOUCHERS, state="draft") as (_, pool):
        codes = Codes(pool, RING)
        await codes.load("harbour", "voucher", [["A-1", "A-2"]], actor="test")
        columns = "algorithm, head, player_key, public_hash"
        await execute(pool, f"create table chain as select {columns} from hunts")
        await execute(pool, BARE)
        await codes.load("harbour", "voucher", [["A-3"]], actor="test")
        await execute(pool, f"update hunts set ({columns}) = (select {columns} from chain)")
        await Hunts(pool, RING).open("harbour")
        await Log(pool, ring=RING).append("harbour", [click("ada", "voucher") for _ in range(3)])
        own = await Proofs(pool, RING).own_codes("harbour", "ada")
        assert [each.position for each in own] == [1, 2]
        await Hunts(pool, RING).close("harbour")
        bundles = Bundles(pool, RING)
        lines = [each async for each in bundles.lines(await bundles.find("harbour"))]
        assert [len(each.leaves) for each in lines if isinstance(each, bundle.Codes)] == [2]
