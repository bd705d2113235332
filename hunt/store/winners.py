"""Rows of a hunt's log for operators: those that won a prize, or all."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hunt.core import codes
from hunt.core.claims import RewardState
from hunt.core.codes import Code
from hunt.core.key_ring import KeyRing
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

NUMBER = "select number, last_seq, codes from hunts where id = %s"

LAST = "select last_seq from hunts where id = %s"

# The log has no index of wins, which each commit would pay for.  So a page reads a bounded
# range of the log.  Not prepared: a plan made for this hunt reads its partition only.
PAGE = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, r.at, r.x, r.y, r.sold_out,
           case when r.prize is not null then coalesce(s.state, 'granted') end,
           s.claimed_at, s.sent_at, c.sealed,
           case when %(codes)s and r.prize is not null then hunt_code(r.hunt, r.seq) end
      from rewards r
      left join lateral (
               select (array_agg(h.state order by h.number desc))[1] as state,
                      max(h.at) filter (where h.state = 'claimed') as claimed_at,
                      max(h.at) filter (where h.state = 'sent') as sent_at
                 from reward_changes h where h.hunt = %(hunt)s and h.seq = r.seq) s on true
      left join claims c on %(fields)s and c.hunt = %(hunt)s and c.seq = r.seq
     where r.hunt = %(hunt)s and r.seq > %(after)s and r.seq <= %(upto)s
       and (r.prize is not null or %(every)s)
       and (%(prize)s::text is null or r.prize = %(prize)s)
       and (%(player)s::text is null or r.player = %(player)s)
       and (%(state)s::text is null or coalesce(s.state, 'granted') = %(state)s)
       and (%(since)s::timestamptz is null or r.at >= %(since)s)
       and (%(until)s::timestamptz is null or r.at < %(until)s)
     order by r.seq limit %(limit)s
"""

#: Rows of the log that one page reads, at most.
RANGE = 20_000


class Winner(Struct, frozen=True):
    """A row of the log."""

    seq: int
    id: str  #: of the click
    player: str
    prize: str | None  #: None only where all clicks are wanted
    points: int
    at: datetime  #: time of settlement, by the database's clock
    x: float | None  #: position of the click, in map units; None: erased
    y: float | None
    sold_out: str | None = None  #: the prize that it drew, and whose stock was used up
    state: RewardState | None = None  #: None without a prize
    claimed_at: datetime | None = None  #: None: not claimed
    sent_at: datetime | None = None  #: None: not sent
    sealed: bytes | None = None  #: fields of its claim, if they were asked for
    fields: dict[str, object] | None = None  #: the same, once they are opened
    code: Code | None = None  #: only where codes are wanted


class Filter(Struct, frozen=True):
    """Conditions on the rows to return; None: no condition."""

    prize: str | None = None
    player: str | None = None
    since: datetime | None = None  #: settled at this time or later
    until: datetime | None = None  #: settled before this time
    state: RewardState | None = None


async def page(
    pool: Pool,
    hunt: str,
    wanted: Filter,
    *,
    after: int,
    limit: int,
    every: bool = False,
    upto: int | None = None,
    ring: KeyRing | None = None,
    fields: bool = False,
) -> tuple[list[Winner], int | None]:
    """Return winners in the order of the log, and the seq after which to go on.

    A page may have fewer winners than `limit`, or none, although more follow: it reads at most
    `RANGE` rows of the log.

    Args:
        pool: Opened and closed by the caller.
        hunt: Id of the hunt; there are no winners if there is no such hunt.
        wanted: Conditions on the winners to return.
        after: Return only winners with a greater seq; >= 0.
        limit: Largest number of winners, >= 1.
        every: Return all rows of the log, also those that won nothing.
        upto: Last seq to return; None: the end of the log.
        ring: Keys of the codes; None: return no codes.
        fields: Whether to return the sealed fields of claims.

    Returns:
        The winners, and None instead of a seq at the end.

    Raises:
        StoreError: The log cannot be read.
        SealError: A key of the codes is missing.
    """
    with translated():
        async with pool.transaction() as conn:
            row = await (await conn.execute(NUMBER, (hunt,))).fetchone()
            if row is None:
                return [], None
            number, last, has_codes = row
            last = last if upto is None else min(last, upto)
            end = min(last, after + RANGE)
            values = {
                "hunt": number, "after": after, "upto": end, "prize": wanted.prize,
                "player": wanted.player, "since": wanted.since, "until": wanted.until,
                "limit": limit, "every": every, "state": wanted.state, "fields": fields,
                "codes": has_codes and ring is not None,
            }  # fmt: skip
            found = await (await conn.execute(PAGE, values, prepare=False)).fetchall()
    winners = [_winner(ring, hunt, each) for each in found]
    reached = winners[-1].seq if len(winners) == limit else end
    return winners, reached if reached < last else None


def _winner(ring: KeyRing | None, hunt: str, row: tuple[Any, ...]) -> Winner:
    *values, packed = row
    winner = Winner(*values)
    if ring is None or packed is None or winner.prize is None:
        return winner
    return replace(winner, code=codes.opened(ring, hunt, winner.prize, packed))


async def pages(
    pool: Pool,
    hunt: str,
    wanted: Filter,
    *,
    after: int = 0,
    limit: int = RANGE,
    every: bool = False,
    ring: KeyRing | None = None,
    fields: bool = False,
) -> AsyncGenerator[list[Winner], None]:
    """Yield winners up to the present end of the log, page by page; see `page`.

    No connection is held between two pages, so a slow reader costs the database nothing.
    """
    with translated():
        async with pool.connection() as conn:
            row = await (await conn.execute(LAST, (hunt,))).fetchone()
    if row is None:
        return
    following: int | None = after
    while following is not None:
        winners, following = await page(
            pool,
            hunt,
            wanted,
            after=following,
            limit=limit,
            every=every,
            upto=row[0],
            fields=fields,
            ring=ring,
        )
        if winners:
            yield winners
