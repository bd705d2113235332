"""Writes seals into the chain of a hunt, within the transaction of the change that they seal."""

from __future__ import annotations

from hunt.core import chain, seal
from hunt.core.definition import Definition
from hunt.store.driver.connection import Connection

# Statements of their own, so that they see the changes of the transaction, and read the clock
# after a wait for the lock.
POSITION = """
    select h.version, h.last_seq, clock_timestamp(), encode(h.share_hash, 'hex'),
           (select count(*) from proof_entries e
             where e.hunt = h.number and e.definition is not null),
           encode(h.public_hash, 'hex')
      from hunts h where h.number = %s and h.head is not null
"""
POOLS = """
    select z.id, coalesce(p.size, 0), coalesce(p.peaks, '')
      from prizes z left join code_pools p on p.hunt = z.hunt and p.prize = z.id
     where z.hunt = %s and z.codes and not z.retired order by z.id
"""
EXTEND = "select hunt_extend(%s, %s, %s)"


async def write(conn: Connection, number: int, definition: Definition, seed: bytes) -> str | None:
    """Seal a hunt as it is now; return the hash of the seal, or None in one without a chain.

    Args:
        conn: A transaction that has locked and changed the hunt.
        number: Number of the hunt.
        definition: Its definition.
        seed: The first share of its seed.
    """
    row = await (await conn.execute(POSITION, (number,))).fetchone()
    if row is None:
        return None
    version, last_seq, at, share, seals, previous = row
    pools = {
        prize: seal.Pool(size, tree(size, peaks).root)
        for prize, size, peaks in await (await conn.execute(POOLS, (number,))).fetchall()
    }
    position = seal.Position(
        number=seals + 1, version=version, seq=last_seq, at=at, previous=previous, share=share,
        pools=pools,
    )  # fmt: skip
    text = chain.canonical(seal.document(definition, seed, position))
    await conn.execute(EXTEND, (number, text.decode(), seal.definition_text(definition).decode()))
    return seal.seal_hash(text)


def tree(size: int, peaks: bytes) -> chain.Tree:
    """Return the tree over the codes of a prize, as it is stored."""
    return chain.Tree(size, [peaks[at : at + 32] for at in range(0, len(peaks), 32)])
