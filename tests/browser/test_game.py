"""The game in a real browser, against a real server process."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.playing import Sent, Server, click, finds, live, shot


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
    shot(page, "game")


def test_a_reload_keeps_what_was_found(page: Page) -> None:
    click(page)
    finds(page, 1)
    points = page.locator("#points").inner_text()
    page.reload()
    finds(page, 1)
    expect(page.locator("#points")).to_have_text(points)


def test_two_tabs_of_one_player_show_the_same(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    live(other)
    click(page)
    finds(page, 1)
    finds(other, 1)


def test_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
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


@pytest.mark.parametrize("page", [pytest.param((390, 844), id="phone")], indirect=True)
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
    shot(page, "game-reconnecting")
    click(page)  # and it waits for the server
    server.start()
    live(page)
    finds(page, 2)
