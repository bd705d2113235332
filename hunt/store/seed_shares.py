"""The second share of a hunt's seed: entered once, stored encrypted."""

from __future__ import annotations

import hashlib
import hmac

from hunt.core import chain, seal
from hunt.core.key_ring import KeyRing
from hunt.errors import WrongState
from hunt.store import prizes, seeds
from hunt.store.audit import record_change
from hunt.store.definitions import Found
from hunt.store.driver.connection import Connection

KEEP = """
    update hunts set sealed_share = %s where number = %s
    returning seed, sealed_seed, last_seq, clock_timestamp()
"""
EXTEND = "select hunt_extend(%s, %s, null)"


async def enter_share(
    conn: Connection, found: Found, share: bytes, actor: str, ring: KeyRing
) -> bool:
    """Store the share of a locked hunt; see `hunt.store.hunts.Hunts.enter_share`."""
    hunt, named = found.definition.id, found.definition.second_share
    if named is None:
        raise WrongState(f"hunt {hunt!r} has no second share: its definition names none")
    if not hmac.compare_digest(hashlib.sha256(share).hexdigest(), named):
        raise WrongState(f"this is not the second share that hunt {hunt!r} names by its SHA-256")
    if not found.lacks_share:
        return False
    sealed = ring.seal(share, seeds.share_context(hunt))
    row = await (await conn.execute(KEEP, (sealed, found.number))).fetchone()
    assert row is not None
    seed, sealed_seed, last_seq, at = row
    draws = chain.joined_seed(seeds.opened(ring, hunt, seed, sealed_seed), share)
    await prizes.keep_plans(conn, found.number, found.definition, draws)
    entry = {"kind": "share", "seq": last_seq, "at": seal.moment(at)}
    await conn.execute(EXTEND, (found.number, chain.canonical(entry).decode()))
    await record_change(
        conn, actor, "seed share", hunt, before={"entered": False}, after={"entered": True}
    )
    return True
