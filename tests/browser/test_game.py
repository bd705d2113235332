"""The game in a real browser, against a real server process."""

from __future__ import annotations

import re
import signal
from operator import itemgetter

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    RequestLog,
    click,
    expect_live,
    expect_rewards,
    listed_ids,
    logged_ids,
    phone,
    screenshot,
    visit,
    without_data,
)
from tests.browser.serving import Server


def test_reward_of_answer_and_event_is_shown_once(page: Page) -> None:
    with page.expect_response("**/clicks") as answered:
        click(page)
    expect_rewards(page, 1)
    reward = answered.value.json()
    expect(page.locator("#rewards li")).to_have_attribute("data-id", reward["id"])
    expect(page.locator("#points")).to_have_text(str(reward["points"]))
    for number in range(2, 12):
        click(page, number / 12)
        expect_rewards(page, number)


def test_reload_keeps_rewards_and_points(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    points = page.locator("#points").inner_text()
    page.reload()
    expect_rewards(page, 1)
    expect(page.locator("#points")).to_have_text(points)


def test_two_tabs_of_one_player_show_the_same_list(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    expect_live(other)
    for number in range(1, 4):
        for tab in (page, other):
            click(tab, number / 4)
    for tab in (page, other):
        expect_rewards(tab, 6)
        assert listed_ids(tab) == logged_ids(page)
    expect(other.locator("#points")).to_have_text(page.locator("#points").inner_text())


def test_late_answer_is_listed_by_its_seq(page: Page) -> None:
    page.route("**/harbour/events*", lambda route: route.abort())  # outcomes come by answers
    page.reload()
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/clicks", lambda route: late.append((route, route.fetch())), times=1)
    click(page, 0.2)
    while not late:
        page.wait_for_timeout(10)
    click(page, 0.4)
    expect_rewards(page, 1)
    [(route, answer)] = late
    route.fulfill(response=answer)
    expect_rewards(page, 2)
    assert listed_ids(page) == logged_ids(page)


def test_burst_of_rewards_is_listed_in_order(page: Page) -> None:
    rewards = page.evaluate(
        """() => Promise.all(Array.from({ length: 200 }, (_, x) =>
            fetch("/v1/hunts/harbour/clicks", {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ id: crypto.randomUUID(), x: x / 2, y: 50 }),
            }).then((answer) => answer.json())))"""
    )
    expect_rewards(page, 200)
    rewards.sort(key=itemgetter("seq"))
    assert listed_ids(page) == [reward["id"] for reward in rewards]
    points = sum(reward["points"] for reward in rewards)
    expect(page.locator("#points")).to_have_text(f"{points:,}")


def test_page_and_map_follow_the_colour_scheme_of_the_system(page: Page) -> None:
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
        expect_rewards(page, number)
    screenshot(page, "game-light")


def test_game_is_playable_by_keyboard(page: Page) -> None:
    focused = "document.activeElement.id"
    for _ in range(60):  # past the links to other hunts, if there are any
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "map":
            break
    expect(page.locator("#map")).to_be_focused()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "ArrowDown", "x"):
        page.keyboard.press(key)
    with page.expect_request("**/clicks") as sent:
        page.keyboard.press("Enter")
    assert sent.value.post_data_json["x"] == 58
    expect_rewards(page, 1)
    screenshot(page, "game-keyboard")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_held_key_is_one_click(page: Page, key: str) -> None:
    clicks = RequestLog(page, "/clicks", "POST")
    page.locator("#map").focus()
    for _ in range(4):
        page.keyboard.down(key)  # the second and later ones repeat
    page.keyboard.up(key)
    page.keyboard.press(key)
    expect_rewards(page, 2)
    assert len(clicks) == 2


@phone
def test_game_fits_a_phone_and_takes_taps(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.locator("#map").tap()
    expect_rewards(page, 1)
    screenshot(page, "game-phone")


def test_page_recovers_from_a_killed_server(page: Page, server: Server) -> None:
    click(page)
    expect_rewards(page, 1)
    server.stop(signal.SIGKILL)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting in \d+ s"))
    for number in range(1, 4):
        click(page, number / 4)  # and the clicks wait for the server
    expect(page.locator("#outcome")).to_have_text("No answer yet. Your click is sent again …")
    screenshot(page, "game-reconnecting")
    server.start()
    expect_live(page)
    expect_rewards(page, 4)
    assert listed_ids(page) == logged_ids(page)


def test_click_is_retried_until_a_frozen_database_responds(page: Page, server: Server) -> None:
    clicks = RequestLog(page, "/clicks", "POST")
    outcome = page.locator("#outcome")
    with server.frozen_database():
        click(page)
        expect(outcome).to_have_text(
            "The server is busy. Your click is sent again …", timeout=20_000
        )
        expect_live(page)  # the stream does not need the database
        accessible(page)
        screenshot(page, "game-database-frozen")
    expect_rewards(page, 1)
    expect(outcome).to_have_text(re.compile(r"points|water"))
    assert len({body["id"] for body in clicks.bodies}) == 1
    assert listed_ids(page) == logged_ids(page)


def test_single_hunt_shows_no_links(page: Page) -> None:
    def one(route: Route) -> None:
        hunts = route.fetch().json()["hunts"]  # those of other tests, too
        route.fulfill(json={"hunts": [each for each in hunts if each["id"] == "harbour"]})

    without_data(page)
    page.route("**/v1/hunts", one)
    page.reload()
    expect_live(page)
    expect(page.locator("#title")).to_have_text("Harbour night")
    expect(page.get_by_role("navigation", name="Hunts")).to_be_hidden()


def test_link_opens_another_hunt_with_its_own_rewards_and_leaderboard(
    page: Page, server: Server
) -> None:
    server.open_hunt("river", "The river")
    visit(page, "river", "The river")
    page.clock.install()
    page.goto("?hunt=harbour")
    expect_live(page)
    click(page)
    expect_rewards(page, 1)
    links = page.get_by_role("navigation", name="Hunts").get_by_role("link")
    links.filter(has_text="The river").press("Enter")
    expect(page.locator("#title")).to_have_text("The river")
    expect(page.locator("#hunts a[aria-current]")).to_have_text("The river")
    expect_live(page)
    click(page)
    expect_rewards(page, 1)
    expect(page.locator("#points")).to_have_text("3")
    # The stream tells the leaderboard; the page does not ask for it.
    asked = RequestLog(page, "/leaderboard")
    you = page.locator("#leaders li.you")
    expect(you).to_have_text("1You3 points")
    assert len(asked) == 0
    accessible(page)
    screenshot(page, "game-hunts")
    page.go_back()
    expect(page.locator("#title")).to_have_text("Harbour night")
    expect_rewards(page, 1)
