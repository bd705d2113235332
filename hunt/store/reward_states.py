"""States of rewards after they were granted: claims of players, changes by operators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import starmap

from msgspec import Struct

from hunt.core.claims import Claim, RewardState
from hunt.core.events import Reward
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.outcomes import of_hunt

NUMBER = "select number from hunts where id = %s"

# Not prepared: a plan made for this hunt reads its partition only.
GET = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, hunt_time(r.at), r.x, r.y,
           null::text, null, hunt_reward_state(r.hunt, r.seq), c.sealed
      from rewards r left join claims c on c.hunt = r.hunt and c.seq = r.seq
     where r.hunt = %(hunt)s and r.seq = %(seq)s and r.prize is not null
"""

HISTORY = """
    select number, state, at, actor, reason from reward_changes
     where hunt = %s and seq = %s order by number
"""

CLAIM = """
    select verdict, state from hunt_claim(%s, %s, %s, %s::timestamptz, %s::interval, %s, %s)
"""

CHANGE = "select seq, before, wrong from hunt_change_rewards(%s, %s::bigint[], %s, %s, %s, %s)"

# Void rewards, and prizes whose count differs.  Where a prize has codes, a void one still counts.
# One statement, so one snapshot.
COUNTS = """
    with void as materialized (
        select c.seq from reward_changes c where c.hunt = %(hunt)s and c.state = 'void'
    ), stands as (
        select r.prize, count(*) as everything,
               count(*) filter (where r.seq in (select v.seq from void v)) as void
          from rewards r where r.hunt = %(hunt)s and r.prize is not null group by r.prize
    )
    select (select count(*) from void),
           array(select z.id from prizes z left join stands s on s.prize = z.id
                  where z.hunt = %(hunt)s
                    and (z.stock is not null or z.stepped or z.even is not null)
                    and z.granted <> coalesce(s.everything, 0)
                        - case when z.codes then 0 else coalesce(s.void, 0) end
                  order by z.id)
"""

CLAIMED, MISSING, FINAL, LATE = range(4)  # verdicts of hunt_claim


class Claimable(Struct, frozen=True):
    """A reward that won a prize, with its present state."""

    reward: Reward  #: its `state` is never None
    sealed: bytes | None  #: the fields of its claim; None: there are none


class Change(Struct, frozen=True):
    """One row of the history of a reward."""

    number: int  #: 1, 2, 3 … within the hunt
    state: RewardState
    at: datetime
    actor: str | None  #: None: the player
    reason: str | None


class Asked(Struct, frozen=True):
    """A reward that an operator asked to change."""

    seq: int
    before: RewardState
    wrong: str | None  #: why it cannot change; then no other reward of the request changed


class RewardStates:
    """States of rewards in the database.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, hunt: str, seq: int) -> Claimable | None:
        """Return a reward; None if there is none with this seq that won a prize."""
        with translated():
            async with self._pool.transaction() as conn:
                number = await (await conn.execute(NUMBER, (hunt,))).fetchone()
                if number is None:
                    return None
                values = {"hunt": number[0], "seq": seq}
                row = await (await conn.execute(GET, values, prepare=False)).fetchone()
        if row is None:
            return None
        return Claimable(of_hunt(hunt, Reward(*row[:-1])), row[-1] and bytes(row[-1]))

    async def history(self, hunt: str, seq: int) -> list[Change]:
        """Return the changes of a reward, oldest first."""
        with translated():
            async with self._pool.connection() as conn:
                number = await (await conn.execute(NUMBER, (hunt,))).fetchone()
                if number is None:
                    return []
                rows = await (await conn.execute(HISTORY, (number[0], seq))).fetchall()
        return list(starmap(Change, rows))

    async def claim(
        self, hunt: str, player: str, seq: int, claim: Claim, sealed: bytes | None
    ) -> tuple[int, RewardState | None]:
        """Claim a reward, or replace the fields of its claim, before its deadline.

        Safe to repeat.

        Args:
            hunt: Id of the hunt.
            player: Owner of the reward.
            seq: Seq of the reward.
            claim: How its prize is claimed.
            sealed: The fields; None: the form has none.

        Returns:
            `CLAIMED`, `MISSING`, `FINAL` or `LATE`, and the state of the reward.

        Raises:
            StoreError: Nothing was recorded, or the outcome is unknown.
        """
        within = claim.until if isinstance(claim.until, timedelta) else None
        until = claim.until if isinstance(claim.until, datetime) else None
        values = (hunt, player, seq, until, within, sealed, claim.retain)
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(CLAIM, values)).fetchone()
        assert row is not None
        return row[0], row[1]

    async def change(
        self,
        hunt: str,
        state: RewardState,
        *,
        actor: str,
        seqs: Sequence[int] | None = None,
        player: str | None = None,
        reason: str | None = None,
    ) -> list[Asked]:
        """Mark rewards as sent, or void them, with an audit entry; all of them or none.

        Safe to repeat.

        Args:
            hunt: Id of an existing hunt.
            state: ``sent`` or ``void``.
            actor: Name of the operator.
            seqs: The rewards; None: all of `player` that are not sent.
            player: Id of a player, instead of `seqs`.
            reason: Why they are void; None for ``sent``.

        Raises:
            StoreError: Nothing was changed, or the outcome is unknown.
        """
        values = (hunt, None if seqs is None else list(seqs), player, state, reason, actor)
        with translated():
            async with self._pool.transaction() as conn:
                rows = await (await conn.execute(CHANGE, values)).fetchall()
        return list(starmap(Asked, rows))


async def grant_counts(pool: Pool, hunt: str) -> tuple[int, list[str]]:
    """Return the number of void rewards, and the prizes whose count of grants is wrong.

    Reads the whole log of the hunt.
    """
    with translated():
        async with pool.transaction() as conn:
            number = await (await conn.execute(NUMBER, (hunt,))).fetchone()
            assert number is not None, "the hunt exists"
            cursor = await conn.execute(COUNTS, {"hunt": number[0]}, prepare=False)
            row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]
