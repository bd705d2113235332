"""Clicks that fail, are refused, or are retried."""

from __future__ import annotations

import json
import re
import signal

from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    RequestLog,
    click,
    click_elsewhere,
    expect_live,
    expect_rewards,
    frozen_clock,
    painted,
    screenshot,
)
from tests.browser.serving import Server

#: Counts the dashed lines that are drawn: the marks of unconfirmed clicks.
COUNT_DASHES = """() => {
    window.dashes = 0;
    const { prototype } = CanvasRenderingContext2D;
    const dash = prototype.setLineDash;
    prototype.setLineDash = function (line) {
        if (line.length) window.dashes++;
        return dash.call(this, line);
    };
}"""


@frozen_clock
def test_busy_click_is_retried_with_its_id_after_retry_after(page: Page) -> None:
    clicks = RequestLog(page, "/clicks", "POST")
    page.route(
        "**/clicks",
        lambda route: route.fulfill(status=503, headers={"Retry-After": "7"}, body="{}"),
        times=1,
    )
    click(page)
    expect(page.locator("#outcome")).to_have_text("The server is busy. Your click is sent again …")
    page.clock.run_for(6_900)
    assert len(clicks) == 1
    page.clock.run_for(1_000)  # 7 s, and at most half a second of jitter
    expect_rewards(page, 1)
    assert [body["id"] for body in clicks.bodies] == [clicks.bodies[0]["id"]] * 2


@frozen_clock
def test_unanswered_click_is_given_up_after_a_minute_and_can_be_retried(
    page: Page, server: Server
) -> None:
    clicks = RequestLog(page, "/clicks", "POST")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_hidden()
    page.evaluate(COUNT_DASHES)
    server.stop(signal.SIGKILL)
    click(page)
    begun = page.evaluate("Date.now()")
    expect(page.locator("#outcome")).to_have_text("No answer yet. Your click is sent again …")
    for _ in range(90):  # seconds
        page.clock.run_for(1_000)
        if again.is_visible():
            break
    expect(page.locator("#outcome")).to_have_text(
        "A click could not be confirmed. It is safe to try again."
    )
    assert page.evaluate("Date.now()") - begun >= 45_000
    assert 6 <= len(clicks) <= 60
    page.clock.resume()
    painted(page)
    assert page.evaluate("dashes") > 0
    accessible(page)
    screenshot(page, "game-unconfirmed")
    # A stream that is live again would send the click before the button is pressed.
    page.route("**/events*", lambda route: route.abort())
    server.start()
    again.click()
    expect_rewards(page, 1)
    expect(again).to_be_hidden()
    expect(page.locator("#map")).to_be_focused()
    assert len({body["id"] for body in clicks.bodies}) == 1


@frozen_clock
def test_click_settled_by_the_stream_is_not_retried(page: Page) -> None:
    clicks = RequestLog(page, "/clicks", "POST")

    def lose_the_answer(route: Route) -> None:
        click_elsewhere(page, id=route.request.post_data_json["id"])
        route.abort()

    page.route("**/clicks", lose_the_answer)
    click(page)
    expect_rewards(page, 1)
    expect(page.locator("#outcome")).to_have_text(re.compile(r"points|water"))
    page.clock.run_for(20_000)
    assert len(clicks) == 1


def test_click_with_a_used_id_is_not_retried(page: Page) -> None:
    clicks = RequestLog(page, "/clicks", "POST")

    def use_the_id_first(route: Route) -> None:
        click_elsewhere(page, id=route.request.post_data_json["id"])
        route.continue_()

    page.route("**/clicks", use_the_id_first)
    with page.expect_response("**/clicks") as answered:
        click(page)
    assert answered.value.status == 422
    assert len(clicks) == 1


@frozen_clock
def test_final_refusal_shows_the_detail_of_the_problem(page: Page) -> None:
    clicks = RequestLog(page, "/clicks", "POST")
    statuses = iter((400, 403, 409, 422))

    def refuse(route: Route) -> None:
        status = next(statuses)
        problem = json.dumps({"status": status, "detail": f"no, says {status}"})
        route.fulfill(status=status, body=problem)

    page.route("**/clicks", refuse)
    for number, status in enumerate((400, 403, 409, 422), 1):
        click(page)
        expect(page.locator("#outcome")).to_have_text(f"No, says {status}.")
        expect(page.locator("#again")).to_be_hidden()
        page.clock.run_for(30_000)
        assert len(clicks) == number
    expect_live(page)
