"""Encryption of data at rest, with a ring of keys.

Sealed bytes hold a version, the length and the text of the key's id, a nonce, and the
ciphertext with its tag (AES-256-GCM, NIST SP 800-38D).  The first three parts and the context
are authenticated, too.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from hunt.errors import SealError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = 1

NONCE_BYTES = 12  # NIST SP 800-38D, 8.2
DIGEST_BYTES = 16

_NO_CRYPTO = "the package cryptography is missing: pip install 'hunt-server[keys]'"
_DAMAGED = "encrypted data is damaged, or belongs to another row"


class KeyRing:
    """Keys that seal and open data: the first key seals, all keys open.

    Each seal draws a random nonce, so one key may seal up to 2^32 values; rotate it before.

    Args:
        keys: Id and 32 bytes of each key; ids are 1-16 ASCII characters, each used once.
        random: Returns the given number of bytes from a cryptographic source.
    """

    def __init__(
        self, keys: Sequence[tuple[str, bytes]], *, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._keys = dict(keys)
        self._random = random

    def __bool__(self) -> bool:
        """Return whether there is a key."""
        return bool(self._keys)

    def __contains__(self, key: str) -> bool:
        """Return whether the ring has a key of this id."""
        return key in self._keys

    @property
    def first(self) -> str:
        """Id of the key that seals.

        Raises:
            SealError: There is no key.
        """
        if not self._keys:
            raise SealError("HUNT_DATA_KEYS: not set; 'hunt keys new' prints a key")
        return next(iter(self._keys))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt `plain`; only the same `context` opens the result.

        Args:
            plain: The data.
            context: Purpose, hunt and row of the data; not part of the result.

        Raises:
            SealError: There is no key, or the package cryptography is missing.
        """
        head = bytes((VERSION, len(self.first))) + self.first.encode()
        nonce = self._random(NONCE_BYTES)
        return head + nonce + self._ciphers[self.first].encrypt(nonce, plain, head + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return the data that `seal` encrypted.

        Raises:
            SealError: Its key is not in the ring, it is damaged, or the context is another one.
        """
        key, size = key_id(sealed), 2 + sealed[1]
        self.check(key)
        cipher = self._ciphers[key]
        from cryptography.exceptions import InvalidTag

        head, nonce, rest = sealed[:size], sealed[size:][:NONCE_BYTES], sealed[size:][NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, rest, head + context)
        except (InvalidTag, ValueError):
            raise SealError(f"{_DAMAGED} (key {key!r})") from None

    def try_seal(self) -> None:
        """Raise `SealError` if there are keys, and nothing can be sealed with them."""
        if self:
            self.seal(b"", b"")

    def check(self, key: str) -> None:
        """Raise `SealError` unless the key of this id is in the ring."""
        if key not in self._keys:
            raise SealError(f"HUNT_DATA_KEYS: lacks the key {key!r}, which encrypted data needs")

    def digests(self, plain: bytes, context: bytes) -> list[bytes]:
        """Return a digest of `plain` under each key, that of the first key first.

        Equal data has equal digests.  Without the key they tell nothing about the data.

        Raises:
            SealError: There is no key.
        """
        assert self.first
        return [hmac.digest(key, context + plain, "sha256")[:DIGEST_BYTES] for key in self._derived]

    @cached_property
    def _derived(self) -> list[bytes]:
        """Keys of digests: others than those that encrypt."""
        return [hmac.digest(key, b"hunt digest", "sha256") for key in self._keys.values()]

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise SealError(_NO_CRYPTO) from None
        return {id_: AESGCM(key) for id_, key in self._keys.items()}


def key_id(sealed: bytes) -> str:
    """Return the id of the key that sealed these bytes.

    Raises:
        SealError: They were not sealed, or by a later release.
    """
    if len(sealed) < 2 or len(sealed) < 2 + sealed[1]:
        raise SealError(_DAMAGED)
    if sealed[0] != VERSION:
        raise SealError(f"encrypted data has the unknown version {sealed[0]}")
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def context(purpose: str, *parts: str | int) -> bytes:
    """Return the context of a value: its purpose, and what identifies its row.

    Args:
        purpose: As "seed"; each kind of data has its own.
        parts: Texts without NUL, or numbers.
    """
    return "\0".join((purpose, *map(str, parts))).encode()
