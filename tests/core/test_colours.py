"""Tests of contrast, and of the palette of a page."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hunt.core import colours

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert colours.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert colours.contrast(other, one) == colours.contrast(one, other)


@pytest.mark.parametrize(("colour", "dark"), [("#101020", True), ("#ffe9c0", False)])
def test_dark_is_what_white_text_suits(colour: str, dark: bool) -> None:
    assert colours.is_dark(colour) is dark


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(paper=COLOURS, tint=COLOURS, accent=COLOURS)
def test_texts_of_a_palette_can_be_read_on_paper_and_card(
    paper: str, tint: str, accent: str
) -> None:
    ink = colours.mixed("#ffffff" if colours.is_dark(paper) else "#000000", tint, 0.8)
    assume(colours.contrast(paper, ink) >= colours.INK)
    found = colours.palette(paper, ink, accent)
    for name in ("ink", "quiet", "good", "warn", "bad", "jewel"):
        assert colours.contrast(found[name], found["paper"]) >= colours.TEXT
        assert colours.contrast(found[name], found["card"]) >= colours.TEXT


@pytest.mark.parametrize(
    ("paper", "ink", "accent", "others"),
    [
        (
            "#101020", "#ffffff", "#ffcc66",
            "#1e1e2d #40404d #b7b7bc #6dbb97 #e4a362 #eaa2a2 #c9a0e6",
        ),
        (
            "#f4f1e8", "#1b2a3a", "#9c2f2f",
            "#e7e5de #c9c9c5 #3c4854 #214d49 #544232 #66353e #524078",
        ),
        (
            "#777777", "#ffffff", "#ffcc66",  # no mixture is readable enough
            "#7f7f7f #929292 #ffffff #ffffff #ffffff #ffffff #ffffff",
        ),
    ],
)  # fmt: skip
def test_palette_follows_from_three_colours(paper: str, ink: str, accent: str, others: str) -> None:
    names = ("card", "line", "quiet", "good", "warn", "bad", "jewel")
    given = {"paper": paper, "ink": ink, "accent": accent, "gem": accent}
    mixtures = dict(zip(names, others.split(), strict=True))
    assert colours.palette(paper, ink, accent) == given | mixtures


@pytest.mark.parametrize(
    ("colour", "luminance"),
    [("#000000", 0), ("#0a0a0a", 0.003035), ("#0b0b0b", 0.003347), ("#204080", 0.055324)],
)
def test_luminance_is_linear_in_dark_colours_only(colour: str, luminance: float) -> None:
    assert colours.luminance(colour) == pytest.approx(luminance, abs=1e-6)
