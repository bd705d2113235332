"""A guest session that expires during the game."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.playing import RequestLog, click, click_elsewhere, expect_live, expect_rewards
from tests.browser.serving import Server

NEW_GUEST = "Your session expired. You now play as a new guest."


def test_click_renews_an_expired_session_once(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    sessions, clicks = RequestLog(page, "/session", "POST"), RequestLog(page, "/clicks", "POST")
    page.context.clear_cookies()
    with page.expect_request("**/clicks") as sent:
        click(page)
    listed = page.locator("#rewards li")
    expect(listed).to_have_attribute("data-id", sent.value.post_data_json["id"])
    expect_rewards(page, 1)  # the new guest's
    expect(page.locator("#notice")).to_have_text(NEW_GUEST)
    expect_live(page)
    assert len(sessions) == 1
    assert [body["id"] for body in clicks.bodies] == [clicks.bodies[0]["id"]] * 2
    click_elsewhere(page)  # and the stream is that of the new guest
    expect_rewards(page, 2)


def test_stream_renews_an_expired_session_once(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    sessions = RequestLog(page, "/session", "POST")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.context.clear_cookies()
    page.context.set_offline(False)
    expect(page.locator("#notice")).to_have_text(NEW_GUEST)
    expect_live(page)
    click_elsewhere(page)
    expect_rewards(page, 1)
    assert len(sessions) == 1


def test_history_renews_an_expired_session_once(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    sessions = RequestLog(page, "/session", "POST")

    def sign_out(route: Route) -> None:
        page.context.clear_cookies()
        route.fulfill(response=page.request.get(route.request.url))

    page.route("**/rewards?*", sign_out, times=1)
    page.reload()
    expect(page.locator("#notice")).to_have_text(NEW_GUEST)
    expect_live(page)
    click_elsewhere(page)
    expect_rewards(page, 1)
    assert len(sessions) == 2  # the request of the reload, and the one for the new guest


def test_other_tab_becomes_the_new_guest(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    other = page.context.new_page()
    other.goto(page.url)
    expect_rewards(other, 1)
    page.context.clear_cookies()
    with page.expect_request("**/clicks") as sent:
        click(page, 0.2)
    for tab in (page, other):
        listed = tab.locator("#rewards li")
        expect(listed).to_have_attribute("data-id", sent.value.post_data_json["id"])
        expect_rewards(tab, 1)


def test_session_that_cannot_be_renewed_shows_the_reason(page: Page, server: Server) -> None:
    sessions = RequestLog(page, "/session", "POST")
    page.context.clear_cookies()
    with server.restarted(HUNT_GUESTS="off"):
        told = re.compile(
            r"^This game is for invited players\. Sign in on the website that invited"
        )
        expect(page.locator("#outcome")).to_have_text(told, timeout=20_000)
        expect(page.locator("#connection")).to_have_text("not connected")
        # Each of its two streams, and the leading tab, may have requested a session once.
        asked = len(sessions)
        assert 1 <= asked <= 3
        page.evaluate("document.getElementById('outcome').textContent = ''")
        click(page)
        expect(page.locator("#outcome")).to_have_text(told)
        assert asked < len(sessions) <= 4
