"""The game in a real browser, against a real server process."""

from __future__ import annotations

import re
import signal
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from hunt.store.secret import jwt_secret
from hunt.web import auth
from tests.browser.playing import Sent, click, finds, live, shot
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


def test_another_hunt_is_chosen_by_a_link_and_has_finds_and_leaders_of_its_own(
    page: Page, server: Server
) -> None:
    secret = jwt_secret(server.data_dir)
    token = auth.sign((secret,), "root", audience=auth.ADMIN, ttl=600, now=datetime.now(UTC))
    river = {"id": "river", "title": "The river", "map": {"width": 10, "height": 10}}
    river["prizes"] = [{"id": "gold", "title": "Gold", "points": 3, "odds": 1.0}]
    headers = {"Authorization": f"Bearer {token}"}
    for path, body in (("", river), ("/river/open", {})):
        url = f"{server.origin}/v1/admin/hunts{path}"
        answer = page.context.request.post(url, data=body, headers=headers)
        assert answer.ok, answer.text()
    click(page)
    finds(page, 1)
    links = page.get_by_role("navigation", name="Hunts").get_by_role("link")
    expect(links).to_have_count(0)  # there was one hunt when the page came
    page.reload()
    expect(page.locator("#hunts a[aria-current]")).to_have_count(1)
    links.filter(has_text="The river").click()
    expect(page.locator("#title")).to_have_text("The river")
    expect(page.locator("#hunts a[aria-current]")).to_have_text("The river")
    live(page)
    click(page)
    finds(page, 1)
    expect(page.locator("#points")).to_have_text("3")
    # The board was empty when the page came: it is asked again.
    expect(page.locator("#leaders li.you")).to_have_text("You3 points", timeout=30_000)
    shot(page, "game-hunts")
    page.go_back()
    expect(page.locator("#title")).not_to_have_text("The river")
    finds(page, 1)
