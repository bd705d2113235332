"""Challenges that were used, for all nodes."""

from __future__ import annotations

from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

# The time comes from the server that made the challenge.  An hour covers clocks that differ.
CLEAN = "delete from used_challenges where until < clock_timestamp() - interval '1 hour'"

USE = """
    insert into used_challenges (challenge, until) values (%s, to_timestamp(%s))
    on conflict do nothing returning true
"""


class UsedChallenges:
    """Challenges that were used.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def use(self, challenge: str, *, until: int) -> bool:
        """Record that a challenge was used; return False if it was used before.

        Args:
            challenge: 32 bytes, in hex.
            until: When it expires, in seconds since 1970.

        Raises:
            StoreError: It may be recorded or not.
        """
        with translated():
            async with self._pool.transaction() as conn:
                await conn.execute(CLEAN)
                values = bytes.fromhex(challenge), until
                return await (await conn.execute(USE, values)).fetchone() is not None
