"""Codes: each is handed out once, to one reward, and only its winner gets it."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from psycopg import sql

from hunt.core.codes import Code
from hunt.core.definition import Definition, Prize
from hunt.core.events import Settlement
from hunt.core.key_ring import KeyRing
from hunt.errors import (
    DefinitionError,
    HuntFailed,
    HuntNotFound,
    InvalidRequest,
    SealError,
    WrongState,
)
from hunt.store import codes
from hunt.store.audit import Audit
from hunt.store.codes import Codes, CodeStatus
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.reward_states import RewardStates, grant_counts
from tests.store.open_log import PLAIN, click, rewards

RING = KeyRing([("old", b"o" * 32)])
VOUCHER = Prize("voucher", "Voucher", 5, 0.5, None, None, codes=True)
WITH_CODES = replace(PLAIN, prizes=(VOUCHER, Prize("coin", "Coin", 1, 0.1, None, None)))


def parts(*lines: str, size: int = 2) -> Iterator[Sequence[str]]:
    for at in range(0, len(lines), size):
        yield lines[at : at + size]


def made(count: int, name: str = "code") -> list[str]:
    return [f"{name}-{number:04}" for number in range(1, count + 1)]


@asynccontextmanager
async def opened(
    database: str, definition: Definition = WITH_CODES, *, loaded: Sequence[str] = ()
) -> AsyncIterator[tuple[Log, Pool]]:
    async with open_pool(database, size=4) as pool:
        hunts = Hunts(pool, RING)
        await hunts.apply(definition, seed=os.urandom(32), actor="test")
        await hunts.open(definition.id)
        if loaded:
            await Codes(pool, RING).load("harbour", "voucher", parts(*loaded), actor="test")
        yield Log(pool, ring=RING), pool


async def all_text(pool: Pool) -> str:
    """Return every value of every table as text."""
    async with pool.connection() as conn:
        tables = await (
            await conn.execute(
                "select table_name from information_schema.tables where table_schema = 'public'"
                " and table_name not like 'hunt_functions'"
            )
        ).fetchall()
        found = []
        for (table,) in tables:
            query = sql.SQL("select t::text from {} t").format(sql.Identifier(table))
            found += [row[0] for row in await (await conn.execute(query)).fetchall()]
    return "\n".join(found)


async def test_each_grant_gets_the_next_code(database: str) -> None:
    async with opened(database, loaded=made(3)) as (log, _):
        first = rewards(
            await log.append(
                "harbour",
                [
                    click("ada", "voucher"),
                    click("bob"),
                    click("cy", "coin"),
                    click("bob", "voucher"),
                ],
            )
        )
        assert [each.code for each in first] == [
            Code("code-0001"), None, None, Code("code-0002"),
        ]  # fmt: skip
        second = [click("ada", "voucher"), click("bob", "voucher")]
        settled = rewards(await log.append("harbour", second))
        assert [(each.prize, each.code) for each in settled] == [
            ("voucher", Code("code-0003")), (None, None),
        ]  # fmt: skip
        assert settled[1].sold_out == "voucher"


async def test_prizes_of_one_batch_have_codes_of_their_own(database: str) -> None:
    ticket = replace(VOUCHER, id="ticket")
    hunt = replace(WITH_CODES, prizes=(VOUCHER, ticket))
    async with opened(database, hunt) as (log, pool):
        other = replace(hunt, id="river")  # with prizes of the same ids
        await Hunts(pool, RING).apply(other, seed=os.urandom(32), actor="test")
        for prize in ("voucher", "ticket"):
            for hunt_id in ("harbour", "river"):
                loaded = parts(*made(3, prize))
                await Codes(pool, RING).load(hunt_id, prize, loaded, actor="test")
        for expected in (
            ["ticket-0001", "voucher-0001", "ticket-0002"],
            ["voucher-0002", "ticket-0003"],
        ):
            batch = [click("ada", each.partition("-")[0]) for each in expected]
            found = rewards(await log.append("harbour", batch))
            assert [each.code for each in found] == [*map(Code, expected)]
        assert [each.bound for each in await Codes(pool, RING).status("river")] == [0, 0]


async def test_repeat_gets_the_same_code_alone_and_among_new_clicks(database: str) -> None:
    async with opened(database, loaded=made(3)) as (log, _):
        clicks = [click("ada", "voucher"), click("bob", "coin")]
        [won, coin] = rewards(await log.append("harbour", clicks))
        new = click("cy", "voucher")
        again = await log.append("harbour", [clicks[0], new, clicks[1], new])
        assert [each.duplicate for each in again if isinstance(each, Settlement)] == [
            True, False, True, True,
        ]  # fmt: skip
        assert rewards(again)[0] == won
        assert rewards(again)[2] == coin
        assert [each.code for each in rewards(again)] == [
            Code("code-0001"), Code("code-0002"), None, Code("code-0002"),
        ]  # fmt: skip


async def test_history_and_replay_have_the_code(database: str) -> None:
    async with opened(database, loaded=made(2)) as (log, _):
        won = rewards(await log.append("harbour", [click("ada", "voucher"), click("bob", "coin")]))
        assert await log.read("harbour", 0, 9) == won
        assert await log.history("harbour", "ada", 0, 9) == won[:1]
        assert won[0].code == Code("code-0001")


async def test_concurrent_commits_hand_out_each_code_once(database: str) -> None:
    async with opened(database, loaded=made(60)) as (log, _):
        got: list[str] = []

        async def play(player: str) -> None:
            for _ in range(5):
                batch = [click(player, "voucher") for _ in range(4)]
                for reward in rewards(await log.append("harbour", batch)):
                    assert (reward.code is not None) == (reward.prize == "voucher")
                    if reward.code is not None:
                        got.append(reward.code.text)

        async with trio.open_nursery() as nursery:
            for player in ("ada", "bob", "cy", "di"):
                nursery.start_soon(play, player)
        assert sorted(got) == made(60), "and the 20 last clicks got nothing"


async def test_more_codes_raise_the_stock_of_an_open_hunt(database: str) -> None:
    async with opened(database) as (log, pool):
        [before] = rewards(await log.append("harbour", [click("ada", "voucher")]))
        assert (before.prize, before.sold_out) == (None, "voucher")
        store = Codes(pool, RING)
        assert await store.load("harbour", "voucher", parts(*made(2)), actor="ann") == (2, 2)
        assert await store.load("harbour", "voucher", parts("last"), actor="ann") == (1, 3)
        hunt = await Hunts(pool, RING).get("harbour")
        assert hunt is not None
        assert hunt.stock_left == {"voucher": 3}
        won = rewards(await log.append("harbour", [click("ada", "voucher") for _ in range(4)]))
        assert [each.code and each.code.text for each in won] == [*made(2), "last", None]
        assert await store.status() == [CodeStatus("harbour", "voucher", 3, 3, ["old"])]


async def test_codes_follow_the_rules_of_a_prize(database: str) -> None:
    other = Prize("other", "Other", 0, 0.1, None, None)
    ruled = replace(VOUCHER, per_player=1, overflow="other")
    async with opened(database, replace(PLAIN, prizes=(ruled, other)), loaded=made(2)) as (log, _):
        clicks = [click(each, "voucher") for each in ("ada", "ada", "bob", "cy")]
        won = rewards(await log.append("harbour", clicks))
        assert [(each.prize, each.code and each.code.text) for each in won] == [
            ("voucher", "code-0001"), (None, None), ("voucher", "code-0002"), ("other", None),
        ]  # fmt: skip
        assert rewards(await log.append("harbour", clicks)) == won


async def test_no_table_has_a_code_in_clear(database: str) -> None:
    async with opened(database, loaded=made(2, "hush")) as (log, pool):
        await log.append("harbour", [click("ada", "voucher")])
        text = await all_text(pool)
        assert "voucher" in text
        assert "hush" not in text
        assert b"hush".hex() not in text
        [entry, *_] = await Audit(pool).list()
        assert entry.action == "codes"
        found = await Hunts(pool, RING).get("harbour")
        assert found is not None
        assert entry.detail == {
            "prize": "voucher", "loaded": 2, "before": 0, "after": 2, "key": "old",
            "seal": found.seal,
        }  # fmt: skip


async def test_code_moved_to_another_row_is_not_handed_out(database: str) -> None:
    async with opened(database, loaded=made(2)) as (log, pool):
        async with pool.connection() as conn:
            await conn.execute(
                "update codes c set sealed = d.sealed from codes d where c.position <> d.position"
            )
        with pytest.raises(HuntFailed, match="a code of hunt 'harbour' cannot be read"):
            await log.append("harbour", [click("ada", "voucher")])


async def test_node_without_keys_hands_out_no_code(database: str) -> None:
    async with opened(database, loaded=made(2)) as (_, pool):
        with pytest.raises(HuntFailed, match="a code of hunt 'harbour' cannot be read"):
            await Log(pool).append("harbour", [click("ada", "voucher")])


@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        (["a", "", "b", "", ""], ["line 2 is empty"]),
        (["a", "b" * 201, "b" * 200], ["line 2 is longer than 200 characters"]),
        (["gr\xfcn", "a\tb", "a b"], ["line 1 has characters", "line 2 has characters"]),
        (["hush", "b", " hush "], ["line 3 is the same code as line 1"]),
        (["b", "hush", "hush"], ["line 3 is the same code as line 2"]),
        (["hush", "hush"], ["line 2 is the same code as line 1"]),
        (["c", "loaded", "d"], ["line 2 is loaded already"]),
        (["x"] * 30, ["line 2 is the same", "; and "]),
    ],
)
async def test_wrong_file_is_refused_with_its_lines(
    database: str, lines: list[str], problems: list[str]
) -> None:
    async with opened(database, loaded=["loaded"]) as (_, pool):
        store = Codes(pool, RING)
        with pytest.raises(InvalidRequest) as refused:
            await store.load("harbour", "voucher", parts(*lines), actor="ann")
        for problem in problems:
            assert problem in str(refused.value)
        assert len(re.findall(r"line \d+ ", str(refused.value))) <= 2 * codes.NAMED
        assert "hush" not in str(refused.value)
        assert await store.status() == [CodeStatus("harbour", "voucher", 1, 0, ["old"])]


async def test_dry_run_checks_and_loads_nothing(database: str) -> None:
    async with opened(database, loaded=["loaded"]) as (_, pool):
        store = Codes(pool, RING)
        load = store.load("harbour", "voucher", parts("a", "b"), actor="ann", dry_run=True)
        assert await load == (2, 3)
        assert await store.status() == [CodeStatus("harbour", "voucher", 1, 0, ["old"])]
        with pytest.raises(InvalidRequest, match="line 1 is loaded already"):
            await store.load("harbour", "voucher", parts("loaded"), actor="ann", dry_run=True)


async def test_duplicate_is_found_across_prizes_and_keys(database: str) -> None:
    other = replace(VOUCHER, id="other", odds=0.1)
    both = KeyRing([("new", b"n" * 32), ("old", b"o" * 32)])
    async with opened(database, replace(PLAIN, prizes=(VOUCHER, other)), loaded=["a"]) as (_, pool):
        store = Codes(pool, both)
        with pytest.raises(InvalidRequest, match="line 2 is loaded already"):
            await store.load("harbour", "other", parts("b", "a"), actor="ann")
        await store.load("harbour", "voucher", parts("b"), actor="ann")
        [_, status] = await store.status("harbour")
        assert sorted(status.keys) == ["new", "old"]
        assert await store.status("nowhere") == []
        assert await store.status(hunts=["nowhere"]) == []


async def test_load_is_refused_where_there_is_nothing_to_load(database: str) -> None:
    async with opened(database) as (_, pool):
        store = Codes(pool, RING)
        for hunt, prize, error, sentence in (
            ("nowhere", "voucher", HuntNotFound, "no hunt 'nowhere'"),
            ("harbour", "nothing", WrongState, "no prize 'nothing'"),
            ("harbour", "coin", WrongState, "set codes = true"),
        ):
            with pytest.raises(error, match=sentence):
                await store.load(hunt, prize, parts("a"), actor="ann")
        with pytest.raises(SealError, match="HUNT_DATA_KEYS: not set"):
            await Codes(pool, KeyRing(())).load("harbour", "voucher", parts("a"), actor="ann")
        await Hunts(pool, RING).close("harbour")
        with pytest.raises(WrongState, match="has ended"):
            await store.load("harbour", "voucher", parts("a"), actor="ann")


async def test_prize_keeps_codes_once_loaded_and_gets_none_once_granted(database: str) -> None:
    async with opened(database, loaded=["a"]) as (log, pool):
        hunts = Hunts(pool, RING)
        plain = replace(WITH_CODES, prizes=(replace(VOUCHER, codes=False), WITH_CODES.prizes[1]))
        with pytest.raises(DefinitionError, match="must stay true: codes are loaded"):
            await hunts.apply(plain, seed=b"", actor="ann")
        await log.append("harbour", [click("ada", "coin")])
        late = replace(WITH_CODES, prizes=(VOUCHER, replace(WITH_CODES.prizes[1], codes=True)))
        with pytest.raises(DefinitionError, match="prize coin: codes: cannot be set"):
            await hunts.apply(late, seed=b"", actor="ann")
        changed = replace(WITH_CODES, title="New", prizes=(replace(VOUCHER, points=7),))
        await hunts.apply(changed, seed=b"", actor="ann")
        [won] = rewards(await log.append("harbour", [click("ada", "voucher")]))
        assert won.code == Code("a"), "a change keeps the stock"


async def test_hunt_without_its_key_is_not_read_and_others_are(database: str) -> None:
    async with opened(database, loaded=["a"]) as (_, pool):
        await Hunts(pool).apply(replace(PLAIN, id="plain"), seed=os.urandom(32), actor="ann")
        found = await Hunts(pool).read()
        assert found["harbour"] is None
        assert found["plain"] is not None
        with pytest.raises(HuntFailed, match="lacks the key 'old'"):
            await Hunts(pool).get("harbour")
        wrong = KeyRing([("old", b"x" * 32)])
        assert (await Hunts(pool, wrong).read())["harbour"] is None


async def test_hunt_with_codes_and_no_clicks_can_be_deleted(database: str) -> None:
    async with opened(database, loaded=["a"]) as (_, pool):
        await Hunts(pool, RING).delete("harbour")
        assert await Codes(pool, RING).status() == []


async def test_reward_without_a_code_fails_the_commit(database: str) -> None:
    async with opened(database, loaded=made(1)) as (log, pool):
        async with pool.connection() as conn:
            await conn.execute("update prizes set stock = 2")
        with pytest.raises(HuntFailed, match="prize voucher has no code for grant 2"):
            await log.append("harbour", [click("ada", "voucher"), click("bob", "voucher")])
        assert await log.last() == {"harbour": 0}


async def test_void_reward_keeps_its_code_and_returns_no_unit(database: str) -> None:
    async with opened(database, loaded=made(2)) as (log, pool):
        await log.append("harbour", [click("ada", "voucher")])
        states = RewardStates(pool)
        await states.change("harbour", "void", actor="ann", seqs=[1], reason="a bot")
        await log.append("harbour", [click("bob", "voucher"), click("cy", "voucher")])
        codes = [each.code and each.code.text for each in await log.read("harbour", 0, 9)]
        assert codes == [*made(2), None], "each code once"
        assert await grant_counts(pool, "harbour") == (1, [])
