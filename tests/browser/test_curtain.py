"""The panel over the map while no click counts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import Look, click, expect_rewards, screenshot, visit
from tests.browser.serving import Server

both = pytest.mark.parametrize(
    "page",
    [pytest.param(Look(), id="desk"), pytest.param(Look(390, 844), id="phone")],
    indirect=True,
)


def test_countdown_gives_way_to_the_map_without_a_reload(page: Page, server: Server) -> None:
    opens = datetime.now(UTC) + timedelta(seconds=12)
    server.open_hunt("curtain-soon", "The curtain", opens_at=opens.isoformat())
    try:
        visit(page, "curtain-soon", "The curtain")
        expect(page.locator("#curtain-title")).to_have_text("Begins in")
        expect(page.locator("#curtain-count")).to_have_text(re.compile(r"^\d+ s$"))
        expect(page.locator("#empty")).to_be_hidden()
        expect(page.locator("#hunt-state")).to_have_text("The hunt has not begun yet.")
        accessible(page)
        screenshot(page, "game-waiting")
        expect(page.locator("#curtain")).to_be_hidden(timeout=30_000)
        expect(page.locator("#outcome")).to_have_text("Click anywhere on the map.")
        click(page)
        expect_rewards(page, 1)
    finally:
        server.operate("/hunts/curtain-soon/close", {})


@both
def test_pause_and_end_are_told_over_the_map(
    page: Page, server: Server, request: pytest.FixtureRequest
) -> None:
    size = request.node.callspec.id
    hunt, title = f"curtain-{size}", f"The end on a {size}"
    server.open_hunt(hunt, title)
    visit(page, hunt, title)
    click(page)
    expect_rewards(page, 1)
    curtain = page.locator("#curtain")
    expect(curtain).to_be_hidden()
    server.operate(f"/hunts/{hunt}/pause", {})
    expect(curtain).to_contain_text("A short break")
    accessible(page)
    server.operate(f"/hunts/{hunt}/open", {})
    expect(curtain).to_be_hidden()
    server.operate(f"/hunts/{hunt}/close", {})
    expect(curtain).to_contain_text("It is over")
    expect(page.locator("#curtain-count")).to_have_text("3 points")
    accessible(page)


def test_page_that_is_opened_after_the_end_shows_the_own_finds(page: Page, server: Server) -> None:
    server.open_hunt("curtain-late", "Too late")
    visit(page, "curtain-late", "Too late")
    click(page)
    expect_rewards(page, 1)
    server.operate("/hunts/curtain-late/close", {})
    expect(page.locator("#connection")).to_have_text("the hunt is over")
    page.reload()
    expect(page.locator("#curtain-count")).to_have_text("3 points")
    expect(page.locator("#points")).to_have_text("3")
    expect_rewards(page, 1)


def test_long_list_of_prizes_shows_the_most_valuable_ones_first(page: Page, server: Server) -> None:
    prizes = [
        {"id": f"p-{n}", "title": f"Prize {n}", "points": n, "odds": 0.01} for n in range(1, 14)
    ]
    server.open_hunt("curtain-prizes", "Many prizes", prizes=prizes)
    try:
        visit(page, "curtain-prizes", "Many prizes")
        shown = page.locator("#prizes li:visible .name")
        expect(shown).to_have_text([f"Prize {n}" for n in range(13, 5, -1)])
        page.get_by_role("button", name="and 5 more").click()
        expect(shown).to_have_count(13)
    finally:
        server.operate("/hunts/curtain-prizes/close", {})
