"""Verifiable draws: a commitment before the hunt, the seed after it.

The seed of a hunt is 32 secret bytes.  Its SHA-256 is public from the start.  The seed
itself is public once the hunt has ended; then anyone can compute every draw again (commit
and reveal).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence

SEED_BYTES = 32
BLOCK_BYTES = 64  # of SHA-256

_first_64_bits = struct.Struct(">Q").unpack_from


class Draws:
    """Uniform numbers from a seed: HMAC-SHA256 (RFC 2104) of click and player.

    A click's number depends only on its id, its player and the seed, so a click that is
    sent again draws the same number.  The seed is secret, so a client cannot search for
    an id that wins.
    """

    def __init__(self, seed: bytes) -> None:
        # Two keyed contexts are made once and copied for each draw: a fifth of the cost of
        # `hmac.digest`.
        key = seed.ljust(BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def uniform(self, click_id: str, player: str) -> float:
        """Return the random number of a click, in [0, 1).

        Args:
            click_id: A UUID in its canonical form.
            player: Id of the player, in ASCII.
        """
        return self.uniforms(bytes.fromhex(click_id.replace("-", "")), (player,))[0]

    def uniforms(self, ids: bytes, players: Sequence[str]) -> list[float]:
        """Return the random numbers of clicks, as `uniform` does for each.

        Args:
            ids: UUIDs of the clicks, 16 bytes each.
            players: Ids of their players.
        """
        new_inner, new_outer, numbers, at = self._inner.copy, self._outer.copy, [], 0
        for player in players:
            inner, outer = new_inner(), new_outer()
            inner.update(ids[at : at + 16] + player.encode())
            outer.update(inner.digest())
            number: int = _first_64_bits(outer.digest())[0]
            numbers.append((number >> 11) * 2.0**-53)
            at += 16
        return numbers


def new_seed(random: Callable[[int], bytes]) -> bytes:
    """Return the seed of a new hunt.

    Args:
        random: Returns the given number of bytes from a cryptographic source, as `os.urandom`.
    """
    return random(SEED_BYTES)


def commit(seed: bytes) -> str:
    """Return the public commitment to a seed: its SHA-256, in hex."""
    return hashlib.sha256(seed).hexdigest()
