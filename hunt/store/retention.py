"""Deletion of what is kept for a limited time: fields of claims, players of ended hunts."""

from __future__ import annotations

from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

APPLY = "select claims, players from hunt_retain(%s)"

#: Claims, and players, of one call, which takes a fraction of a second.
STEP = 500


class Retention:
    """Data that the database keeps for a limited time.  The caller opens and closes the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def apply(self, *, most: int = STEP) -> tuple[int, int]:
        """Delete the next expired fields, and erase the next players of a hunt that is due.

        Safe to call from several processes at once: one works, the others do nothing.

        Args:
            most: Largest number of claims, and of players, >= 1.

        Returns:
            The number of claims and of players.

        Raises:
            StoreError: Nothing was deleted, or the outcome is unknown.
        """
        with translated():
            async with self._pool.transaction() as conn:
                row = await (await conn.execute(APPLY, (most,))).fetchone()
        assert row is not None
        return row[0], row[1]
