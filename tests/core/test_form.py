from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hunt.core.form import Form
from tests.support.wrong_fields import wrong_fields

EAST = timezone(timedelta(hours=5))


def wrong(form: Form) -> str:
    """Return the error of the only field."""
    [(field, sentence)] = wrong_fields(form.finish).items()
    assert field == "field"
    return sentence


def test_flag_is_true_or_false() -> None:
    form = Form()
    assert [form.flag("field", each) for each in (True, False)] == [True, False]
    form.finish()
    assert form.flag("field", 1) is False
    assert wrong(form) == "must be true or false"


def test_sha256_is_64_lower_case_hex_digits() -> None:
    form = Form()
    assert [form.sha256("field", each) for each in (None, "0f" * 32)] == [None, "0f" * 32]
    form.finish()
    for each in (3, "0f" * 31, "0F" * 32, "0f" * 32 + "\n"):
        form = Form()
        assert form.sha256("field", each) is None
        assert wrong(form) == "must be a SHA-256: 64 digits of 0-9 and a-f"


@pytest.mark.parametrize("value", [0, 2**31, 2.0, True, "1"])
def test_whole_number_fits_the_database(value: object) -> None:
    form = Form()
    assert [form.whole("field", each, least=1) for each in (None, 1, 2**31 - 1)] == [
        None, 1, 2**31 - 1
    ]  # fmt: skip
    form.finish()
    assert form.whole("field", value, least=1) is None
    assert wrong(form) == "must be a whole number, 1 to 2147483647"


def test_largest_number_is_accepted() -> None:
    form = Form()
    assert [form.number("field", sign * 10**18) for sign in (1, -1)] == [1e18, -1e18]
    form.finish()


def test_time_is_in_utc() -> None:
    form = Form()
    found = form.moment("field", datetime(2026, 11, 1, 23, tzinfo=EAST))
    assert found == datetime(2026, 11, 1, 18, tzinfo=UTC)
    assert found.tzinfo is UTC
    assert form.moment("field", None) is None
    form.finish()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            datetime(1, 1, 1, tzinfo=EAST),
            "must be a time from year 1 to year 9999, in UTC",
        ),
        (
            datetime(2026, 11, 1),
            "must be a time with its offset, as in 2026-11-01T18:00:00Z",
        ),
        (
            "2026-11-01T18:00:00Z",
            "must be a time with its offset, as in 2026-11-01T18:00:00Z",
        ),
    ],
)
def test_other_times_are_refused(value: object, sentence: str) -> None:
    form = Form()
    assert form.moment("field", value) is None
    assert wrong(form) == sentence
