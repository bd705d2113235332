"""What the page shows of that which happened while it was not looking."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Route, expect

from tests.browser.playing import Sent, click, click_elsewhere, finds, live, still


def test_what_happens_while_the_stream_opens_is_shown(page: Page) -> None:
    def click_first(route: Route) -> None:
        click_elsewhere(page)
        route.continue_()

    page.route("**/events", click_first)
    page.reload()
    finds(page, 1)


def test_every_page_of_the_history_is_read(page: Page) -> None:
    ids = [click_elsewhere(page) for _ in range(5)]
    page.route(
        "**/rewards?*", lambda route: route.continue_(url=route.request.url.replace("1000", "2"))
    )
    reads = Sent(page, "/rewards")
    page.reload()
    finds(page, 5)
    shown = page.locator("#rewards li").evaluate_all("all => all.map((each) => each.dataset.id)")
    assert shown == ids[::-1]
    assert len(reads) == 3


def test_what_happens_before_the_first_id_is_shown_after_a_reconnect(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    click_elsewhere(page)
    page.context.set_offline(False)
    live(page)
    finds(page, 1)


@still  # so that it does not try while it is offline
def test_what_a_stream_can_resume_is_not_read_again(page: Page) -> None:
    click(page)
    finds(page, 1)
    reads, streams = Sent(page, "/rewards"), Sent(page, "/events")
    page.context.set_offline(True)
    click_elsewhere(page)
    page.context.set_offline(False)
    finds(page, 2)
    assert "last-event-id" in streams.headers[-1]
    assert len(reads) == 0


def test_a_reset_alone_has_the_history_read(page: Page) -> None:
    """Without the words of the greeting, which say the same on this server."""
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
    finds(page, 1)


@still  # so that it does not try while it is offline
def test_what_a_stream_cannot_resume_is_read_once(page: Page) -> None:
    click(page)
    finds(page, 1)
    reads = Sent(page, "/rewards")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    for _ in range(3):  # more than the server replays
        click_elsewhere(page)
    page.context.set_offline(False)
    finds(page, 4)
    click(page)
    finds(page, 5)
    assert len(reads) == 1


@still  # so that it does not try while it is offline
def test_an_id_that_was_of_no_use_is_not_sent_again(page: Page) -> None:
    click(page)
    finds(page, 1)
    streams = Sent(page, "/events")
    for missed in (3, 0):
        page.context.set_offline(True)
        expect(page.locator("#connection")).to_have_text("offline")
        for _ in range(missed):
            click_elsewhere(page)
        page.context.set_offline(False)
        live(page)
        finds(page, 4)
    old, new = (headers["last-event-id"] for headers in streams.headers)
    assert new != old, "it goes on from the greeting"
