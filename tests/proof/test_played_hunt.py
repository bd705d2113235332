"""A hunt of thousands of players on two nodes, with a failover, verified by three programs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import trio

from hunt.core import bundle
from hunt.core.definition import Area, Definition, Even, Moments, Peak, Prize, Quota, Step
from hunt.core.key_ring import KeyRing
from hunt.core.maps import Map
from hunt.store.bundles import Bundles
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.players import Players
from hunt.store.reward_states import RewardStates
from tests.faults import http, postgres
from tests.faults.nodes import Node, node, tcp
from tests.faults.postgres import Postgres
from tests.proof.bundles import Json, write
from tests.proof.playing import Crowd
from tests.proof.programs import PROGRAMS
from tests.support.processes import MARGIN
from tests.support.proxy import to_unix

HUNT = "proven"
PLAYERS, CLICKS, RATE = 2_000, 4_000, 250.0


def definition(now: datetime) -> Definition:
    """Return a hunt in which all kinds of release go on while it is played."""
    opens, closes = now - timedelta(seconds=1), now + timedelta(minutes=10)
    busy = opens + timedelta(seconds=20)
    steps = tuple(Step(opens + timedelta(seconds=2 * n), 15 * n) for n in range(1, 9))
    prizes = (
        Prize("chest", "Chest", 50, Peak(0.5, (40, 60), 15), 120, 1, overflow="coin"),
        Prize("pace", "Pace", 8, 0.1, 300, None, starts=opens, until=busy, release=Even()),
        Prize("ticket", "Ticket", 3, 0.1, None, None, release=steps, void=True),
        Prize("flash", "Flash", 9, Area(1.0, (30, 50), 40), None, None, starts=opens, until=busy,
              first=True, void=True, release=Moments(200)),
        Prize("coin", "Coin", 5, 0.2, 500, None),
    )  # fmt: skip
    return Definition(
        HUNT, "Proven", Map.sized(100, 100), opens, closes, 0.0, prizes,
        timezone="Europe/Berlin", attempts=Quota(30, "hunt"), max_wins=Quota(3, "week"),
    )  # fmt: skip


@dataclass
class Site:
    """Two nodes, a primary, and a standby that the primary waits for."""

    primary: Postgres
    standby: Postgres
    nodes: list[Node]

    async def fail_over(self) -> None:
        """Kill the primary, and promote the standby."""
        await self.primary.kill()
        for path in (path for each in self.nodes for path in each.standby):
            path.refuse = False
            path.reset_all()
        await self.standby.execute("select pg_promote()")


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(postgres.running(folder / "primary", None))
        standby = Postgres(folder / "standby")
        stack.push_async_callback(standby.stop)
        await standby.follow(primary, synchronous=True)
        begin = partial(
            node, standby=to_unix(standby.socket), processes=1, environ=MARGIN,
            dsn=partial(tcp, target_session_attrs="read-write"),
        )  # fmt: skip
        nodes = [
            await stack.enter_async_context(begin(folder / name, to_unix(primary.socket)))
            for name in ("a", "b")
        ]
        yield Site(primary, standby, nodes)


async def until_shown(port: int) -> None:
    """Wait until a node knows the hunt."""
    channel = http.Channel(port)
    with trio.fail_after(30):
        while (await channel.request(http.get_request(f"/v1/hunts/{HUNT}", ""))).status != 200:
            await trio.sleep(0.05)
    channel.close()


async def operate(conninfo: str) -> None:
    """Lower odds while the hunt is open, and declare a reward void."""
    async with open_pool(conninfo, size=1) as pool:
        hunts = Hunts(pool)
        found = await hunts.get(HUNT)
        assert found is not None
        *others, coin = found.definition.prizes
        changed = replace(found.definition, prizes=(*others, replace(coin, odds=0.12, points=6)))
        await hunts.apply(changed, seed=bytes(32), actor="test")
        async with pool.connection() as conn:
            query = "select min(seq) from rewards where prize = 'pace'"
            row = await (await conn.execute(query)).fetchone()
        assert row is not None
        await RewardStates(pool).change(HUNT, "void", actor="test", seqs=[row[0]], reason="test")


async def exported(conninfo: str) -> list[Json]:
    """Return the bundle of the finished hunt."""
    async with open_pool(conninfo, size=1) as pool:
        bundles = Bundles(pool, KeyRing(()))
        source = await bundles.find(HUNT)
        return [json.loads(bundle.encode(each)) async for each in bundles.lines(source)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # The user of PostgreSQL must reach it.
    for each in (tmp_path, *list(tmp_path.parents)[:2]):
        each.chmod(0o755)
    return tmp_path


async def test_hunt_with_a_failover_is_verified_by_three_programs(folder: Path) -> None:
    async with site(folder) as played:
        async with open_pool(played.primary.conninfo, size=1) as pool:
            await Hunts(pool).apply(
                definition(datetime.now(UTC)), seed=bytes(range(32)), actor="test"
            )
            await Hunts(pool).open(HUNT)
        for each in played.nodes:
            await until_shown(each.own_port)
        ports = [each.own_port for each in played.nodes]
        crowd = Crowd(HUNT, ports, PLAYERS, CLICKS, RATE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.play)
            while len(crowd.answers) < CLICKS // 4:
                await trio.sleep(0.05)
            await operate(played.primary.conninfo)
            while len(crowd.answers) < CLICKS // 2:
                await trio.sleep(0.05)
            await played.fail_over()
        conninfo = played.standby.conninfo
        async with open_pool(conninfo, size=1) as pool:
            await Hunts(pool).close(HUNT)
            erased = f"player-{crowd.source.randrange(PLAYERS)}"
            await Players(pool).erase(erased, actor="test")
        lines = await exported(conninfo)
        print(f"{len(crowd.answers)} answers, {crowd.statuses}, {lines[0]['rows']} rows")
        assert lines[0]["rows"] == len(crowd.answers) == CLICKS
        kinds = [each["document"]["kind"] for each in lines if each["kind"] == "entry"]
        assert kinds == ["seal", "seal", "void", "end"]
        path = write(folder / "bundle", lines)
        for name, program in PROGRAMS.items():
            found = program(path, crowd.answers, None)
            assert found.failures == {}, name
            assert found.rows == len(crowd.answers), name
        await tampered(played.standby, folder, crowd.answers)


#: Changes in the database of a finished hunt, by whoever owns its tables; and the steps that fail.
TAMPERED = {
    "forged row": (
        "update rewards set prize = 'chest', points = 50 where seq = 77",
        {"chain", "draws", "receipts"},
    ),
    "exchanged seed": ("update hunts set seed = sha256(seed)", {"seals", "draws"}),
    "moved place": (
        """update proof_entries set definition = replace(definition, '"40.0"', '"41.0"')
            where number = 1""",
        {"seals"},
    ),
}


async def tampered(database: Postgres, folder: Path, answers: list[Json]) -> None:
    """Check that changes in the database of the finished hunt are found by each program."""
    async with await database.connect() as conn:
        await conn.execute("alter table hunts disable trigger user")
        for name, (change, steps) in TAMPERED.items():
            await conn.execute("create temp table kept_rewards as select * from rewards")
            await conn.execute("create temp table kept_hunts as select number, seed from hunts")
            await conn.execute("create temp table kept_entries as select * from proof_entries")
            assert (await conn.execute(change)).rowcount == 1, name
            path = write(folder / "tampered", await exported(database.conninfo))
            for program in PROGRAMS.values():
                found = program(path, answers, None).failures
                assert "first" in found or steps <= set(found), (name, found)
            await conn.execute("update hunts h set seed = k.seed from kept_hunts k")
            await conn.execute(
                "update rewards r set prize = k.prize, points = k.points from kept_rewards k"
                " where k.seq = r.seq"
            )
            await conn.execute(
                "update proof_entries e set definition = k.definition from kept_entries k"
                " where k.number = e.number"
            )
            for table in ("rewards", "hunts", "entries"):
                await conn.execute(f"drop table kept_{table}")
