"""The chain of a hunt in the database, for the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import Any

from hunt.core import seal
from hunt.core.hunt_file import from_json
from hunt.core.key_ring import KeyRing
from hunt.store import seeds
from hunt.testing.stored_log import StoredChain, StoredEntry

NO_KEYS = KeyRing(())

QUERY = """
    select h.id, h.player_key, h.seed, h.sealed_seed, h.definition, encode(h.head, 'hex'),
           (select coalesce(json_agg(json_build_array(e.seq, e.document, e.definition)
                                     order by e.number), '[]')
              from proof_entries e where e.hunt = h.number),
           (select coalesce(json_agg(json_build_array(p.seq, encode(p.head, 'hex'))
                                     order by p.number), '[]')
              from proof_heads p where p.hunt = h.number)
      from hunts h where h.id = %s and h.head is not null
"""


def of(row: Sequence[Any] | None, ring: KeyRing = NO_KEYS) -> StoredChain | None:
    """Return a row of `QUERY` as the oracle reads it; None without a chain.

    Args:
        row: The row; None: there is none.
        ring: Opens the seed.
    """
    if row is None:
        return None
    hunt, player_key, seed, sealed, definition, head, entries, heads = row
    return StoredChain(
        player_key=bytes(player_key),
        seed=seeds.opened(ring, hunt, seed, sealed),
        definition=seal.definition_text(from_json(definition)).decode(),
        head=head,
        entries=list(starmap(StoredEntry, entries)),
        heads=[(seq, each) for seq, each in heads],
    )
