from __future__ import annotations

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from hunt.core.ids import RANDOM, click_id
from hunt.core.wire import UUID as TAKEN

TIMES = st.integers(0, 2**48 - 1)
RANDOMNESS = st.binary(min_size=RANDOM, max_size=RANDOM)


@given(TIMES, RANDOMNESS)
def test_an_id_is_a_uuid_of_version_7_that_the_server_takes(now: int, drawn: bytes) -> None:
    made = UUID(click_id(now, drawn))
    assert (made.version, made.variant, made.int >> 80) == (7, RFC_4122, now)
    assert TAKEN.fullmatch(click_id(now, drawn))


@given(st.tuples(TIMES, RANDOMNESS), st.tuples(TIMES, RANDOMNESS))
def test_a_later_id_sorts_after_an_earlier_one(
    one: tuple[int, bytes], other: tuple[int, bytes]
) -> None:
    if one[0] < other[0]:
        assert click_id(*one) < click_id(*other)


def test_every_bit_that_is_not_fixed_is_random() -> None:
    lowest, highest = click_id(0, b"\0" * RANDOM), click_id(0, b"\xff" * RANDOM)
    assert (UUID(lowest).int ^ UUID(highest).int).bit_count() == 74


def test_the_example_of_the_rfc() -> None:
    # RFC 9562, A.6: of 2022-02-22 19:22:22 UTC
    drawn = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(RANDOM)
    assert click_id(0x017F22E279B0, drawn) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_time_wraps_after_48_bits() -> None:
    assert click_id(2**48 + 5, bytes(RANDOM)) == click_id(5, bytes(RANDOM))
