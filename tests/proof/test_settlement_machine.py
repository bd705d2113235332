"""A model of the settlement: any clicks on two nodes, repeats, lost answers and voids.

After each step the log is compared with the rule in Python that ``hunt simulate`` uses
(`hunt.core.grants`), with the verifier that shares no code with the server, and with the
limits themselves, stated once more as sums over the log.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import starmap
from typing import ClassVar

import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from hunt.core.definition import Area, Definition, Even, Moments, Prize, Quota, Step
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.fairness import Draws
from hunt.core.grants import Grants
from hunt.core.hunt_file import to_json
from hunt.core.maps import Map
from hunt.core.odds import Odds
from hunt.core.periods import steps
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.reward_states import RewardStates
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
        self.odds, self.draws = Odds(self.hunt), Draws(SEED)
        self.firsts: dict[str, Reward] = {}  # outcome of each click that counted, by id
        self.voids: dict[int, datetime] = {}
        self.rows: list[Reward] = []
        self.do(self._open)

    async def _open(self) -> None:
        store = Hunts(self.pools[0])
        await store.apply(self.hunt, seed=SEED, actor="test")
        await store.open(self.hunt.id)

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
            self.voids[seq] = self.do(self._void, seq)

    async def _void(self, seq: int) -> datetime:
        states = RewardStates(self.pools[0])
        await states.change(self.hunt.id, "void", actor="test", seqs=[seq], reason="test")
        query = """select c.at from reward_changes c join hunts h on h.number = c.hunt
                    where h.id = %s and c.seq = %s"""
        async with self.pools[0].connection() as conn:
            row = await (await conn.execute(query, (self.hunt.id, seq))).fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]

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
        self._replay(rows, self._python_rule())
        self._replay(rows, self._verifier())

    def _limits(self, rows: list[Reward]) -> None:
        """State the limits as sums over the log."""
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

    def _replay(
        self, rows: list[Reward], judge: tuple[Callable[[Reward], object], Callable[..., None]]
    ) -> None:
        """Pass the rows in their order, with the voids between them."""
        settle, take_back = judge
        by_seq = {row.seq: row for row in rows}
        pending = sorted((at, seq) for seq, at in self.voids.items())
        for row in rows:
            while pending and pending[0][0] <= _time(row.at):
                at, seq = pending.pop(0)
                take_back(by_seq[seq], at)
            assert settle(row) is None, row

    def _python_rule(self) -> tuple[Callable[[Reward], object], Callable[..., None]]:
        grants = Grants(self.hunt, SEED)

        def settle(row: Reward) -> object:
            assert row.x is not None
            place = row.x, 20.0
            assert grants.attempt(row.player, _time(row.at), place)
            prize = self.odds.draw(*place, self.draws.uniform(row.id, row.player))
            given = grants.settle(prize and prize.id, row.player, place, _time(row.at))
            return None if given == (row.prize, row.sold_out) else given

        def take_back(row: Reward, at: datetime) -> None:
            grants.take_back(row.prize or "", _time(row.at), at)

        return settle, take_back

    def _verifier(self) -> tuple[Callable[[Reward], object], Callable[..., None]]:
        verify = python_verifier()
        settlement = verify.Settlement(SEED)
        settlement.enter(verify.Version(to_json(self.hunt), SEED))

        def plain(row: Reward) -> dict[str, object]:
            names = ("id", "player", "x", "y", "prize", "points", "sold_out")
            return {name: getattr(row, name) for name in names} | {"at": verify.instant(row.at)}

        def take_back(row: Reward, at: datetime) -> None:
            settlement.take_back(plain(row), verify.instant(at.isoformat()))

        return lambda row: settlement.judge(plain(row)), take_back

    async def end(self) -> None:
        await self.stack.aclose()


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at)


def test_log_on_two_nodes_follows_from_the_rule(shared_database: str) -> None:
    SettlementMachine.database = shared_database
    examples = int(os.environ.get("HUNT_TEST_EXAMPLES", "20"))
    run_state_machine_as_test(
        SettlementMachine, settings=settings(max_examples=examples, stateful_step_count=8)
    )
