"""The hash chain over a log, and the commitments in it; the formats of docs/reference/proof.md.

Everything that is hashed begins with a line that names its kind, so a hash of one kind is
never one of another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from collections.abc import Iterable, Sequence

from hunt.core.cache import Cache

#: Version of the algorithm of hunts with a proof; 1 is that of hunts without.
ALGORITHM = 2

#: The head before the first entry.
START = bytes(32)

_CLICK, _BATCH, _ENTRY = b"hunt click 1\n", b"hunt batch 1\n", b"hunt entry 1\n"
_PLAYER, _DEFINITION, _SALT = b"hunt player 1\n", b"hunt definition 1\n", b"hunt salt 1\n"
_CODE, _CODE_SALT, _NODE = b"hunt code 1\n", b"hunt code salt 1\n", b"hunt node 1\n"
_SEED = b"hunt seed 1\n"

_position = struct.Struct(">dd").pack
_seq = struct.Struct(">q").pack

#: Size of a cache of pseudonyms, in bytes: those of some 7,000 players.
REMEMBERED = 2 * 2**20

#: Estimated size of a pseudonym in a cache, without the id of its player, in bytes.
_REMEMBERED_ENTRY = 256

#: Prize, points and the prize that was sold out, of one row.
Result = tuple[str | None, int, str | None]


def canonical(document: object) -> bytes:
    """Return a JSON document without floats as its only canonical text (RFC 8785), in UTF-8.

    Args:
        document: Names are ASCII, whole numbers are below 2^53, other numbers are texts.
    """
    text = json.dumps(
        document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


#: Pseudonyms by the key of the hunt and the player.
Remembered = Cache[tuple[bytes, str], str]


def remembered() -> Remembered:
    """Return an empty cache for the pseudonyms of all hunts."""
    return Cache(REMEMBERED, lambda of, name: _REMEMBERED_ENTRY + len(of[1]))


class Pseudonyms:
    """The pseudonyms of the players of one hunt: keyed hashes of their ids.

    Args:
        key: The key of the hunt, 32 bytes; never published.
        known: A cache that outlives this object; None: it has its own.
    """

    def __init__(self, key: bytes, known: Remembered | None = None) -> None:
        self._key = key
        self._known = remembered() if known is None else known

    def of(self, player: str) -> str:
        """Return the pseudonym of a player: 32 hex digits."""
        name = self._known.get((self._key, player))
        if name is None:
            name = hashlib.sha256(_PLAYER + self._key + player.encode()).hexdigest()[:32]
            self._known.put((self._key, player), name)
        return name


def leaf(click_id: str, pseudonym: str, x: float, y: float) -> bytes:
    """Return the hash that stands for a click in its batch.

    Args:
        click_id: A UUID in its canonical form.
        pseudonym: Pseudonym of the player: 32 hex digits.
        x: Position of the click.
        y: Position of the click.
    """
    id_ = bytes.fromhex(click_id.replace("-", ""))
    return leaves(id_, bytes.fromhex(pseudonym), [_position(x, y)])


def leaves(ids: bytes, pseudonyms: bytes, positions: Iterable[bytes]) -> bytes:
    """Return the leaves of clicks, 32 bytes each.

    Args:
        ids: Ids of the clicks, 16 bytes each.
        pseudonyms: Pseudonyms of their players, 16 bytes each.
        positions: Position of each click: x and y as two binary64 numbers, big-endian.
    """
    sha256, found, at = hashlib.sha256, [], 0
    for position in positions:
        end = at + 16
        found.append(sha256(_CLICK + ids[at:end] + pseudonyms[at:end] + position).digest())
        at = end
    return b"".join(found)


def after_batch(
    head: bytes, first: int, at: str, results: Sequence[Result], leaves: Iterable[bytes]
) -> bytes:
    """Return the head after a batch, as the SQL function `hunt_commit` does.

    Args:
        head: The head before it.
        first: Seq of its first row.
        at: The time of all its rows, as in ``2026-11-01T18:00:00.123456Z``.
        results: Result of each row.
        leaves: Leaf of each row.
    """
    lines = (
        at,
        ",".join([prize or "" for prize, _, _ in results]),
        ",".join([str(points) for _, points, _ in results]),
        ",".join([sold_out or "" for _, _, sold_out in results]),
        "",
    )
    text = "\n".join(lines).encode()
    return hashlib.sha256(_BATCH + head + _seq(first) + text + b"".join(leaves)).digest()


def after_entry(head: bytes, document: bytes) -> bytes:
    """Return the head after an entry, as the SQL function `hunt_extend` does.

    Args:
        head: The head before it.
        document: The canonical text of the entry.
    """
    return hashlib.sha256(_ENTRY + head + document).digest()


def definition_salt(seed: bytes, number: int) -> bytes:
    """Return the salt of a seal: 32 bytes.

    Args:
        seed: The first share of the seed; 32 bytes.
        number: Number of the seal.
    """
    return hmac.digest(seed, _SALT + str(number).encode(), "sha256")


def definition_commitment(salt: bytes, definition: bytes) -> str:
    """Return the commitment to a definition, in hex.

    Args:
        salt: 32 secret bytes.
        definition: Its canonical text.
    """
    return hashlib.sha256(_DEFINITION + salt + definition).hexdigest()


def joined_seed(seed: bytes, share: bytes | None) -> bytes:
    """Return the seed of the draws, 32 bytes, from the shares.

    Args:
        seed: The first share; alone it is the seed.
        share: The share of a third party; None: there is none.
    """
    return seed if share is None else hmac.digest(share, _SEED + seed, "sha256")


def code_salt(key: bytes, prize: str, position: int) -> bytes:
    """Return the salt of a code: 16 bytes.

    Args:
        key: The secret key of the hunt's codes; 32 bytes.
        prize: Id of the prize.
        position: Position of the code among those of the prize, >= 1.
    """
    return hmac.digest(key, _CODE_SALT + f"{prize}\n{position}".encode(), "sha256")[:16]


def code_leaf(salt: bytes, code: str) -> bytes:
    """Return the hash that stands for a code in the tree of its pool."""
    return hashlib.sha256(_CODE + salt + code.encode()).digest()


class Tree:
    """The root of a Merkle tree to which leaves are appended (RFC 6962, 2.1, other prefixes).

    Args:
        size: Number of leaves so far.
        peaks: Roots of the perfect subtrees so far, the largest first.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add a leaf."""
        node, size = leaf, self.size
        while size & 1:
            node = _node(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    @property
    def root(self) -> str:
        """The root, in hex; 64 zeros without leaves."""
        if not self.peaks:
            return START.hex()
        *others, root = self.peaks
        for peak in reversed(others):
            root = _node(peak, root)
        return root.hex()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
