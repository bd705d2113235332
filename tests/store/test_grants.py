"""One rule of stock and players' limits: the SQL function and `Grants` decide alike."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import starmap

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from hunt.bus import postgres
from hunt.core import notice
from hunt.core.definition import (
    Area,
    Definition,
    Even,
    Moments,
    Prize,
    Quota,
    Release,
    Step,
)
from hunt.core.events import Click, Outcome, Settlement
from hunt.core.grants import Given, Grants
from hunt.core.maps import Map
from hunt.errors import ClickConflict, NoAttempts, Refused, TooFar, TooFast
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.reward_states import RewardStates
from tests.store.open_log import PLAIN

PRIZES = ("coin", "chest")

#: Seconds; no cooldown ends during an example.
COOLDOWN = 3600.0
#: A speed at which no player moves during an example.
CRAWL = 1e-9
HOUR = timedelta(hours=1)


#: Takes the place of the present in a hunt that is drawn; `at_present` moves all times.  Those of
#: the rules are hours away from it, so that an example ends before them.
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = st.integers(-4, 4).filter(bool).map(lambda hours: NOW + timedelta(hours=hours))
QUOTAS = st.none() | st.builds(Quota, st.integers(1, 3), st.sampled_from(("week", "hunt")))


@st.composite
def releases(draw: st.DrawFn, stock: int | None) -> Release | None:
    kind = draw(st.sampled_from(("none", "even", "steps", "moments")))
    if kind == "even" and stock is not None:
        return Even()
    if kind == "moments":
        return Moments(draw(st.integers(1, 6)))
    if kind == "steps":
        times = sorted(draw(st.sets(HOURS, min_size=1, max_size=3)))
        totals = sorted(draw(st.lists(st.integers(0, 5), min_size=3, max_size=3)))
        return tuple(starmap(Step, zip(times, totals, strict=False)))
    return None


@st.composite
def prizes(draw: st.DrawFn, *, ruled: bool, on: Map = PLAIN.map) -> tuple[Prize, ...]:
    """Draw prizes of which most have a small stock, a small limit, or both."""
    stocks = st.sampled_from((None, 0, 1, 2, 3, 5))
    limits = st.sampled_from((None, 1, 1, 2))
    plain = [Prize(each, each.title(), 5, 0.1, draw(stocks), draw(limits)) for each in PRIZES]
    if not ruled:
        return tuple(plain)
    found, within = [], 600_000.0 if on.is_degrees else 5.0
    for prize in plain:
        release = draw(releases(prize.stock))
        stepped = isinstance(release, Moments | tuple)
        first = stepped and draw(st.booleans())
        found.append(
            replace(
                prize,
                release=release,
                first=first,
                odds=draw(st.sampled_from((1.0, Area(1.0, (0, 0), within)))) if first else 0.1,
                void=stepped and draw(st.booleans()),
                starts=draw(st.sampled_from((None, None, NOW - HOUR, NOW + HOUR))),
                until=draw(st.sampled_from((None, NOW + 2 * HOUR))),
            )
        )
    if not found[1].first:
        found[0] = replace(found[0], overflow=draw(st.sampled_from((None, found[1].id))))
    return tuple(found)


@st.composite
def clicks(draw: st.DrawFn) -> Click:
    """Draw a click from a small set, so that many are repeats or reuse an id for another click."""
    number = draw(st.integers(0, 39))
    player = draw(st.sampled_from(("ada", "bob", "cy")))
    prize = draw(st.sampled_from(("coin", "coin", "coin", "chest", None)))
    x = draw(st.sampled_from((1.5, 1.5, 1.5, 9.0)))
    return Click(str(uuid.UUID(int=number)), player, x, 2.5, prize, 5 if prize else 0)


def at_present(hunt: Definition, now: datetime) -> Definition:
    """Return a hunt with `now` in the place of `NOW`."""

    def moved(at: datetime | None) -> datetime | None:
        return at and at - NOW + now

    def release(plan: Release | None) -> Release | None:
        if isinstance(plan, tuple):
            return tuple(Step(step.at - NOW + now, step.total) for step in plan)
        return plan

    prizes = (
        replace(
            each,
            starts=moved(each.starts),
            until=moved(each.until),
            release=release(each.release),
        )
        for each in hunt.prizes
    )
    return replace(
        hunt,
        opens_at=moved(hunt.opens_at),
        closes_at=moved(hunt.closes_at),
        prizes=tuple(prizes),
    )


class Model:
    """The log, settled click by click.

    Args:
        hunt: The hunt.
        seed: Its seed.
        now: The time of all clicks.
    """

    def __init__(self, hunt: Definition, seed: bytes, now: datetime) -> None:
        self._now = now
        self.grants = Grants(hunt, seed)
        self._cooldown = hunt.cooldown > 0
        self._attempts = hunt.attempts
        self._has_speed = hunt.max_speed is not None
        self._worth = {prize.id: prize.points for prize in hunt.prizes}
        self._rows: dict[str, tuple[Click, int, Given]] = {}
        self._clicked: set[str] = set()

    def commit(self, batch: list[Click]) -> list[object]:
        refused: dict[str, bool] = {}
        rows = [self._settle(click, refused) for click in batch]
        # The limit is compared after the batch, so its last attempt refuses all others alike.
        return [
            self._reason(click.player) if each is TooFast else each
            for each, click in zip(rows, batch, strict=True)
        ]

    def _reason(self, player: str) -> type[Refused]:
        if self._attempts is not None and self.grants.attempts(player, self._now) == 0:
            return NoAttempts
        is_cooling = self._cooldown and player in self._clicked
        return TooFar if self._has_speed and not is_cooling else TooFast

    def _settle(self, click: Click, refused: dict[str, bool]) -> object:
        duplicate = click.id in self._rows
        if not duplicate:
            # If an id occurs twice in a batch, only the first of its clicks can count.
            if (
                click.id in refused
                or (self._cooldown and click.player in self._clicked)
                or not self.grants.attempt(click.player, self._now, (click.x, click.y))
            ):
                refused[click.id] = True
                return TooFast
            self._clicked.add(click.player)
            given = self.grants.settle(click.prize, click.player, (click.x, click.y), self._now)
            self._rows[click.id] = click, len(self._rows) + 1, given
        first, seq, given = self._rows[click.id]
        if (first.player, first.x) != (click.player, click.x):
            return ClickConflict
        return seq, given.prize, self._worth.get(given.prize or "", 0), given.sold_out, duplicate

    def void(self, seqs: set[int]) -> list[int]:
        """Void the rewards among some rows, and return them; each row is passed once."""
        found = []
        for _, seq, (prize, _) in self._rows.values():
            if seq in seqs and prize is not None:
                self.grants.take_back(prize, self._now, self._now)
                found.append(seq)
        return found


def seen(outcome: Outcome) -> object:
    """Return the part of an outcome that the model predicts."""
    if not isinstance(outcome, Settlement):
        return type(outcome)
    row = outcome.reward
    return row.seq, row.prize, row.points, row.sold_out, outcome.duplicate


@st.composite
def hunts(draw: st.DrawFn) -> Definition:
    """Draw a hunt, half of them with rules."""
    on = draw(st.sampled_from((PLAIN.map, Map(0, 0, 10, 10, "degrees"))))
    hunt = replace(
        PLAIN,
        id=f"h-{uuid.uuid4().hex}",
        map=on,
        cooldown=draw(st.sampled_from((0.0, 0.0, COOLDOWN))),
        max_speed=draw(st.sampled_from((None, None, CRAWL))),
        attempts=draw(st.sampled_from((None, None, Quota(2, "hunt"), Quota(3, "week")))),
    )
    if draw(st.booleans()):
        return replace(hunt, prizes=draw(prizes(ruled=False)))
    return replace(
        hunt,
        opens_at=NOW - 5 * HOUR,
        closes_at=NOW + 7 * HOUR,
        timezone=draw(st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu"))),
        max_wins=draw(QUOTAS),
        prizes=draw(prizes(ruled=True, on=on)),
    )


@settings(max_examples=200)
@given(
    hunt=hunts(),
    batches=st.lists(st.lists(clicks(), min_size=1, max_size=16), min_size=1, max_size=3),
    voids=st.lists(st.sets(st.integers(1, 9), max_size=3), min_size=3, max_size=3),
)
async def test_sql_grants_what_the_python_rule_grants(
    shared_database: str, hunt: Definition, batches: list[list[Click]], voids: list[set[int]]
) -> None:
    seed = bytes(range(32))
    now = datetime.now(UTC)
    hunt = at_present(hunt, now)
    model = Model(hunt, seed, now)
    async with (
        open_pool(shared_database, size=1) as pool,
        Listener(shared_database).listening((postgres.LOG,)) as received,
    ):
        store, log = Hunts(pool), Log(pool)
        await store.apply(hunt, seed=seed, actor="test")
        await store.open(hunt.id)
        states, gone = RewardStates(pool), set[int]()
        for batch, void in zip(batches, voids, strict=False):
            expected = model.commit(batch)
            outcomes = await log.append(hunt.id, batch)
            assert [seen(each) for each in outcomes] == expected
            new = [
                each.reward
                for each in outcomes
                if isinstance(each, Settlement) and not each.duplicate
            ]
            if new:
                with trio.fail_after(5):
                    told = notice.parse((await anext(received))[1])
                assert told.rewards == tuple(new), "a notice has what each click got"
            if seqs := model.void(void - gone):
                await states.change(hunt.id, "void", actor="test", seqs=seqs, reason="test")
                gone.update(seqs)
        found = await store.get(hunt.id)
        assert found is not None
        assert found.stock_left == {
            each.id: max(
                each.stock - model.grants.granted[each.id] - model.grants.voided[each.id], 0
            )
            for each in hunt.prizes
            if each.stock is not None
        }
