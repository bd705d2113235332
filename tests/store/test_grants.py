"""One rule of stock and players' limits: the SQL function and `Grants` decide alike."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hunt.core.definition import Prize
from hunt.core.events import Click, Outcome, Settlement
from hunt.core.grants import Grants
from hunt.errors import ClickConflict, TooFast
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.store.open_log import PLAIN

PRIZES = ("coin", "chest")

#: Seconds; no cooldown ends during an example.
COOLDOWN = 3600.0


@st.composite
def prizes(draw: st.DrawFn) -> tuple[Prize, ...]:
    """Draw prizes of which most have a small stock, a small limit, or both."""
    stocks = st.sampled_from((None, 0, 1, 2, 3, 5))
    limits = st.sampled_from((None, 1, 1, 2))
    return tuple(Prize(name, name.title(), 5, 0.1, draw(stocks), draw(limits)) for name in PRIZES)


@st.composite
def clicks(draw: st.DrawFn) -> Click:
    """Draw a click from a small set, so that many are repeats or reuse an id for another click."""
    number = draw(st.integers(0, 39))
    player = draw(st.sampled_from(("ada", "bob", "cy")))
    prize = draw(st.sampled_from(("coin", "coin", "coin", "chest", None)))
    x = draw(st.sampled_from((1.5, 1.5, 1.5, 9.0)))
    return Click(str(uuid.UUID(int=number)), player, x, 2.5, prize, 5 if prize else 0)


class Model:
    """The log, settled click by click.

    Args:
        grants: The rule for prizes.
        cooldown: Whether only the first click of each player counts.
    """

    def __init__(self, grants: Grants, *, cooldown: bool) -> None:
        self._grants = grants
        self._cooldown = cooldown
        self._rows: dict[str, tuple[Click, int, str | None]] = {}
        self._clicked: set[str] = set()

    def commit(self, batch: list[Click]) -> list[object]:
        refused: set[str] = set()
        return [self._settle(click, refused) for click in batch]

    def _settle(self, click: Click, refused: set[str]) -> object:
        duplicate = click.id in self._rows
        if not duplicate:
            # If an id occurs twice in a batch, only the first of its clicks can count.
            if self._cooldown and (click.player in self._clicked or click.id in refused):
                refused.add(click.id)
                return TooFast
            self._clicked.add(click.player)
            wins = click.prize is not None and self._grants.grant(click.prize, click.player)
            self._rows[click.id] = click, len(self._rows) + 1, click.prize if wins else None
        first, seq, prize = self._rows[click.id]
        if (first.player, first.x) != (click.player, click.x):
            return ClickConflict
        return seq, prize, 5 if prize else 0, duplicate


def seen(outcome: Outcome) -> object:
    """Return the part of an outcome that the model predicts."""
    if not isinstance(outcome, Settlement):
        return type(outcome)
    row = outcome.reward
    return row.seq, row.prize, row.points, outcome.duplicate


@settings(max_examples=100)
@given(
    defined=prizes(),
    batches=st.lists(st.lists(clicks(), min_size=1, max_size=16), min_size=1, max_size=3),
    cooldown=st.sampled_from((False, False, True)),
)
async def test_sql_grants_what_the_python_rule_grants(
    shared_database: str, defined: tuple[Prize, ...], batches: list[list[Click]], cooldown: bool
) -> None:
    hunt = replace(
        PLAIN, id=f"h-{uuid.uuid4().hex}", prizes=defined, cooldown=COOLDOWN if cooldown else 0.0
    )
    grants = Grants(defined)
    model = Model(grants, cooldown=cooldown)
    async with open_pool(shared_database, size=1) as pool:
        hunts, log = Hunts(pool), Log(pool)
        await hunts.apply(hunt, seed=os.urandom(32), actor="test")
        await hunts.open(hunt.id)
        for batch in batches:
            expected = model.commit(batch)
            assert [seen(each) for each in await log.append(hunt.id, batch)] == expected
        found = await hunts.get(hunt.id)
        assert found is not None
        assert found.stock_left == {
            each.id: each.stock - grants.granted[each.id]
            for each in defined
            if each.stock is not None
        }
