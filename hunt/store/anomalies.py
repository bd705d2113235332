"""Figures of the players in the recent part of a log, for the list of anomalies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from hunt.core import anomalies
from hunt.core.anomalies import Anomaly, Figures, Window
from hunt.core.player_ids import ERASED_PREFIX
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

HUNT = "select number, last_seq, sphere, cooldown from hunts where id = %s"

TOTALS = """
    select count(*), count(prize), count(distinct player), min(at), max(at)
      from rewards where hunt = %(hunt)s and seq > %(after)s and seq <= %(upto)s
"""

# Reads the newest rows by the primary key.  Not prepared: a plan made for this hunt reads its
# partition only.  Players with few clicks cannot be unusual, and are not returned.
FIGURES = """
    with clicks as materialized (
        select r.player, r.prize, extract(epoch from r.at - lag(r.at) over w)::float8 as seconds,
               case when %(sphere)s and r.x is not null and lag(r.x) over w is not null
                    then hunt_distance(
                        point(lag(r.x) over w, lag(r.y) over w), point(r.x, r.y), true)
               end as metres
          from rewards r
         where r.hunt = %(hunt)s and r.seq > %(after)s and r.seq <= %(upto)s
           and not starts_with(r.player, %(erased)s)
        window w as (partition by r.player order by r.seq)
    ), gaps as (
        select c.player, c.seconds, greatest(c.seconds - %(cooldown)s, 0) as gap from clicks c
         where c.seconds is not null
    ), medians as (
        select g.player, percentile_cont(0.5) within group (order by g.gap) as median
          from gaps g group by g.player having count(*) >= %(intervals)s
    ), regular as (
        select g.player, count(*) as intervals, avg(g.gap) as mean, stddev_samp(g.gap) as deviation
          from gaps g join medians m using (player)
         where g.gap <= %(pause_medians)s * m.median
         group by g.player
    )
    select c.player, count(*), count(c.prize), coalesce(max(r.intervals), 0),
           coalesce(  -- least() ignores nulls
               sum(least(c.seconds, %(pause)s)) filter (where c.seconds is not null), 0),
           max(r.mean), max(r.deviation),
           count(*) filter (where c.metres >= %(jump)s and c.metres > %(speed)s * c.seconds),
           max(c.metres / greatest(c.seconds, 0.001))
               filter (where c.metres >= %(jump)s and c.metres > %(speed)s * c.seconds)
      from clicks c left join regular r using (player)
     group by c.player
    having max(r.intervals) > 0 or count(c.prize) >= %(wins)s
        or count(*) filter (where c.metres >= %(jump)s) >= %(jumps)s
"""

#: Rows of the log that are examined, at most and by default.
MOST_CLICKS, CLICKS = 50_000, 20_000


class Found(Struct, frozen=True, kw_only=True):
    """The anomalies in the recent part of a log."""

    window: Window
    since: datetime | None  #: time of its first click; None without clicks
    until: datetime | None  #: time of its last click
    players: list[Anomaly]


class StoredAnomalies:
    """Finds anomalies in logs.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, hunt: str, clicks: int = CLICKS) -> Found | None:
        """Return the anomalies in the newest clicks of a hunt; None if there is no such hunt.

        Args:
            hunt: Id of the hunt.
            clicks: Rows to examine, 1 to `MOST_CLICKS`.

        Raises:
            StoreError: The log cannot be read.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(HUNT, (hunt,))).fetchone()
                if row is None:
                    return None
                number, last, sphere, cooldown = row
                values = {
                    "hunt": number, "after": max(last - clicks, 0), "upto": last, "sphere": sphere,
                    "cooldown": cooldown, "erased": ERASED_PREFIX,
                    "intervals": anomalies.LEAST_INTERVALS,
                    "pause_medians": anomalies.PAUSE_MEDIANS, "pause": anomalies.PAUSE,
                    "jump": anomalies.JUMP, "speed": anomalies.SPEED,
                    "wins": anomalies.LEAST_WINS, "jumps": anomalies.LEAST_JUMPS,
                }  # fmt: skip
                totals = await (await conn.execute(TOTALS, values, prepare=False)).fetchone()
                rows = await (await conn.execute(FIGURES, values, prepare=False)).fetchall()
        assert totals is not None
        count, wins, players, since, until = totals
        window = Window(clicks=count, wins=wins, players=players)
        found = anomalies.anomalies(map(_figures, rows), window)
        return Found(window=window, since=since, until=until, players=found)


_NAMES = (
    "player", "clicks", "wins", "intervals", "active", "mean", "deviation", "jumps", "speed",
)  # fmt: skip


def _figures(row: tuple[Any, ...]) -> Figures:
    return Figures(**dict(zip(_NAMES, row, strict=True)))
