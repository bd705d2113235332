"""Proof of work in the format of ALTCHA."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

import pytest
from msgspec import to_builtins

from hunt.core import altcha
from hunt.core.altcha import LONGEST, TTL, check, puzzle
from tests.support.solving import encoded, solve

KEYS = altcha.keys([b"new" * 12, b"old" * 12])
NOW = 1_000_000.5


def made(key: bytes = KEYS[0], number: int = 7) -> dict[str, Any]:
    found: dict[str, Any] = to_builtins(
        puzzle(key, number=number, most=20, nonce=bytes(12), now=NOW)
    )
    return found


def test_puzzle_has_the_format_of_altcha() -> None:
    salt = f"{'00' * 12}?expires={1_000_000 + TTL}&"
    challenge = sha256(f"{salt}7".encode()).hexdigest()
    assert made() == {
        "algorithm": "SHA-256", "challenge": challenge, "maxnumber": 20, "salt": salt,
        "signature": hmac.new(KEYS[0], challenge.encode(), "sha256").hexdigest(),
    }  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=["new", "old"])
def test_right_answer_is_accepted_until_it_expires(key: bytes) -> None:
    given = made(key)
    solved = check(KEYS, solve(given), now=NOW + TTL - 1)
    assert (solved.challenge, solved.expires) == (given["challenge"], 1_000_000 + TTL)
    with pytest.raises(ValueError, match="expired"):
        check(KEYS, solve(given), now=NOW + TTL)


def test_further_members_are_ignored() -> None:
    assert check(KEYS, solve(made(), took=12), now=NOW)


def test_answer_may_be_zero_and_have_the_greatest_length() -> None:
    given = made(number=0)
    assert check(KEYS, solve(given), now=NOW).challenge == given["challenge"]
    room = LONGEST // 4 * 3 - len(b64decode(solve(given, more="")))
    for longer in (0, 3):
        answer = solve(given, more="x" * (room + longer))
        assert len(answer) == LONGEST + longer // 3 * 4
        if not longer:
            check(KEYS, answer, now=NOW)
    with pytest.raises(ValueError, match="too long"):
        check(KEYS, answer, now=NOW)


def test_challenge_expires_at_its_second() -> None:
    check(KEYS, solve(made()), now=1_000_000 + TTL - 0.001)
    with pytest.raises(ValueError, match="expired"):
        check(KEYS, solve(made()), now=1_000_000 + TTL)


FORGED = altcha.keys([b"forged" * 6])[0]
SPLICED = made(number=17)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("", id="empty"),
        pytest.param("=", id="no Base64"),
        pytest.param(f"{solve(made())}!", id="more than Base64"),
        pytest.param(b64encode(b"{}").decode(), id="no members"),
        pytest.param(encoded([1]), id="no object"),
        pytest.param(solve(made(), number=8), id="another number"),
        pytest.param(solve(made(), number=-1), id="negative"),
        pytest.param(solve(made(), number="7"), id="number as text"),
        pytest.param(solve(made(), challenge="0" * 64), id="another challenge"),
        pytest.param(solve(made(), challenge="ß"), id="not ASCII"),
        pytest.param(solve(made(), signature="0" * 64), id="another signature"),
        pytest.param(solve(made(FORGED)), id="key of another server"),
        pytest.param(solve(made(), algorithm="SHA-512"), id="another algorithm"),
        pytest.param(solve(made(), salt=made()["salt"][:-1]), id="salt without end"),
        # The digit 1 of the number 17 as a digit of the time: the hash is the same.
        pytest.param(solve(SPLICED, salt=f"{SPLICED['salt']}1", number=7), id="spliced"),
        pytest.param(solve(made(), more="x" * 1000), id="too long"),
    ],
)
def test_wrong_answer_is_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        check(KEYS, answer, now=NOW)


def test_keys_of_challenges_are_not_the_secrets() -> None:
    assert altcha.keys([b"new" * 12]) == [KEYS[0]]
    assert b"new" * 12 not in KEYS
    assert KEYS[0] != KEYS[1]
