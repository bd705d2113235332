"""The key ring: what it seals only the same key and context open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hunt.core.key_ring import NONCE_BYTES, KeyRing, context, key_id
from hunt.errors import SealError

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)
HERE = context("code", "harbour", "voucher", 7)


def test_sealed_data_is_opened_and_hides_the_data() -> None:
    ring = KeyRing([OLD])
    sealed = ring.seal(b"SPRING-2026", HERE)
    assert b"SPRING" not in sealed
    assert ring.open(sealed, HERE) == b"SPRING-2026"
    assert key_id(sealed) == "old"


def test_each_seal_has_its_own_nonce() -> None:
    ring = KeyRing([OLD])
    assert len({ring.seal(b"same", HERE) for _ in range(100)}) == 100
    fixed = KeyRing([OLD], random=lambda size: b"\7" * size)
    assert fixed.seal(b"same", HERE)[5 : 5 + NONCE_BYTES] == b"\7" * NONCE_BYTES


def test_first_key_seals_and_all_keys_open() -> None:
    before = KeyRing([OLD]).seal(b"data", HERE)
    ring = KeyRing([NEW, OLD])
    assert ring.open(before, HERE) == b"data"
    assert key_id(ring.seal(b"data", HERE)) == "new" == ring.first


@pytest.mark.parametrize(
    "other",
    [
        context("seed", "harbour", "voucher", 7),
        context("code", "harbour", "voucher", 8),
        context("code", "harbourvoucher", 7),
    ],
)
def test_another_context_does_not_open(other: bytes) -> None:
    ring = KeyRing([OLD])
    with pytest.raises(SealError, match="belongs to another row"):
        ring.open(ring.seal(b"data", HERE), other)


def test_context_separates_purpose_and_parts() -> None:
    assert context("code", "harbour", 7) == b"code\0harbour\x007"
    assert context("seed") == b"seed"


def test_every_changed_byte_is_noticed() -> None:
    ring = KeyRing([OLD, ("olf", b"o" * 32)])
    sealed = ring.seal(b"data", HERE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 3
        with pytest.raises(SealError):
            ring.open(bytes(changed), HERE)
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            ring.open(sealed[:length], HERE)


def test_missing_key_is_named_but_no_key_is_quoted() -> None:
    sealed = KeyRing([OLD]).seal(b"data", HERE)
    with pytest.raises(SealError, match="HUNT_DATA_KEYS: lacks the key 'old'"):
        KeyRing([NEW]).open(sealed, HERE)
    for call in (lambda: KeyRing([]).seal(b"", HERE), lambda: KeyRing([]).digests(b"", HERE)):
        with pytest.raises(SealError, match="HUNT_DATA_KEYS: not set"):
            call()
    assert not KeyRing([])
    assert KeyRing([OLD])


def test_ring_knows_its_keys_and_tries_them() -> None:
    ring = KeyRing([NEW, OLD])
    assert "old" in ring
    assert "newer" not in ring
    ring.try_seal()
    KeyRing([]).try_seal()
    with pytest.raises(ValueError, match="key"):
        KeyRing([("short", b"x")]).try_seal()


@pytest.mark.parametrize(
    ("sealed", "problem"),
    [
        (b"", "encrypted data is damaged, or belongs to another row"),
        (b"\1", "encrypted data is damaged, or belongs to another row"),
        (b"\1\3ol", "encrypted data is damaged, or belongs to another row"),
        (b"\2\3old", "encrypted data has the unknown version 2"),
        (b"\1\3old", "encrypted data is damaged, or belongs to another row (key 'old')"),
        (b"\1\3new", "HUNT_DATA_KEYS: lacks the key 'new', which encrypted data needs"),
    ],
)
def test_bytes_that_cannot_be_opened_are_described(sealed: bytes, problem: str) -> None:
    with pytest.raises(SealError) as refused:
        KeyRing([OLD]).open(sealed, HERE)
    assert str(refused.value) == problem


def test_digests_are_equal_for_equal_data_under_each_key() -> None:
    old, both = KeyRing([OLD]), KeyRing([NEW, OLD])
    assert both.digests(b"data", HERE)[1:] == old.digests(b"data", HERE)
    found = {
        digest
        for ring in (old, KeyRing([NEW]))
        for data in (b"data", b"date")
        for where in (HERE, b"")
        for digest in ring.digests(data, where)
    }
    assert len(found) == 8


def test_ring_without_use_does_not_import_the_package() -> None:
    code = """
import sys
from hunt.core.key_ring import KeyRing
ring = KeyRing([("a", bytes(32))])
assert "cryptography" not in sys.modules
sys.modules["cryptography.hazmat.primitives.ciphers.aead"] = None
try:
    ring.seal(b"", b"")
except Exception as exc:
    print(exc)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'hunt-server[keys]'" in done.stdout
