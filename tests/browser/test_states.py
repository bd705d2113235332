"""Messages of the game page: errors, and states without a game."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    Look,
    click,
    expect_live,
    expect_rewards,
    game,
    painted,
    screenshot,
    visit,
    visitor,
    watched,
)
from tests.browser.serving import Server

both = pytest.mark.parametrize(
    "page",
    [pytest.param(Look(), id="desk"), pytest.param(Look(390, 844), id="phone")],
    indirect=True,
)

WAITING = "Your earlier clicks could not be loaded. Trying again …"
NOTHING = "Nothing yet. The lighthouse has seen stranger things than luck."

#: The pixels of the map around a place, which a mark changes.
AROUND = """([x, y]) => {
    const map = document.getElementById("map");
    const size = 24;
    const corner = [x * map.width - size / 2, y * map.height - size / 2];
    return [...map.getContext("2d").getImageData(...corner, size, size).data].join();
}"""


def test_rate_limited_click_shows_when_it_is_sent_again(browser: Browser, server: Server) -> None:
    with server.restarted(HUNT_CLICK_RATE="0.25", HUNT_CLICK_BURST="1"):
        with game(browser, server.url, Look()) as page:
            click(page, 0.2)
            expect_rewards(page, 1)  # the refusal of the next click would come before this answer
            click(page, 0.4)
            told = re.compile(r"^Too fast\. Your click is sent again in (a second|\d+ seconds) …$")
            expect(page.locator("#outcome")).to_have_text(told)
            accessible(page)
            screenshot(page, "game-too-fast")
            expect_rewards(page, 2)


def test_server_without_guests_tells_the_visitor_what_to_do(
    browser: Browser, server: Server
) -> None:
    with server.restarted(HUNT_GUESTS="off"):
        for look, name in ((Look(), "game-no-guests"), (Look(390, 844), "")):
            with visitor(browser, server.url, look) as page:
                closed = page.locator("#closed")
                expect(closed).to_contain_text("This game is for invited players")
                expect(closed).to_contain_text("Sign in on the website that invited you")
                expect(page.locator("#game")).to_be_hidden()
                expect(page.locator("#points")).to_be_hidden()
                accessible(page)
                if name:
                    screenshot(page, name)


def test_invited_player_plays_on_a_server_without_guests(browser: Browser, server: Server) -> None:
    with server.restarted(HUNT_GUESTS="off"):
        token = server.token(audience="hunt")
        context = browser.new_context(base_url=server.url)
        context.add_cookies([{"name": "hunt_player", "value": token, "url": server.url}])
        with watched(context, server.url):
            page = context.new_page()
            page.goto(server.url)
            expect_live(page)
            click(page)
            expect(page.locator("#rewards li").first).to_be_visible()


def test_history_that_cannot_be_loaded_is_not_shown_as_empty(page: Page, server: Server) -> None:
    click(page)
    expect_rewards(page, 1)
    points = page.locator("#points").inner_text()
    with server.frozen_database():
        page.reload()
        expect_live(page)
        expect(page.locator("#points")).to_have_text("…")
        expect(page.locator("#empty")).to_have_text(WAITING, timeout=30_000)
        expect(page.locator("#points")).to_have_text("…")
        expect(page.locator("#count")).to_have_text("")
        accessible(page)
        screenshot(page, "game-history-waiting")
    expect_rewards(page, 1)
    expect(page.locator("#points")).to_have_text(points)
    expect(page.locator("#empty")).to_be_hidden()


def test_empty_history_is_shown_as_empty_once_it_is_loaded(page: Page) -> None:
    held: list[Route] = []
    page.route("**/rewards?*", lambda route: held.append(route), times=1)  # ruff: ignore[unnecessary-lambda] - Playwright marks what it is given
    page.reload()
    expect_live(page)
    expect(page.locator("#empty")).to_have_text("Loading your clicks …")
    expect(page.locator("#points")).to_have_text("…")
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(page.locator("#empty")).to_have_text(NOTHING)
    expect(page.locator("#points")).to_have_text("0")


@both
def test_unknown_hunt_shows_links_to_others(page: Page) -> None:
    page.goto("?hunt=atlantis")
    closed = page.locator("#closed")
    expect(closed).to_contain_text("No such hunt")
    expect(closed).to_contain_text("There is no hunt “atlantis” here.")
    expect(page.locator("#game")).to_be_hidden()
    accessible(page)
    screenshot(page, "game-no-such-hunt")
    page.get_by_role("navigation", name="Hunts").get_by_role("link", name="Harbour night").click()
    expect_live(page)
    expect(page.locator("#title")).to_have_text("Harbour night")


def test_sold_out_prize_is_marked(page: Page, server: Server) -> None:
    server.open_hunt("lake", "The lake", 0, 1)
    visit(page, "lake", "The lake")
    prizes = page.locator("#prizes li")
    expect(prizes.nth(0)).to_have_class("gone")
    expect(prizes.nth(0)).to_contain_text("all found")
    expect(prizes.nth(1)).to_contain_text("points")
    expect(page.locator("#outcome")).to_have_text("Click anywhere on the map.")
    accessible(page)
    screenshot(page, "game-all-found")


def test_sold_out_hunt_shows_a_message(page: Page, server: Server) -> None:
    server.open_hunt("pond", "The pond", 0, 0)
    visit(page, "pond", "The pond")
    expect(page.locator("#outcome")).to_have_text("All prizes of this hunt have been found.")


def test_prize_is_marked_after_its_last_win(page: Page, server: Server) -> None:
    """The stream tells the stock; the page does not ask for it."""
    server.open_hunt("estuary", "The estuary", 1)
    visit(page, "estuary", "The estuary")
    asked: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    expect(page.locator("#prizes li")).not_to_have_class("gone")
    click(page)
    expect_rewards(page, 1)
    expect(page.locator("#prizes li")).to_have_class("gone")
    assert not [url for url in asked if url.endswith("/v1/hunts/estuary")]


@both
def test_state_and_announcement_appear_without_a_reload(page: Page, server: Server) -> None:
    server.open_hunt("creek", "The creek")
    visit(page, "creek", "The creek")
    state, announcement = page.locator("#hunt-state"), page.locator("#announcement")
    expect(state).to_be_empty()
    expect(announcement).to_be_empty()
    server.operate(
        "/hunts/creek/announcement", {"text": "Gold at nine.\n<b>Soon</b>"}, method="PUT"
    )
    expect(announcement).to_have_text("Gold at nine.\n<b>Soon</b>")
    server.operate("/hunts/creek/pause", {})
    expect(state).to_have_text("The hunt is paused. It will go on soon.")
    assert announcement.get_attribute("role") == state.get_attribute("role") == "status"
    accessible(page)
    screenshot(page, "game-announcement")
    page.reload()
    expect(state).to_have_text("The hunt is paused. It will go on soon.")
    expect(announcement).to_have_text("Gold at nine.\n<b>Soon</b>")
    server.operate("/hunts/creek/announcement", {"text": None}, method="PUT")
    server.operate("/hunts/creek/open", {})
    expect(state).to_be_empty()
    expect(announcement).to_be_empty()


def test_marks_are_drawn_again_after_a_reload(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    place, elsewhere = [0.25, 0.75], [0.6, 0.9]
    painted(page)
    before = [page.evaluate(AROUND, each) for each in (place, elsewhere)]
    click(page, *place)
    expect_rewards(page, 1)
    page.reload()
    expect_rewards(page, 1)
    expect_live(page)
    painted(page)
    marked, same = (page.evaluate(AROUND, each) for each in (place, elsewhere))
    assert marked != before[0]
    assert same == before[1]


def test_marks_of_the_previous_guest_are_removed(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    painted(page)
    before = page.evaluate(AROUND, [0.25, 0.75])
    click(page, 0.25, 0.75)
    expect_rewards(page, 1)
    page.context.clear_cookies()
    click(page, 0.6, 0.9)
    expect(page.locator("#notice")).not_to_be_empty()
    expect_rewards(page, 1)
    painted(page)
    assert page.evaluate(AROUND, [0.25, 0.75]) == before


def test_test_hunt_is_played_at_its_own_address(page: Page, server: Server) -> None:
    server.open_hunt("test-creek", "Rehearsal", test=True)
    visit(page, "test-creek", "Rehearsal")
    server.operate("/hunts/test-creek", method="DELETE")
