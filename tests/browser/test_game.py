"""The game in a real browser, against a real server process."""

from __future__ import annotations

import re
import signal
from operator import itemgetter

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import Sent, click, finds, live, logged, phone, shot, shown, visit
from tests.browser.serving import Server


def test_a_click_is_shown_once_though_answer_and_event_both_come(page: Page) -> None:
    with page.expect_response("**/clicks") as answered:
        click(page)
    finds(page, 1)
    reward = answered.value.json()
    expect(page.locator("#rewards li")).to_have_attribute("data-id", reward["id"])
    expect(page.locator("#points")).to_have_text(str(reward["points"]))
    for number in range(2, 12):
        click(page, number / 12)
        finds(page, number)


def test_a_reload_keeps_what_was_found(page: Page) -> None:
    click(page)
    finds(page, 1)
    points = page.locator("#points").inner_text()
    page.reload()
    finds(page, 1)
    expect(page.locator("#points")).to_have_text(points)


def test_two_tabs_of_one_player_show_the_same_in_the_same_order(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    live(other)
    for number in range(1, 4):
        for tab in (page, other):
            click(tab, number / 4)
    for tab in (page, other):
        finds(tab, 6)
        assert shown(tab) == logged(page)
    expect(other.locator("#points")).to_have_text(page.locator("#points").inner_text())


def test_an_outcome_that_comes_late_is_listed_where_it_belongs(page: Page) -> None:
    page.route("**/harbour/events*", lambda route: route.abort())  # the answers alone tell
    page.reload()
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/clicks", lambda route: late.append((route, route.fetch())), times=1)
    click(page, 0.2)
    while not late:
        page.wait_for_timeout(10)
    click(page, 0.4)
    finds(page, 1)
    [(route, answer)] = late
    route.fulfill(response=answer)
    finds(page, 2)
    assert shown(page) == logged(page)


def test_two_hundred_rewards_in_a_burst_are_all_shown_in_order(page: Page) -> None:
    rewards = page.evaluate(
        """() => Promise.all(Array.from({ length: 200 }, (_, x) =>
            fetch("/v1/hunts/harbour/clicks", {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ id: crypto.randomUUID(), x: x / 2, y: 50 }),
            }).then((answer) => answer.json())))"""
    )
    finds(page, 200)
    rewards.sort(key=itemgetter("seq"))
    assert shown(page) == [reward["id"] for reward in rewards]
    points = sum(reward["points"] for reward in rewards)
    expect(page.locator("#points")).to_have_text(f"{points:,}")


def test_the_page_and_the_map_are_dark_or_light_as_the_system_is(page: Page) -> None:
    light = """() => {
        const sky = document.getElementById("map").getContext("2d").getImageData(10, 10, 1, 1).data;
        const paper = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
        return [...sky.slice(0, 3), ...paper].every((each) => each > 150);
    }"""
    assert not page.evaluate(light)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(light)
    for number in range(1, 6):
        click(page, number / 6)
        finds(page, number)
    shot(page, "game-light")


def test_by_keyboard_alone(page: Page) -> None:
    focused = "document.activeElement.id"
    for _ in range(10):  # past the links to other hunts, if there are any
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "map":
            break
    expect(page.locator("#map")).to_be_focused()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "ArrowDown", "x"):
        page.keyboard.press(key)
    with page.expect_request("**/clicks") as sent:
        page.keyboard.press("Enter")
    assert sent.value.post_data_json["x"] == 58
    finds(page, 1)
    shot(page, "game-keyboard")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_key_that_is_held_is_one_click(page: Page, key: str) -> None:
    clicks = Sent(page, "/clicks", "POST")
    page.locator("#map").focus()
    for _ in range(4):
        page.keyboard.down(key)  # the second and later ones repeat
    page.keyboard.up(key)
    page.keyboard.press(key)
    finds(page, 2)
    assert len(clicks) == 2


@phone
def test_on_a_phone_it_fits_and_takes_a_tap(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.locator("#map").tap()
    finds(page, 1)
    shot(page, "game-phone")


def test_a_server_killed_in_mid_game_is_come_back_to(page: Page, server: Server) -> None:
    click(page)
    finds(page, 1)
    server.stop(signal.SIGKILL)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting in \d+ s"))
    for number in range(1, 4):
        click(page, number / 4)  # and they wait for the server
    expect(page.locator("#outcome")).to_have_text("No answer yet. Your click is sent again …")
    shot(page, "game-reconnecting")
    server.start()
    live(page)
    finds(page, 4)
    assert shown(page) == logged(page)


def test_a_frozen_database_is_told_and_the_click_is_kept(page: Page, server: Server) -> None:
    clicks = Sent(page, "/clicks", "POST")
    outcome = page.locator("#outcome")
    with server.frozen_database():
        click(page)
        expect(outcome).to_have_text(
            "The server is busy. Your click is sent again …", timeout=20_000
        )
        live(page)  # the stream has nothing to do with the database
        accessible(page)
        shot(page, "game-database-frozen")
    finds(page, 1)
    expect(outcome).to_have_text(re.compile(r"points|water"))
    assert len({body["id"] for body in clicks.bodies}) == 1
    assert shown(page) == logged(page)


def test_one_hunt_alone_is_no_choice(page: Page) -> None:
    def one(route: Route) -> None:
        all_ = route.fetch().json()
        route.fulfill(json={"hunts": all_["hunts"][:1]})

    page.route("**/v1/hunts", one)
    page.reload()
    live(page)
    expect(page.locator("#title")).to_have_text("Harbour night")
    expect(page.get_by_role("navigation", name="Hunts")).to_be_hidden()


def test_another_hunt_is_chosen_by_a_link_and_has_finds_and_leaders_of_its_own(
    page: Page, server: Server
) -> None:
    server.open_hunt("river", "The river")
    visit(page, "river", "The river")
    page.clock.install()
    page.goto("?hunt=harbour")
    live(page)
    click(page)
    finds(page, 1)
    links = page.get_by_role("navigation", name="Hunts").get_by_role("link")
    links.filter(has_text="The river").press("Enter")
    expect(page.locator("#title")).to_have_text("The river")
    expect(page.locator("#hunts a[aria-current]")).to_have_text("The river")
    live(page)
    click(page)
    finds(page, 1)
    expect(page.locator("#points")).to_have_text("3")
    # Whom it showed when the page came, it did not know: it is asked again.
    you = page.locator("#leaders li.you")
    expect(you).to_have_count(0)
    while not you.is_visible():
        with page.expect_response("**/leaderboard?*"):
            page.clock.fast_forward(12_000)
    expect(you).to_have_text("You3 points")
    accessible(page)
    shot(page, "game-hunts")
    page.go_back()
    expect(page.locator("#title")).to_have_text("Harbour night")
    finds(page, 1)
