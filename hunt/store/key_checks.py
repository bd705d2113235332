"""The check that the keys of encrypted data are there."""

from __future__ import annotations

from hunt.core.key_ring import KeyRing
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.setting_checks import Finding, finding

NEEDED = """
    select n.key, array_agg(distinct n.hunt order by n.hunt)
      from (
          select convert_from(substr(h.sealed_seed, 3, get_byte(h.sealed_seed, 1)), 'UTF8'), h.id
            from hunts h where h.sealed_seed is not null
          union all
          select unnest(z.code_keys), h.id from prizes z join hunts h on h.number = z.hunt
      ) as n (key, hunt)
     group by n.key order by n.key
"""

#: Hunts that a message names.
NAMED = 5


async def keys(conn: Connection, ring: KeyRing) -> Finding:
    """Check that there is a key for each seed and each code.

    Raises:
        StoreError: The database failed.
    """
    with translated():
        needed = dict(await (await conn.execute(NEEDED)).fetchall())
    missing = {key: hunts for key, hunts in needed.items() if key not in ring}
    if not missing:
        count = len(needed)
        return finding("keys", True, f"{count} needed, and all are there", "")
    parts = []
    for key, hunts in missing.items():
        more = f" and {len(hunts) - NAMED} more" if len(hunts) > NAMED else ""
        parts.append(f"key {key!r} of {', '.join(hunts[:NAMED])}{more}")
    return finding(
        "keys", False, f"HUNT_DATA_KEYS lacks {'; '.join(parts)}", "add these keys to the setting"
    )
