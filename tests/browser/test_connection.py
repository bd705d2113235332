"""The event stream of the page: detection of dead connections, and reconnects."""

from __future__ import annotations

import re
import signal
from typing import Any

from playwright.sync_api import CDPSession, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    RequestLog,
    click,
    click_elsewhere,
    expect_live,
    expect_rewards,
    frozen_clock,
    listed_ids,
    logged_ids,
    screenshot,
    show_again,
)
from tests.browser.proxy import Proxy
from tests.browser.serving import Server

HEARTBEAT = 15_000  # ms, as the page knows it
LONGEST_PAUSE = 5_000  # ms, before the first attempt

LISTEN = """() => {
    window.announced = [];
    const seconds = new Set();
    const see = { subtree: true, childList: true, characterData: true };
    for (const region of document.querySelectorAll("[role=status], output:not([aria-live=off])"))
        new MutationObserver(() => announced.push(region.textContent)).observe(region, see);
    const countdown = document.getElementById("countdown");
    const count = () => (document.body.dataset.counted = seconds.add(countdown.textContent).size);
    new MutationObserver(count).observe(countdown, see);
}"""


@frozen_clock
def test_countdown_is_not_announced_and_ends_when_the_page_becomes_visible(
    page: Page, server: Server
) -> None:
    page.evaluate(LISTEN)
    server.stop(signal.SIGKILL)
    for _ in range(30):  # the first attempt follows after two or three seconds
        expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting in \d s"))
        page.clock.run_for(1_000)  # never while an attempt is under way: it takes real time
        if int(page.locator("body").get_attribute("data-counted") or 0) >= 4:
            break
    else:
        raise AssertionError("no seconds were counted")
    assert page.evaluate("announced") == ["reconnecting"]
    assert page.locator("#countdown").get_attribute("aria-hidden") == "true"
    server.start()
    show_again(page)
    expect_live(page)  # although its clock is frozen
    assert page.evaluate("announced") == ["reconnecting", "live"]


def test_silent_stream_is_replaced_after_two_and_a_half_heartbeats(
    proxied: Page, proxy: Proxy
) -> None:
    click_elsewhere(proxied)
    expect_rewards(proxied, 1)  # so the page has received bytes since its clock was frozen
    proxy.drop_streams()
    for _ in range(3):  # more than the server replays
        click_elsewhere(proxied)
    streams = RequestLog(proxied, "/events")
    proxied.clock.run_for(2.5 * HEARTBEAT - 1)
    expect_live(proxied)  # as its clock shows
    assert len(streams) == 0
    proxied.clock.run_for(1)
    expect(proxied.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    proxied.clock.run_for(LONGEST_PAUSE)
    expect_live(proxied)
    expect_rewards(proxied, 4)
    assert len(streams) == 1
    assert listed_ids(proxied) == logged_ids(proxied)


def _heartbeat(network: CDPSession, stream: str) -> None:
    """Return when the browser gets bytes of a stream."""
    beats: list[str] = []

    def note(received: dict[str, str]) -> None:
        if received["requestId"] == stream:
            beats.append(stream)

    network.on("Network.dataReceived", note)
    while not beats:
        network.send("Runtime.evaluate", {"expression": "0"})
    network.remove_listener("Network.dataReceived", note)


@frozen_clock
def test_heartbeats_keep_a_quiet_stream(page: Page) -> None:
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    own: list[str] = []

    def note(sent: dict[str, Any]) -> None:
        if sent["request"]["url"].endswith("/events"):  # not the stream of all wins
            own.append(sent["requestId"])

    network.on("Network.requestWillBeSent", note)
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.context.set_offline(False)
    expect_live(page)
    streams = RequestLog(page, "/events")
    for _ in range(2):
        for _ in range(2):  # the page has read all of them except the last
            _heartbeat(network, own[-1])
        page.clock.run_for(2 * HEARTBEAT)
    expect_live(page)
    assert len(streams) == 0


@frozen_clock
def test_announced_heartbeats_keep_a_quiet_stream(page: Page, server: Server) -> None:
    with server.restarted(HUNT_HEARTBEAT="100"):
        show_again(page)
        expect_live(page)
        streams = RequestLog(page, "/events")
        page.clock.run_for(2.5 * 100_000 - 5_000)
        expect_live(page)
        assert len(streams) == 0


@frozen_clock
def test_page_reconnects_at_once_when_the_network_is_back(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.context.set_offline(False)
    expect_live(page)


def test_offline_click_is_sent_when_the_network_is_back(page: Page) -> None:
    clicks = RequestLog(page, "/clicks", "POST")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    click(page)
    expect(page.locator("#outcome")).to_have_text(
        "You are offline. Your click is kept, and sent when you are back."
    )
    accessible(page)
    screenshot(page, "game-offline")
    page.context.set_offline(False)
    expect_rewards(page, 1)
    expect_live(page)
    assert len({body["id"] for body in clicks.bodies}) == 1
    assert listed_ids(page) == logged_ids(page)


@frozen_clock
def test_live_stream_is_kept_when_the_page_becomes_visible(page: Page) -> None:
    streams = RequestLog(page, "/events")
    show_again(page)
    click_elsewhere(page)
    expect_rewards(page, 1)
    assert len(streams) == 0


def test_phone_shows_missed_rewards_after_sleep(proxied: Page, proxy: Proxy) -> None:
    phone = proxied.context.new_cdp_session(proxied)
    phone.send("Page.setWebLifecycleState", {"state": "frozen"})
    proxy.drop_streams()
    slept_through = [click_elsewhere(proxied) for _ in range(3)]  # more than the server replays
    phone.send("Page.setWebLifecycleState", {"state": "active"})
    # The wall clock has advanced, and no timer has. The page replaces a long silent stream.
    proxied.clock.set_system_time((proxied.evaluate("Date.now()") + 3 * HEARTBEAT) / 1000)
    show_again(proxied)
    expect_rewards(proxied, 3)
    assert listed_ids(proxied) == slept_through
    expect_live(proxied)


@frozen_clock
def test_hanging_attempt_is_replaced_when_the_page_becomes_visible(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.route("**/events", lambda _: None, times=1)  # it is never answered
    with page.expect_request("**/events"):
        page.context.set_offline(False)
    with page.expect_request("**/events"):
        show_again(page)
    expect_live(page)


@frozen_clock
def test_draining_server_sets_the_time_of_the_reconnect(page: Page, server: Server) -> None:
    streams = RequestLog(page, "/events")
    server.stop(signal.SIGTERM)
    connection = page.locator("#connection")
    expect(connection).to_have_text(re.compile(r"server restarting, reconnecting in \d s"))
    screenshot(page, "game-draining")
    server.start()
    seconds = int(re.findall(r"\d", connection.inner_text())[0])
    page.clock.run_for((seconds - 1) * 1000)
    assert len(streams) == 0
    page.clock.run_for(1000)
    expect_live(page)
    assert len(streams) == 1
