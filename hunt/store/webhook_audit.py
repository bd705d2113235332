"""Webhooks in the audit trail, before and after an act; without secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hunt.store.driver.connection import Connection

#: Columns that operators change.
CHANGEABLE = ("url", "events", "prizes", "patience", "stopped")

SIGNING = """
    select coalesce(array_agg(number order by number), '{}') from webhook_secrets
     where webhook = %s and coalesce(expires_at > clock_timestamp(), true)
"""

WAITING = "select count(*) from webhook_dead where webhook = %s and replay"


def shown(values: Mapping[str, object]) -> dict[str, object]:
    """Return values of an endpoint, with the query of the URL replaced by its hash.

    Receivers accept passwords there, and entries of the audit trail are kept for good.
    """
    url, mark, query = str(values.get("url", "")).partition("?")
    if not mark:
        return dict(values)
    digest = hashlib.sha256(query.encode()).hexdigest()[:8]
    return {**values, "url": f"{url}?sha256={digest}"}


async def signing(conn: Connection, id_: int) -> dict[str, object]:
    """Return the numbers of the secrets that sign, oldest first."""
    row = await (await conn.execute(SIGNING, (id_,))).fetchone()
    assert row is not None
    return {"secrets": row[0]}


async def waiting(conn: Connection, id_: int) -> dict[str, object]:
    """Return how many dead letters will be sent again."""
    row = await (await conn.execute(WAITING, (id_,))).fetchone()
    assert row is not None
    return {"replay": row[0]}
