"""Timestamps of heads by an authority: queries and answers of RFC 3161, in DER.

An authority stamps the SHA-256 of a head as text: 64 hex digits in ASCII.  ``openssl ts -verify``
checks its signature.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from hunt.errors import ProofError

#: Version 1; then the imprint: the algorithm SHA-256, followed by the digest.
_BEGIN = bytes.fromhex("3043 020101 3031 300d06096086480165030402010500 0420")
_CERTIFICATE = bytes.fromhex("0101ff")  # the answer must include the authority's certificate

#: Bytes of the largest answer that is kept.
LARGEST = 64 * 1024

_SEQUENCE, _INTEGER, _TIME = 0x30, 0x02, 0x18


def digest(head: str) -> bytes:
    """Return the SHA-256 of a head, which an authority signs: 32 bytes."""
    return hashlib.sha256(head.encode()).digest()


def query(head: str, nonce: bytes) -> bytes:
    """Return the request for a timestamp.

    Args:
        head: 64 hex digits.
        nonce: 8 random bytes.
    """
    number = bytes([nonce[0] & 0x3F | 0x40]) + nonce[1:]  # positive, and always 8 bytes long
    return _BEGIN + digest(head) + bytes([_INTEGER, len(number)]) + number + _CERTIFICATE


def stamped_at(answer: bytes, head: str) -> datetime:
    """Return the time at which an authority stamped a head; its signature is not checked.

    Args:
        answer: Answer of the authority, in DER.
        head: 64 hex digits.

    Raises:
        ProofError: The answer is not a timestamp of this head.
    """
    try:
        _, inner = _element(answer, 0, _SEQUENCE)
        _, status = _element(answer, inner, _SEQUENCE)
        start, _ = _element(answer, status, _INTEGER)
        if answer[status + 2 : start] not in {b"\0", b"\1"}:
            raise ProofError("the time stamping authority refused")
        # TSTInfo: imprint, serial number, time.
        after, _ = _element(answer, answer.index(digest(head)) + 32, _INTEGER)
        end, text = _element(answer, after, _TIME)
        return _time(answer[text:end].decode("ascii"))
    except (ValueError, IndexError):
        raise ProofError("it is not a timestamp of this head") from None


def _element(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Return the end of a DER element, and where its content begins.

    Raises:
        ValueError: The element there has another tag.
        IndexError: The data ends before it.
    """
    if data[at] != tag:
        raise ValueError("another element")
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(data[at + 2 : begin], "big")
    return begin + length, begin


def _time(text: str) -> datetime:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    found = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return found.replace(microsecond=int(fraction[:6].ljust(6, "0"))) if fraction else found
