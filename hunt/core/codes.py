"""Codes of prizes: their form, and how the database returns them."""

from __future__ import annotations

import re
import struct

from msgspec import Struct

from hunt.core import key_ring
from hunt.core.definition import is_test
from hunt.core.key_ring import KeyRing

#: Longest code, in characters.
LONGEST = 200

_CODE = re.compile(rf"[!-~]([ -~]{{0,{LONGEST - 2}}}[!-~])?", re.ASCII)

#: Number of the click in its batch, and position of the code; then the sealed code.
_packed = struct.Struct(">II")


class Code(Struct, frozen=True, gc=False):
    """A code in clear, which `repr` does not show, so that no traceback or log has it."""

    text: str

    def __repr__(self) -> str:
        return "Code(...)"


#: Codes of test hunts begin with it, and other codes do not.
TEST_CODE = "TEST-"


def problem(line: str) -> str | None:
    """Return what is wrong with a line of a file of codes, or None; never quote it."""
    if not line:
        return "is empty"
    if len(line) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not _CODE.fullmatch(line):
        return "has characters other than printable ASCII"
    return None


def mixed(hunt: str, line: str) -> str | None:
    """Return why a code must not be loaded into a hunt; None if test and real codes are apart."""
    if is_test(hunt) and not line.startswith(TEST_CODE):
        return f"does not begin with {TEST_CODE}: a test hunt takes no real codes"
    if not is_test(hunt) and line.startswith(TEST_CODE):
        return f"begins with {TEST_CODE}, as the codes of test hunts do"
    return None


def context(hunt: str, prize: str, position: int) -> bytes:
    """Return the context in which a code is sealed."""
    return key_ring.context("code", hunt, prize, position)


def digest_context(hunt: str) -> bytes:
    """Return the context of the digests by which duplicates in a hunt are found."""
    return key_ring.context("code digest", hunt, "")


def number(packed: bytes) -> int:
    """Return the number of the click in its batch, from 1, that the code was bound to.

    Args:
        packed: A result of the SQL function `hunt_bind_codes`.
    """
    found: int = _packed.unpack_from(packed)[0]
    return found


def opened(ring: KeyRing, hunt: str, prize: str, packed: bytes) -> Code:
    """Return the code that the database returned.

    Args:
        ring: The keys.
        hunt: Id of the hunt.
        prize: Id of the prize.
        packed: A result of the SQL functions `hunt_bind_codes` or `hunt_code`.

    Raises:
        SealError: Its key is missing, or the code is damaged.
    """
    _, position = _packed.unpack_from(packed)
    plain = ring.open(packed[_packed.size :], context(hunt, prize, position))
    return Code(plain.decode())
