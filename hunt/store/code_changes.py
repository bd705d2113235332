"""The check that a prize neither begins nor stops to have codes after its first grant."""

from __future__ import annotations

from collections.abc import Mapping

from hunt.core.definition import Prize
from hunt.errors import DefinitionError
from hunt.store.driver.connection import Connection

# Each reward of a prize with codes has one, so a prize cannot begin or stop to have codes.
LACKS_CODES = """
    select from prizes z
     where z.hunt = %(hunt)s and z.id = %(prize)s and z.granted > 0
       and not exists (select from codes c where c.hunt = z.hunt and c.prize = z.id)
"""
HAS_CODES = "select from codes where hunt = %(hunt)s and prize = %(prize)s limit 1"


async def check_codes(
    conn: Connection, which: Mapping[str, object], prize: Prize, before: Prize | None
) -> None:
    """Raise `DefinitionError` if a change of a prize contradicts its codes or its grants.

    Args:
        conn: A transaction that has locked the hunt, and counted the grants.
        which: Number of the hunt and id of the prize, as `hunt` and `prize`.
        prize: The prize after the change.
        before: The prize before it; None: it is new.
    """
    if prize.codes and not (before and before.codes):
        if (await conn.execute(LACKS_CODES, which)).rowcount:
            wrong = "cannot be set: rewards of the prize have no codes; use another prize"
            raise DefinitionError({f"prize {prize.id}: codes": wrong})
    elif not prize.codes and (await conn.execute(HAS_CODES, which)).rowcount:
        raise DefinitionError({f"prize {prize.id}: codes": "must stay true: codes are loaded"})
