"""Rewards that the page missed, and the history."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Route, expect

from tests.browser.playing import (
    RequestLog,
    click,
    click_elsewhere,
    expect_live,
    expect_rewards,
    frozen_clock,
)


def test_reward_during_the_connect_is_shown(page: Page) -> None:
    def click_first(route: Route) -> None:
        click_elsewhere(page)
        route.continue_()

    page.route("**/events", click_first)
    page.reload()
    expect_rewards(page, 1)


def test_history_is_loaded_in_pages(page: Page) -> None:
    ids = [click_elsewhere(page) for _ in range(5)]
    page.route(
        "**/rewards?*", lambda route: route.continue_(url=route.request.url.replace("1000", "2"))
    )
    reads = RequestLog(page, "/rewards")
    page.reload()
    expect_rewards(page, 5)
    shown = page.locator("#rewards li").evaluate_all("all => all.map((each) => each.dataset.id)")
    assert shown == ids[::-1]
    assert len(reads) == 3


def test_stream_without_an_event_id_misses_no_reward_after_a_reconnect(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    click_elsewhere(page)
    page.context.set_offline(False)
    expect_live(page)
    expect_rewards(page, 1)


@frozen_clock  # no attempts while offline
def test_resumed_stream_loads_no_history(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    reads, streams = RequestLog(page, "/rewards"), RequestLog(page, "/events")
    page.context.set_offline(True)
    click_elsewhere(page)
    page.context.set_offline(False)
    expect_rewards(page, 2)
    assert "last-event-id" in streams.headers[-1]
    assert len(reads) == 0


def test_reset_loads_the_history(page: Page) -> None:
    """The greeting says that the stream has resumed, so only the reset can cause the load."""
    hunt = page.request.get("v1/hunts/harbour").json()
    hello = json.dumps({"hunt": "harbour", "epoch": hunt["epoch"], "seq": 1, "resumed": True})
    click_elsewhere(page)
    page.route(
        "**/events",
        lambda route: route.fulfill(
            content_type="text/event-stream",
            body=f"retry: 200000\n\nevent: hello\ndata: {hello}\n\nevent: reset\ndata: {{}}\n\n",
        ),
    )
    page.reload()
    expect_rewards(page, 1)


@frozen_clock  # no attempts while offline
def test_stream_that_cannot_resume_loads_the_history_once(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    reads = RequestLog(page, "/rewards")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    for _ in range(3):  # more than the server replays
        click_elsewhere(page)
    page.context.set_offline(False)
    expect_rewards(page, 4)
    click(page)
    expect_rewards(page, 5)
    assert len(reads) == 1


@frozen_clock  # no attempts while offline
def test_rejected_event_id_is_not_sent_again(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    streams = RequestLog(page, "/events")
    for missed in (3, 0):
        page.context.set_offline(True)
        expect(page.locator("#connection")).to_have_text("offline")
        for _ in range(missed):
            click_elsewhere(page)
        page.context.set_offline(False)
        expect_live(page)
        expect_rewards(page, 4)
    old, new = (headers["last-event-id"] for headers in streams.headers)
    assert new != old, "it goes on from the greeting"
