"""A real server on a real PostgreSQL, on which examples are applied, opened, played and judged."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import starmap
from pathlib import Path

import trio

from hunt.core.definition import Definition
from hunt.core.events import Reward
from hunt.core.grants import INSTANT, Grants
from hunt.core.time_slices import TimeSpan
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.testing.checks import Violation
from hunt.testing.oracle import check_history
from hunt.testing.rule_checks import rules
from tests.examples.compressed import Example, compressed
from tests.examples.playing import Players
from tests.faults import http, postgres
from tests.faults.nodes import Node, node
from tests.faults.postgres import Postgres
from tests.support.processes import HUNT, MARGIN
from tests.support.proxy import to_unix

ROWS = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, hunt_time(r.at),
           r.x, r.y, r.sold_out
      from rewards r join hunts h on h.number = r.hunt where h.id = %s order by r.seq
"""


#: Seconds that a commit may take on a busy machine.
MOMENT = 1.0


@dataclass(frozen=True)
class Hour:
    """Grants and plan of one prize at the end of a slice of time."""

    number: int  #: of the slice, from 1
    prize: str
    granted: int
    planned: int
    due: int  #: what was planned by as much earlier as the players were late

    @property
    def off(self) -> float:
        """The deviation from the plan, relative to it."""
        return abs(self.granted - self.planned) / self.planned if self.planned else 0.0

    @property
    def is_kept(self) -> bool:
        """Whether the grants are within 5 % of the plan, or one unit."""
        return abs(self.granted - self.planned) <= max(0.05 * self.planned, 1)

    @property
    def is_followed(self) -> bool:
        """Whether the grants follow the plan as fast as the players came."""
        return 0.95 * self.due - 1 <= self.granted <= self.planned


@dataclass(frozen=True)
class Outcome:
    """A played example."""

    violations: list[Violation]
    statuses: Counter[int | None]
    hours: list[Hour]
    granted: dict[str, int]
    winners: int
    late: float  #: seconds, at most, by which the players were late


@dataclass
class Arena:
    """A server and its database."""

    postgres: Postgres
    node: Node

    @property
    def port(self) -> int:
        """Port of the server, without a proxy."""
        return self.node.own_port

    async def apply(self, path: Path) -> None:
        """Run ``hunt apply`` on a file or folder."""
        environ = {**os.environ, "HUNT_DATABASE_URL": self.postgres.conninfo}
        await trio.run_process(
            [*HUNT, "apply", str(path)], env=environ, capture_stdout=True, capture_stderr=True
        )

    async def play(
        self,
        example: Example,
        *,
        players: int,
        seconds: float,
        seed: int,
        stocks_for: int | None = None,
    ) -> Outcome:
        """Open an applied example in compressed time, let players play it, and judge the log.

        Args:
            example: The hunt, and how its players come.
            players: Number of players.
            seconds: How long the hunt lasts.
            seed: Chooses times and positions.
            stocks_for: Number of players to whom the stocks are scaled; None: `players`.
        """
        starts = datetime.now(UTC) + timedelta(seconds=2)
        definition = compressed(example.definition, starts, seconds, stocks_for or players)
        async with open_pool(self.postgres.conninfo, size=1) as pool:
            hunts = Hunts(pool)
            await hunts.apply(definition, seed=bytes(32), actor="examples")
            await hunts.open(definition.id)
            hunt = await hunts.get(definition.id)
        assert hunt is not None
        await self._wait_shown(definition.id)
        crowd = Players(example, definition, count=players, port=self.port, seed=seed)
        await crowd.run()
        books = await self.postgres.books(definition.id)
        rows = list(starmap(Reward, await self.postgres.execute(ROWS, [definition.id])))
        return Outcome(
            violations=check_history(crowd.history, books) + rules(definition, hunt.seed, rows),
            statuses=Counter(each.status for each in crowd.history.attempts(definition.id)),
            hours=list(
                hours(example.definition, definition, hunt.seed, rows, late=crowd.late + MOMENT)
            ),
            granted=dict(Counter(row.prize for row in rows if row.prize is not None)),
            winners=len({row.player for row in rows if row.prize is not None}),
            late=crowd.late,
        )

    async def _wait_shown(self, hunt: str) -> None:
        """Wait until the server knows a hunt."""
        channel = http.Channel(self.port)
        with trio.fail_after(30):
            while (await channel.request(http.get_request(f"/v1/hunts/{hunt}", ""))).status != 200:
                await trio.sleep(0.05)
        channel.close()


def hours(
    original: Definition,
    played: Definition,
    seed: bytes,
    rows: Sequence[Reward],
    *,
    late: float,
) -> Iterator[Hour]:
    """Yield grants and plan of each prize at the end of each hour of the original hunt.

    Args:
        original: The hunt of the file.
        played: The same in compressed time.
        seed: Seed of the hunt.
        rows: Its log.
        late: Seconds, at most, by which players and commits were late.
    """
    assert played.opens_at is not None
    assert played.closes_at is not None
    span, grants = TimeSpan(original, "hour"), Grants(played, seed)
    times = [(datetime.fromisoformat(row.at), row.prize) for row in rows]
    for number, until in enumerate(span.bounds(), 1):
        share = (until - span.starts) / span.length
        end = played.opens_at + share * (played.closes_at - played.opens_at)
        granted = Counter(prize for at, prize in times if at < end)
        due = grants.planned(end - timedelta(seconds=late))
        for prize, planned in grants.planned(end - INSTANT).items():
            yield Hour(number, prize, granted[prize], planned, due[prize])


@asynccontextmanager
async def arena(folder: Path, *, processes: int = 2) -> AsyncIterator[Arena]:
    """Run a server of some processes, and its PostgreSQL."""
    async with (
        postgres.running(folder / "postgres", None) as database,
        node(
            folder / "node", to_unix(database.socket), processes=processes, environ=MARGIN
        ) as server,
    ):
        yield Arena(database, server)
