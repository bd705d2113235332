"""The seed of a hunt in the database: encrypted where the server has keys."""

from __future__ import annotations

from hunt.core import key_ring
from hunt.core.key_ring import KeyRing


def context(hunt: str) -> bytes:
    """Return the context in which the seed of a hunt is sealed."""
    return key_ring.context("seed", hunt)


def columns(ring: KeyRing, hunt: str, seed: bytes) -> dict[str, bytes | None]:
    """Return the columns of a new hunt: `seed`, or `sealed_seed` if there is a key.

    Raises:
        SealError: The package cryptography is missing.
    """
    sealed = ring.seal(seed, context(hunt)) if ring else None
    return {"seed": None if sealed else seed, "sealed_seed": sealed}


def share_context(hunt: str) -> bytes:
    """Return the context in which the second share of a hunt's seed is sealed."""
    return key_ring.context("seed share", hunt)


def opened_share(ring: KeyRing, hunt: str, sealed: bytes) -> bytes:
    """Return the second share of a hunt's seed.

    Raises:
        SealError: Its key is missing, or the share is damaged.
    """
    return ring.open(bytes(sealed), share_context(hunt))


def opened(ring: KeyRing, hunt: str, seed: bytes | None, sealed: bytes | None) -> bytes:
    """Return the seed of a hunt from its two columns.

    Raises:
        SealError: Its key is missing, or the seed is damaged.
    """
    if seed is not None:
        return bytes(seed)
    assert sealed is not None, "a hunt has one of the two"
    return ring.open(bytes(sealed), context(hunt))
