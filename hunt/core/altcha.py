"""Proof of work before a session, in the format of ALTCHA's first version.

The client finds the number whose SHA-256 with a salt is the challenge.  Everything that the
server must know is in the salt, and signed, so that it keeps nothing until the answer comes.
The salt ends with ``&``: without a separator, digits could be moved from its time to the number.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

ALGORITHM = "SHA-256"

#: Seconds for which a challenge can be answered.
TTL = 300

#: Characters of the longest answer.
LONGEST = 1000

_SALT = re.compile(r"[0-9a-f]{24}\?expires=([0-9]{1,12})&", re.ASCII)


class Puzzle(Struct, frozen=True):
    """A challenge for a client."""

    algorithm: str
    challenge: str  #: SHA-256 of salt and number, in hex
    maxnumber: int  #: the number is from 0 to this
    salt: str
    signature: str  #: HMAC-SHA-256 of the challenge, in hex


class Solved(Struct, frozen=True):
    """A correct answer."""

    challenge: str  #: identifies the challenge, which may be used once
    expires: int  #: seconds since 1970


class _Answer(Struct, frozen=True):
    algorithm: str
    challenge: str
    number: int
    salt: str
    signature: str


_decode = msgspec.json.Decoder(_Answer).decode


def keys(secrets: Sequence[bytes]) -> list[bytes]:
    """Return the keys of challenges, made from the secrets of tokens; the first one signs."""
    return [hmac.digest(each, b"hunt: challenges of sessions", "sha256") for each in secrets]


def puzzle(key: bytes, *, number: int, most: int, nonce: bytes, now: float) -> Puzzle:
    """Return a challenge.

    Args:
        key: Signs it.
        number: The answer: random, 0 to `most`.
        most: Largest number; the work of a client is half of it, on average.
        nonce: 12 random bytes.
        now: Seconds since 1970.
    """
    salt = f"{nonce.hex()}?expires={int(now) + TTL}&"
    challenge = sha256(f"{salt}{number}".encode()).hexdigest()
    return Puzzle(ALGORITHM, challenge, most, salt, _signature(key, challenge))


def check(keys: Sequence[bytes], answer: str, *, now: float) -> Solved:
    """Return the challenge that an answer solves.

    Args:
        keys: Any of them may have signed the challenge.
        answer: JSON in Base64, from the client.
        now: Seconds since 1970.

    Raises:
        ValueError: The answer is wrong; the message says why.
    """
    if len(answer) > LONGEST:
        raise ValueError("the answer is too long")
    try:
        given = _decode(b64decode(answer, validate=True))
    except (binascii.Error, ValueError):  # msgspec.DecodeError is a ValueError
        raise ValueError("the answer is malformed") from None
    salt = _SALT.fullmatch(given.salt)
    if salt is None or given.algorithm != ALGORITHM or given.number < 0:
        raise ValueError("the answer is malformed")
    found = sha256(f"{given.salt}{given.number}".encode()).hexdigest()
    signed = any(_same(_signature(key, found), given.signature) for key in keys)
    if not (signed and _same(found, given.challenge)):
        raise ValueError("the answer is wrong")
    if int(salt[1]) <= now:
        raise ValueError("the challenge has expired")
    return Solved(found, int(salt[1]))


def _signature(key: bytes, challenge: str) -> str:
    return hmac.digest(key, challenge.encode(), "sha256").hex()


def _same(found: str, given: str) -> bool:
    return hmac.compare_digest(found.encode(), given.encode())
