"""Simulated honest players, and cheats among them, as rows of a log."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hunt.core.crowds import Crowds, Shares
from hunt.core.definition import Definition
from hunt.core.maps import Position
from hunt.core.odds import Odds
from hunt.store.driver.pool import Pool

BEGIN = datetime(2026, 11, 1, 18, tzinfo=UTC)

#: Seconds of a batch: clicks that arrive meanwhile get the same time.
BATCH = 0.02

#: Degrees of latitude in a metre.
METRE = 1 / 111_195.08


class Row(NamedTuple):
    """A click of a log."""

    player: str
    at: float  #: seconds since `BEGIN`
    x: float
    y: float
    prize: str | None


class Players:
    """Makes the clicks of players of a hunt.

    Args:
        definition: The hunt.
        seed: Of all random choices.
        shares: Crowds of the honest players.
        spread: See `Crowds`.
    """

    def __init__(
        self, definition: Definition, seed: int, shares: Shares, spread: float = 0.05
    ) -> None:
        self.random = random.Random(seed)
        self._definition = definition
        self._odds = Odds(definition)
        self._crowds = Crowds(
            definition, shares, spread=spread, best=(0, 0), uniform=self.random.random
        )

    def honest(self, count: int, clicks: int) -> Iterator[Row]:
        """Yield the clicks of honest players, in no order.

        Gaps between clicks are log-normal with a median from 0.3 to 15 s; a tenth of the
        players taps in a rhythm that varies by 12 %.  One gap in fifty is a pause.
        """
        uniform, choice = self.random.uniform, self.random
        for number in range(count):
            median = math.exp(uniform(math.log(0.3), math.log(15)))
            spread = uniform(0.25, 0.9)
            rhythmic = number % 10 == 9
            crowd, at = self._crowds.of(number), uniform(0, 600)
            for _ in range(round(clicks * uniform(0.2, 1.8))):
                if choice.random() < 0.02:
                    at += uniform(20, 200)
                elif rhythmic:
                    at += max(choice.gauss(1, 0.12) * uniform(0.98, 1.02), 0.2) * min(median, 1.0)
                else:
                    at += choice.lognormvariate(math.log(median), spread)
                if self._definition.cooldown:
                    at += self._definition.cooldown
                yield self.click(f"honest-{number}", at, self._crowds.position(crowd))

    def walkers(self, count: int, clicks: int) -> Iterator[Row]:
        """Yield the clicks of players who walk; one of their positions in 200 is 2 km wrong."""
        on, choice = self._definition.map, self.random
        for number in range(count):
            x, y = on.at(choice.random(), choice.random())
            at = choice.uniform(0, 600)
            for _ in range(clicks):
                pause = choice.lognormvariate(math.log(8), 0.8)
                at += pause
                angle, metres = choice.uniform(0, 2 * math.pi), 1.4 * pause
                x += math.cos(angle) * metres * METRE
                y += math.sin(angle) * metres * METRE
                wrong = 2000 * METRE if choice.random() < 0.005 else 0.0
                noise = choice.gauss(0, 15 * METRE)
                yield self.click(f"walker-{number}", at, (x + noise, y + wrong + noise))

    def regular(self, player: str, position: Position, *, gap: float, count: int) -> Iterator[Row]:
        """Yield the clicks of a program that clicks at even intervals, with a jitter of 5 ms."""
        for number in range(count):
            yield self.click(player, 300 + number * gap + self.random.uniform(0, 0.005), position)

    def click(self, player: str, at: float, position: Position) -> Row:
        """Return a click, with the prize that it draws."""
        prize = self._odds.draw(*position, self.random.random())
        return Row(player, at, *position, None if prize is None else prize.id)


async def record(pool: Pool, hunt: str, rows: list[Row]) -> None:
    """Write a log as the batches of a busy hunt would have."""
    rows = sorted(rows, key=lambda each: each.at)
    number = "select number from hunts where id = %s"
    async with pool.transaction() as conn:
        found = await (await conn.execute(number, (hunt,))).fetchone()
        assert found is not None
        cursor = conn.cursor()
        copy = "copy rewards (hunt, seq, click_id, player, x, y, prize, points, at) from stdin"
        async with cursor.copy(copy) as written:
            for seq, row in enumerate(rows, 1):
                at = BEGIN + timedelta(seconds=math.ceil(row.at / BATCH) * BATCH)
                click_id = f"00000000-0000-4000-8000-{seq:012x}"
                values = found[0], seq, click_id, row.player, row.x, row.y, row.prize, 0, at
                await written.write_row(values)
        await conn.execute("update hunts set last_seq = %s where id = %s", (len(rows), hunt))
