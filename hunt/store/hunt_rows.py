"""Reads hunts from their rows in the database."""

from __future__ import annotations

from typing import Any

import msgspec

from hunt.core import chain
from hunt.core.announcements import Announcement
from hunt.core.cache import Cache
from hunt.core.campaign import Campaign
from hunt.core.definition import Definition
from hunt.core.hunt_file import from_json
from hunt.core.hunts import Hunt
from hunt.core.key_ring import KeyRing
from hunt.store import seeds

SELECT = """
    select h.id, h.definition::text, h.version, h.state, h.epoch, h.last_seq, h.seed,
           h.sealed_seed, array(
               select distinct unnest(z.code_keys) from prizes z
                where h.codes and z.hunt = h.number),
           coalesce((
               select jsonb_object_agg(z.id, greatest(z.stock - z.granted - z.voided, 0))
                 from prizes z where z.hunt = h.number and z.stock is not null and not z.retired
           ), '{}'),
           case when h.codes then (
               select jsonb_object_agg(z.id, z.stock) from prizes z
                where z.hunt = h.number and z.codes and not z.retired
           ) end, clock_timestamp(), h.ended_at, h.door,
           h.algorithm, h.player_key, h.sealed_share, encode(h.public_hash, 'hex'),
           a.number, a.text, a.at, c.id, c.title, c.timezone, c.streak, c.preview
      from hunts h left join campaigns c on c.number = h.campaign
      left join announcements a on a.hunt = h.number
"""


class HuntRows:
    """Makes hunts from rows of `SELECT`, and caches their definitions.

    Args:
        ring: Keys of encrypted seeds and codes.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        # The key is the JSON text.  All hunts are read every few seconds, and few of them have
        # changed.  A definition takes several times the memory of its text.
        self._definitions: Cache[str, Definition] = Cache(
            32 * 2**20, lambda text, _: 1000 + 4 * len(text)
        )

    def hunt(self, row: tuple[Any, ...]) -> Hunt:
        """Return the hunt in a row.

        Raises:
            DefinitionError: Its definition cannot be read.
            SealError: A key is missing for its seed or for its codes.
        """
        id_, text, version, state, epoch, last_seq, seed, sealed, keys, stock_left = row[:10]
        codes, as_of, ended_at, door = row[10:14]
        algorithm, player_key, sealed_share, seal = row[14:18]
        announcement, campaign = row[18:21], row[21:]
        definition = self._definitions.get(text)
        if definition is None:
            definition = from_json(msgspec.json.decode(text))
            self._definitions.put(text, definition)
        for key in keys:
            self._ring.check(key)
        first = seeds.opened(self._ring, id_, seed, sealed)
        second = None if sealed_share is None else seeds.opened_share(self._ring, id_, sealed_share)
        return Hunt(
            definition=definition,
            version=version,
            state=state,
            epoch=epoch,
            last_seq=last_seq,
            seed=chain.joined_seed(first, second),
            first_share=first,
            second_share=second,
            player_key=None if player_key is None else bytes(player_key),
            algorithm=algorithm,
            seal=seal,
            stock_left=stock_left,
            as_of=as_of,
            ended_at=ended_at,
            announcement=None if announcement[0] is None else Announcement(*announcement),
            campaign=None if door is None else Campaign(*campaign),
            door=door,
            codes=codes or {},
        )
