"""The form of codes, and where a code is shown."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from hunt.core import codes, sse, wire
from hunt.core.codes import Code
from hunt.core.events import Reward, Settlement
from hunt.core.key_ring import KeyRing
from hunt.errors import SealError

WON = Reward(
    7, "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90", "ada", "voucher", 5, "2026-11-01T18:00:00Z", 1, 2,
    code=Code('ha"sh'),
)  # fmt: skip


@pytest.mark.parametrize("code", ["a", "AB-12", "two words", "!~", "x" * codes.LONGEST, '"\\'])
def test_printable_code_is_accepted(code: str) -> None:
    assert codes.problem(code) is None


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("", "is empty"),
        ("x" * (codes.LONGEST + 1), "is longer than 200 characters"),
        ("a\tb", "printable ASCII"),
        ("a\x00", "printable ASCII"),
        ("h\xe4sh", "printable ASCII"),
        ("a\n", "printable ASCII"),
    ],
)
def test_wrong_code_is_described_but_not_quoted(code: str, problem: str) -> None:
    found = codes.problem(code)
    assert found is not None
    assert found.endswith(problem)
    assert not code or code not in found


def test_code_is_not_in_the_repr_of_a_reward() -> None:
    assert "sh" not in repr(WON).replace("hash", "")
    assert "Code(...)" in repr(Settlement(WON, duplicate=False))


def test_code_opens_only_in_its_place() -> None:
    ring = KeyRing([("a", b"a" * 32)])
    sealed = ring.seal(b"hush", codes.context("harbour", "voucher", 7))
    packed = (3).to_bytes(4, "big") + (7).to_bytes(4, "big") + sealed
    assert codes.number(packed) == 3
    assert codes.opened(ring, "harbour", "voucher", packed) == Code("hush")
    for hunt, prize, position in (
        ("h", "voucher", 7),
        ("harbour", "v", 7),
        ("harbour", "voucher", 8),
    ):
        moved = packed[:4] + position.to_bytes(4, "big") + sealed
        with pytest.raises(SealError):
            codes.opened(ring, hunt, prize, moved)


def test_contexts_are_those_of_codes_in_the_database() -> None:
    assert codes.context("harbour", "voucher", 7) == b"code\0harbour\0voucher\x007"
    assert codes.digest_context("harbour") == b"code digest\0harbour\0"


def test_winner_sees_the_code_and_others_do_not() -> None:
    settlement = Settlement(WON, duplicate=False)
    for text in (
        wire.settlement_json(settlement), wire.reward_json(WON),
    ):  # fmt: skip
        assert json.loads(text)["code"] == 'ha"sh'
    assert b'ha\\"sh' in sse.reward("e", WON)
    assert "code" not in json.loads(wire.reward_json(replace(WON, code=None)))


def test_codes_of_test_hunts_and_of_others_are_kept_apart() -> None:
    assert codes.mixed("harbour", "A-1") is codes.mixed("test-harbour", "TEST-1") is None
    assert "takes no real codes" in (codes.mixed("test-harbour", "A-1") or "")
    assert "test hunts" in (codes.mixed("harbour", "TEST-1") or "")
