"""Tests for the chain of a hunt and its bundle, on a real PostgreSQL."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import trio
from msgspec import json
from msgspec.structs import replace as altered

from hunt.core import bundle, chain
from hunt.core.bundle_check import Report, check
from hunt.core.definition import Area, Definition, Moments, Peak, Prize
from hunt.core.events import Click, Outcome, Settlement
from hunt.core.fairness import Draws
from hunt.core.hunts import Hunt
from hunt.core.key_ring import KeyRing
from hunt.core.maps import Map
from hunt.core.odds import Odds
from hunt.core.wire import settlement_json
from hunt.errors import DefinitionError, ProofError, SealError, WrongState
from hunt.store.bundles import Bundles
from hunt.store.codes import Codes
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.players import Players
from hunt.store.reward_states import RewardStates

RING = KeyRing(())
SEED = bytes(range(32))


def defined(**fields: object) -> Definition:
    """Return a hunt with places, a stock, limits, an overflow and winning moments."""
    now = datetime.now(UTC).replace(microsecond=0)
    base = Definition(
        "harbour", "Häfen", Map.sized(100, 100), now - timedelta(hours=1), now + timedelta(hours=1),
        0.0,
        (
            Prize("area", "Area", 5, Area(0.9, (50.0, 50.0), 20.0), 20, None, overflow="rest"),
            Prize("peak", "Peak", 3, Peak(0.1, (10.0, 10.0), 3.5), None, 2),
            Prize("first", "Now", 50, 1.0, None, None, release=Moments(40), first=True, void=True),
            Prize("rest", "Rest", 1, 0.05, 15, None),
        ),
    )  # fmt: skip
    return replace(base, **fields)  # type: ignore[arg-type]


async def known(pool: Pool) -> Hunt:
    found = await Hunts(pool, RING).get("harbour")
    assert found is not None
    return found


class Game:
    """Players of one hunt, who draw as the server does."""

    def __init__(self, pool: Pool, hunt: Hunt, ring: KeyRing = RING) -> None:
        self.log = Log(pool, ring=ring)
        self._random = Random(5)
        self.change(hunt)
        self.answers: list[bytes] = []

    def change(self, hunt: Hunt) -> None:
        assert hunt.player_key is not None
        self._name = chain.Pseudonyms(hunt.player_key).of
        self._draws, self._odds = Draws(hunt.seed), Odds(hunt.definition)

    def click(self) -> Click:
        random = self._random
        id_ = str(uuid.UUID(int=random.getrandbits(128)))
        player, x, y = f"p{random.randrange(20)}", random.random() * 100, random.random() * 100
        name = self._name(player)
        drawn = self._odds.draw(x, y, self._draws.uniform(id_, name))
        prize, points = (None, 0) if drawn is None else (drawn.id, drawn.points)
        return Click(id_, player, x, y, prize, points, name)

    async def play(self, batches: int, size: int = 7) -> list[Outcome]:
        """Commit batches; return the outcomes of the last one."""
        outcomes: list[Outcome] = []
        for _ in range(batches):
            outcomes = await self.log.append("harbour", [self.click() for _ in range(size)])
            self.keep(outcomes)
        return outcomes

    def keep(self, outcomes: list[Outcome]) -> None:
        self.answers += [settlement_json(each) for each in outcomes if isinstance(each, Settlement)]


async def opened(pool: Pool, definition: Definition) -> Game:
    await Hunts(pool, RING).apply(definition, seed=SEED, actor="test")
    await Hunts(pool, RING).open("harbour")
    return Game(pool, await known(pool))


async def exported(pool: Pool, ring: KeyRing = RING) -> list[bundle.Line]:
    """End the hunt, and return its bundle after a way through its text."""
    await Hunts(pool, ring).close("harbour")
    bundles = Bundles(pool, ring)
    source = await bundles.find("harbour")
    lines = [bundle.encode(each) async for each in bundles.lines(source)]
    return [bundle.decode(each) for each in lines]


def checked(lines: list[bundle.Line], game: Game) -> Report:
    return check(lines, [json.decode(each) for each in game.answers])


async def test_bundle_of_a_hunt_with_rules_is_right_with_all_receipts(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        await game.play(40)
        report = checked(await exported(pool), game)
    assert (report.rows, len(report.seals)) == (280, 1)
    assert report.rewards > 30


async def test_leaves_in_sql_are_those_of_python(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        batch = [game.click() for _ in range(5)]
        bare = [Click(c.id, c.player, c.x, c.y, c.prize, c.points) for c in batch]
        game.keep(await game.log.append("harbour", bare))
        await game.play(1)
        assert checked(await exported(pool), game).rows == 12


async def test_repeats_keep_the_chain_and_their_receipts_hold(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        batch = [game.click() for _ in range(6)]
        game.keep(await game.log.append("harbour", batch[:3]))
        mixed = await game.log.append("harbour", [*batch, batch[4]])
        again = await game.log.append("harbour", batch)
        lines = await exported(pool)
        for outcomes in (mixed, again):
            game.answers = []
            game.keep(outcomes)
            assert checked(lines, game).rows == 6


async def test_chain_is_unbroken_under_two_writers(database: str) -> None:
    async with open_pool(database, size=4) as pool, open_pool(database, size=4) as other:
        game = await opened(pool, defined())
        second = Game(other, await known(pool))
        second._random.seed(6)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(game.play, 30)
            nursery.start_soon(second.play, 30)
        lines = await exported(pool)
        assert checked(lines, game).rows == 420
        assert checked(lines, second).rows == 420


async def test_change_void_and_erasure_are_in_the_chain(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        await game.play(30)
        won = [each["seq"] for each in map(json.decode, game.answers) if each["prize"] == "area"]
        await RewardStates(pool).change(
            "harbour", state="void", seqs=won[:2], reason="a test", actor="test"
        )
        changed = defined()
        more = tuple(
            replace(each, stock=40) if each.id == "area" else each for each in changed.prizes
        )
        await Hunts(pool, RING).apply(replace(changed, prizes=more), seed=b"", actor="test")
        game.change(await known(pool))
        await game.play(30)
        pseudonym, clicks = await Players(pool).erase("p3", actor="test")
        lines = await exported(pool)
        report = checked(lines, game)
    assert (report.erased, report.voids, len(report.seals)) == (clicks, 2, 2)
    text = b"\n".join(map(bundle.encode, lines))
    assert pseudonym.encode() not in text
    assert b'"p3"' not in text
    assert b'"p4"' not in text


async def test_hunt_of_an_older_release_goes_on_without_chain(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        async with pool.connection() as conn:
            await conn.execute(
                "update hunts set algorithm = 1, head = null, player_key = null, public_hash = null"
            )
        outcomes = await game.play(1)
        assert all(isinstance(each, Settlement) and each.receipt is None for each in outcomes)
        await Hunts(pool, RING).close("harbour")


async def test_server_of_an_older_release_cannot_draw_in_a_chain(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        await opened(pool, defined())
        async with pool.connection() as conn:
            with pytest.raises(Exception, match="update the server"):
                await conn.execute(
                    "select * from hunt_commit('harbour', array[gen_random_uuid()], array['ada'], "
                    "array[point(1, 1)], array[null]::text[], array[0], '', null, 0)"
                )


async def test_times_of_consecutive_batches_differ(database: str) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        await game.play(2, 1)
        async with pool.connection() as conn:
            row = await (
                await conn.execute("select count(distinct at), max(at) from rewards")
            ).fetchone()
            hunt = await (await conn.execute("select chained_at from hunts")).fetchone()
    assert row is not None
    assert hunt is not None
    assert row[0] == 2
    assert row[1] == hunt[0]


@pytest.mark.parametrize("row", [0, 41, 90])
async def test_altered_row_is_named(database: str, row: int) -> None:
    async with open_pool(database, size=4) as pool:
        game = await opened(pool, defined())
        await game.play(13)
        async with pool.connection() as conn:
            await conn.execute("update rewards set x = 100 - x where seq = %s", (row + 1,))
        lines = await exported(pool)
        game.answers = []
        with pytest.raises(ProofError):
            checked(lines, game)


SHARE = bytes(range(100, 132))


async def test_second_share_joins_the_draws(database: str) -> None:
    ring = KeyRing([("a", bytes(32))])
    named = replace(defined(), second_share=hashlib.sha256(SHARE).hexdigest())
    async with open_pool(database, size=4) as pool:
        hunts = Hunts(pool, ring)
        await hunts.apply(named, seed=SEED, actor="test")
        with pytest.raises(WrongState, match="seed-share harbour"):
            await hunts.open("harbour")
        with pytest.raises(WrongState, match="not the second share"):
            await hunts.enter_share("harbour", SEED)
        assert await hunts.enter_share("harbour", SHARE)
        assert not await hunts.enter_share("harbour", SHARE)
        await hunts.open("harbour")
        found = await hunts.get("harbour")
        assert found is not None
        assert found.seed == chain.joined_seed(SEED, SHARE)
        assert found.commitment == hashlib.sha256(SEED).hexdigest()
        with pytest.raises(DefinitionError, match="second_share"):
            await hunts.apply(defined(), seed=b"", actor="test")
        async with pool.connection() as conn:
            [stored] = await (await conn.execute("select hunts::text from hunts")).fetchone() or ()
        assert SHARE.hex() not in stored
        game = Game(pool, found)
        await game.play(20)
        lines = await exported(pool, ring)
    assert checked(lines, game).rows == 140
    start = lines[0]
    assert isinstance(start, bundle.Start)
    lines[0] = altered(start, share=SEED.hex())
    with pytest.raises(ProofError, match="second share is not the one of seal 1"):
        checked(lines, game)


async def test_share_without_data_keys_is_refused(database: str) -> None:
    named = replace(defined(), second_share=hashlib.sha256(SHARE).hexdigest())
    async with open_pool(database, size=4) as pool:
        await Hunts(pool, RING).apply(named, seed=SEED, actor="test")
        with pytest.raises(SealError, match="HUNT_DATA_KEYS"):
            await Hunts(pool, RING).enter_share("harbour", SHARE)


async def test_codes_are_sealed_when_they_are_loaded(database: str) -> None:
    ring = KeyRing([("a", bytes(32))])
    voucher = Prize("voucher", "Voucher", 1, 0.5, None, None, codes=True)
    async with open_pool(database, size=4) as pool:
        hunts, codes = Hunts(pool, ring), Codes(pool, ring)
        await hunts.apply(defined(prizes=(voucher,)), seed=SEED, actor="test")
        await codes.load("harbour", "voucher", [["A-1", "A-2"], ["A-3"]], actor="test")
        await hunts.open("harbour")
        found = await hunts.get("harbour")
        assert found is not None
        game = Game(pool, found, ring)
        await game.play(4)
        await codes.load("harbour", "voucher", [["B-1", "B-2"]], actor="test")
        await game.play(4)
        lines = await exported(pool, ring)
    report = checked(lines, game)
    assert (report.codes, len(report.seals), report.rewards) == (5, 3, 5)
    last = lines[-1]
    assert isinstance(last, bundle.Codes)
    lines[-1] = altered(last, leaves=[last.leaves[1], last.leaves[0], *last.leaves[2:]])
    with pytest.raises(ProofError, match="first 3 codes are not the sealed ones"):
        checked(lines, game)
    lines[-1] = altered(last, leaves=last.leaves[:4])
    with pytest.raises(ProofError, match="the file has 4 of 5 codes"):
        checked(lines, game)


async def test_bundle_has_nothing_of_another_hunt(database: str) -> None:
    ring = KeyRing([("a", bytes(32))])
    prizes = ("wine", "ale")
    vouchers = tuple(Prize(each, each, 1, 0.3, None, None, codes=True) for each in prizes)
    async with open_pool(database, size=4) as pool:
        hunts, codes, games = Hunts(pool, ring), Codes(pool, ring), []
        for hunt in ("harbour", "river"):
            await hunts.apply(defined(id=hunt, prizes=vouchers), seed=SEED, actor="test")
            for prize in prizes:
                loaded = [f"{hunt}-{prize}-{number}" for number in range(9)]
                await codes.load(hunt, prize, [loaded], actor="test")
            await hunts.open(hunt)
            found = await hunts.get(hunt)
            assert found is not None
            game = Game(pool, found, ring)
            while (first := game.click()).player != "p3":
                pass
            outcomes = await game.log.append(hunt, [first, *(game.click() for _ in range(6))])
            game.keep(outcomes)
            games.append(game)
        await Players(pool).erase("p3", actor="test")
        lines = await exported(pool, ring)
    report = checked(lines, games[0])
    assert (report.rows, report.codes) == (7, 18)
    sealed = [each.prize for each in lines if isinstance(each, bundle.Codes)]
    assert sealed == sorted(prizes)
