"""A model of the settlement: any clicks on two nodes, repeats, lost answers, voids and changes.

After each step the log is compared with the rule in Python that ``hunt verify --bundle`` and
``hunt simulate`` use (`hunt.core.replay`), with the verifier that shares no code with the
server, and with the limits themselves, stated once more as sums over the log.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import starmap
from typing import ClassVar

import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from hunt.core import bundle
from hunt.core.definition import Area, Definition, Even, Moments, Prize, Quota, Step
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.fairness import Draws
from hunt.core.maps import Map
from hunt.core.odds import Odds
from hunt.core.periods import steps
from hunt.core.replay import Replay
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.reward_states import RewardStates
from tests.proof.bundles import Json
from tests.proof.verifiers import python_verifier
from tests.support.trio_machine import TrioMachine

SEED = bytes(range(32))
HOUR, TICK = timedelta(hours=1), timedelta(milliseconds=8)
COIN = Prize("coin", "Coin", 5, 0.5, 3, 2)
SHELL = Prize("shell", "Shell", 1, 0.3, None, None)


def hunts(now: datetime) -> dict[str, Definition]:
    """Return hunts whose units are released while an example runs."""

    def hunt(*prizes: Prize, **rules: object) -> Definition:
        on = Map.sized(100, 100)
        times = now - HOUR, now + HOUR
        name = f"m-{uuid.uuid4().hex}"
        return Definition(name, "Model", on, *times, 0.0, prizes, **rules)  # type: ignore[arg-type]

    plan = tuple(Step(now + number * TICK, 2 * number + 1) for number in range(120))
    return {
        "stock": hunt(COIN, SHELL),
        "overflow": hunt(
            Prize("gold", "Gold", 9, 0.2, 2, None, overflow="coin"), COIN, SHELL,
            max_wins=Quota(3, "hunt"),
        ),
        "steps": hunt(
            Prize("step", "Step", 3, 0.5, 40, None, release=plan, void=True, overflow="shell"),
            SHELL, attempts=Quota(12, "day"), timezone="Europe/Berlin",
        ),
        "first": hunt(
            Prize("flash", "Flash", 7, Area(1.0, (30, 30), 40), None, 2, first=True,
                  void=True, release=plan[::3]),
            Prize("moment", "Moment", 8, 1.0, 5, None, first=True,
                  starts=now - HOUR / 60, until=now + HOUR / 60, release=Moments(10_000)),
            COIN, max_wins=Quota(4, "week"),
        ),
        "even": hunt(
            Prize("pace", "Pace", 2, 0.6, 6000, None, starts=now, until=now + 5 * TICK * 20,
                  release=Even()),
            SHELL,
        ),
        "speed": hunt(COIN, SHELL, max_speed=3000.0),
    }  # fmt: skip


PLAYERS = st.sampled_from(("ada", "bob", "cy"))
PLACES = st.sampled_from((10.0, 45.5, 90.0))
CLICKS = st.lists(st.tuples(st.integers(0, 60), PLAYERS, PLACES), min_size=1, max_size=12)
NODES = st.integers(0, 1)

QUOTAS = st.none() | st.builds(Quota, st.integers(1, 6), st.sampled_from(("hour", "day", "hunt")))
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "attempts": QUOTAS,
        "max_wins": QUOTAS,
        "cooldown": st.sampled_from((0.0, 0.01, 3600.0)),
        "max_speed": st.sampled_from((None, 3000.0)),
        "timezone": st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu")),
    },
)

#: An entry of the chain, and the definition beside it.
Entry = tuple[Json, Json | None]


class SettlementMachine(TrioMachine):
    """Two nodes, each with a connection of its own, commit to one hunt."""

    database: ClassVar[str]

    async def begin(self) -> None:
        self.stack = AsyncExitStack()
        opened = [self.stack.enter_async_context(open_pool(self.database, size=2)) for _ in "ab"]
        self.pools: list[Pool] = [await each for each in opened]
        self.nodes = [Log(each) for each in self.pools]

    @initialize(name=st.sampled_from(sorted(hunts(datetime.now(UTC)))))
    def open_hunt(self, name: str) -> None:
        self.hunt = hunts(datetime.now(UTC))[name]
        self.hunts = [self.hunt]  # all versions
        self.odds, self.draws = Odds(self.hunt), Draws(SEED)
        self.firsts: dict[str, Reward] = {}  # outcome of each click that counted, by id
        self.voids: set[int] = set()
        self.do(self._open)

    async def _open(self) -> None:
        await self._apply()
        await Hunts(self.pools[0]).open(self.hunt.id)

    def _click(self, number: int, player: str, x: float) -> Click:
        """Return a click; the same number is the same click, on whatever node."""
        made = str(uuid.UUID(int=number))
        prize = self.odds.draw(x, 20.0, self.draws.uniform(made, player))
        worth = (None, 0) if prize is None else (prize.id, prize.points)
        return Click(made, player, x, 20.0, *worth)

    def _batch(self, clicks: Sequence[tuple[int, str, float]]) -> list[Click]:
        return list(starmap(self._click, clicks))

    @rule(node=NODES, clicks=CLICKS)
    def commit(self, node: int, clicks: Sequence[tuple[int, str, float]]) -> None:
        batch = self._batch(clicks)
        self._check(batch, self.do(self.nodes[node].append, self.hunt.id, batch))

    @rule(first=CLICKS, second=CLICKS)
    def race(
        self, first: list[tuple[int, str, float]], second: list[tuple[int, str, float]]
    ) -> None:
        """Both nodes commit at once; some clicks are sent to both."""
        batches = [self._batch(first), self._batch(second + first[:2])]
        found: dict[int, list[Outcome]] = {}

        async def one(number: int) -> None:
            found[number] = await self.nodes[number].append(self.hunt.id, batches[number])

        async def both() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one, 0)
                nursery.start_soon(one, 1)

        self.do(both)
        for number, batch in enumerate(batches):
            self._check(batch, found[number], raced=True)

    @rule(clicks=CLICKS)
    def repeat_after_a_lost_answer(self, clicks: list[tuple[int, str, float]]) -> None:
        """One node commits and its answer is lost; the other node gets the same batch."""
        batch = self._batch(clicks)
        self.do(self.nodes[0].append, self.hunt.id, batch)
        before = self.do(self._read)
        again = self.do(self.nodes[1].append, self.hunt.id, batch)
        known, seen = {row.id for row in before}, {(row.seq, row.prize) for row in before}
        for click, outcome in zip(batch, again, strict=True):
            if isinstance(outcome, Settlement) and click.id in known:
                assert outcome.duplicate
                assert (outcome.reward.seq, outcome.reward.prize) in seen
        self._check(batch, again)

    @rule(number=st.integers(1, 40))
    def void(self, number: int) -> None:
        """An operator voids a reward: its unit returns to the stock."""
        rows = [row for row in self.do(self._read) if row.prize and row.seq not in self.voids]
        if rows:
            seq = rows[number % len(rows)].seq
            self.voids.add(seq)
            self.do(self._void, seq)

    async def _void(self, seq: int) -> None:
        states = RewardStates(self.pools[0])
        await states.change(self.hunt.id, "void", actor="test", seqs=[seq], reason="test")

    @rule(rules=CHANGES, stock=st.none() | st.integers(1, 6), keeps=st.booleans())
    def change(self, rules: dict[str, object], stock: int | None, keeps: bool) -> None:
        """An operator changes limits, a stock, or the list of prizes, while clicks arrive."""
        first, *others = self.hunts[0].prizes
        if not (first.release or first.first):
            first = replace(first, stock=stock, per_player=stock)
        prizes = (first, *(others if keeps or first.overflow else ()))
        self.hunt = replace(self.hunt, **rules, prizes=prizes)  # type: ignore[arg-type]
        self.hunts.append(self.hunt)
        self.odds = Odds(self.hunt)
        self.do(self._apply)

    async def _apply(self) -> None:
        await Hunts(self.pools[0]).apply(self.hunt, seed=SEED, actor="test")

    async def _entries(self) -> list[Entry]:
        query = """select e.document, e.definition from proof_entries e
                     join hunts h on h.number = e.hunt where h.id = %s order by e.number"""
        async with self.pools[0].connection() as conn:
            rows = await (await conn.execute(query, (self.hunt.id,))).fetchall()
        return [(json.loads(each), found and json.loads(found)) for each, found in rows]

    async def _read(self) -> list[Reward]:
        rows = []
        while more := await self.nodes[0].read(self.hunt.id, len(rows), 2**62):
            rows += more
        return rows

    def _check(self, batch: list[Click], outcomes: list[Outcome], *, raced: bool = False) -> None:
        """Check that each click has one outcome, however often it is sent."""
        for click, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Settlement):
                first = self.firsts.setdefault(click.id, outcome.reward)
                assert raced or outcome.reward.seq == first.seq
                assert (outcome.reward.prize, outcome.reward.points) == (first.prize, first.points)

    @invariant()
    def log_follows_from_the_rule(self) -> None:
        if not hasattr(self, "hunt"):
            return
        rows = self.do(self._read)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert len({row.id for row in rows}) == len(rows), "a click counts once"
        assert [row.at for row in rows] == sorted(row.at for row in rows)
        self._limits(rows)
        entries = self.do(self._entries)
        self._python_rule(entries, rows)
        self._verifier(entries, rows)

    def _limits(self, rows: list[Reward]) -> None:
        """State the limits as sums over the log, as long as they did not change."""
        if len(self.hunts) > 1:
            return
        standing = Counter(row.prize for row in rows if row.seq not in self.voids)
        by_player = Counter((row.player, row.prize) for row in rows if row.prize)
        for prize in self.hunt.prizes:
            assert prize.stock is None or standing[prize.id] <= prize.stock
            for (_, won), count in by_player.items():
                assert won != prize.id or prize.per_player is None or count <= prize.per_player
            plan = steps(self.hunt, prize, SEED)
            if plan and not self.voids:
                won = [_time(row.at) for row in rows if row.prize == prize.id]
                for number, at in enumerate(won, 1):
                    assert number <= max((s.total for s in plan if s.at <= at), default=0)
        if self.hunt.max_wins is not None:  # no example lasts over the end of a period
            wins = Counter(row.player for row in rows if row.prize)
            assert max(wins.values(), default=0) <= self.hunt.max_wins.count

    def _python_rule(self, entries: list[Entry], rows: list[Reward]) -> None:
        """Replay the log with the code of ``hunt verify --bundle``, which raises."""
        replay = Replay(SEED)
        for document, definition, row in _merged(entries, rows):
            if row is not None:
                names = ("id", "player", "x", "y", "prize", "points", "sold_out")
                plain = {name: getattr(row, name) for name in names}
                replay.row(row.seq, bundle.Row(**plain), Replay.time(row.at))
            elif document["kind"] == "seal":
                replay.change(bundle.definition_of(definition or {}), {}, document["at"])
            elif document["kind"] == "void":
                replay.void(document["rewards"], document["at"])

    def _verifier(self, entries: list[Entry], rows: list[Reward]) -> None:
        """Replay the log with the verifier that shares no code with the server."""
        verify = python_verifier()
        settlement = verify.Settlement(SEED)
        won = {}
        for document, definition, row in _merged(entries, rows):
            if row is not None:
                names = ("id", "player", "x", "y", "prize", "points", "sold_out")
                plain = {name: getattr(row, name) for name in names}
                won[row.seq] = plain | {"at": verify.instant(row.at)}
                assert settlement.judge(won[row.seq]) is None, row
            elif document["kind"] == "seal":
                since = verify.instant(document["at"])
                settlement.enter(verify.Version(definition, SEED, since))
            elif document["kind"] == "void":
                for seq in document["rewards"]:
                    settlement.take_back(won[seq], verify.instant(document["at"]))

    async def end(self) -> None:
        await self.stack.aclose()


def _merged(
    entries: list[Entry], rows: list[Reward]
) -> Iterator[tuple[Json, Json | None, Reward | None]]:
    """Yield entries and rows in the order of the chain: an entry, its definition, or a row."""
    after: dict[int, list[Entry]] = {}
    for each in entries:
        after.setdefault(each[0]["seq"], []).append(each)
    for row in (None, *rows):
        if row is not None:
            yield {}, None, row
        for document, definition in after.get(0 if row is None else row.seq, ()):
            yield document, definition, None


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at)


def test_log_on_two_nodes_follows_from_the_rule(shared_database: str) -> None:
    SettlementMachine.database = shared_database
    examples = int(os.environ.get("HUNT_TEST_EXAMPLES", "20"))
    run_state_machine_as_test(
        SettlementMachine, settings=settings(max_examples=examples, stateful_step_count=8)
    )
