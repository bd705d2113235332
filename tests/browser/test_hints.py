"""Hints: a click that wins nothing is told how near it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import click, expect_rewards, painted, screenshot, visit
from tests.browser.serving import Server


@pytest.fixture
def warmth(server: Server) -> Iterator[str]:
    """Yield the id of an open hunt with hints, and one prize at (9, 9)."""
    server.ensure()
    cache = {"odds": 1.0, "at": [9, 9], "within": 0.01}
    gold = {"id": "gold", "title": "Gold", "points": 3, "odds": cache}
    server.open_hunt("warmth", "Warmth", prizes=[gold], hints="warmth")
    yield "warmth"
    server.operate("/hunts/warmth/close", {})


def test_miss_says_how_near_it_was_and_whether_that_is_nearer(page: Page, warmth: str) -> None:
    visit(page, warmth, "Warmth")
    outcome = page.locator("#outcome")
    # The steps are shares of the diagonal, which is 14.1 long.
    for number, (x, y, said) in enumerate(
        [
            (1, 1, "Nothing but water. Cold."),
            (9, 7.4, "Nothing but water. Warm. Warmer."),
            (9, 8.4, "Nothing but water. Hot. Warmer."),
            (9, 8.4, "Nothing but water. Hot."),
            (9, 8.8, "Nothing but water. Burning hot! Warmer."),
            (6, 8, "Nothing but water. Cool. Colder."),
        ],
        start=1,
    ):
        click(page, x / 10, y / 10)
        expect_rewards(page, number)
        expect(outcome).to_have_text(said)
    painted(page)
    accessible(page)
    screenshot(page, "game-hints")
