"""Confidence intervals, compared with published values, and quantiles."""

from __future__ import annotations

import pytest
from msgspec.structs import astuple

from hunt.core.intervals import Band, band, mean, wilson


@pytest.mark.parametrize(
    ("hits", "tries", "interval"),
    [
        # R. G. Newcombe, "Two-sided confidence intervals for the single proportion",
        # Statistics in Medicine 17, 1998, table I, method 3.
        (81, 263, (0.3080, 0.2553, 0.3662)),
        (15, 148, (0.1014, 0.0624, 0.1605)),
        (0, 20, (0.0, 0.0, 0.1611)),
        (1, 29, (0.0345, 0.0061, 0.1718)),
        (20, 20, (1.0, 0.8389, 1.0)),
    ],
)
def test_interval_of_a_probability_is_the_published_one(
    hits: int, tries: int, interval: tuple[float, float, float]
) -> None:
    found = wilson(hits, tries)
    assert astuple(found) == pytest.approx(interval, abs=5e-5)
    assert 0 <= found.low <= found.high <= 1


def test_interval_of_a_mean_has_the_error_of_its_values() -> None:
    assert astuple(mean(10, 30, 4)) == pytest.approx((2.5, 1.4043, 3.5957), abs=5e-5)
    assert astuple(mean(3 * 0.1, 3 * 0.1 * 0.1, 3)) == pytest.approx((0.1, 0.1, 0.1))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7], Band(7, 7, 7)),
        ([10, 0], Band(0.5, 5, 9.5)),
        ([3, 1, 2], Band(1.1, 2, 2.9)),
        (range(20, -1, -1), Band(1, 10, 19)),
    ],
)
def test_quantiles_are_interpolated(values: list[float], expected: Band) -> None:
    assert astuple(band(values)) == pytest.approx(astuple(expected))
