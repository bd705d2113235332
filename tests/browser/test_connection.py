"""The page's stream: when it counts as dead, and when it comes back."""

from __future__ import annotations

import re
import signal
from typing import Any

from playwright.sync_api import CDPSession, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    Sent,
    click,
    click_elsewhere,
    finds,
    live,
    logged,
    shot,
    show_again,
    shown,
    still,
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


@still
def test_the_seconds_to_the_next_attempt_are_shown_and_not_read_out_and_light_ends_them(
    page: Page, server: Server
) -> None:
    page.evaluate(LISTEN)
    server.stop(signal.SIGKILL)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting in \d s"))
    for _ in range(30):  # the first attempt comes after two or three
        page.clock.run_for(1_000)
        if int(page.locator("body").get_attribute("data-counted") or 0) >= 4:
            break
    else:
        raise AssertionError("no seconds were counted")
    assert page.evaluate("announced") == ["reconnecting"]
    assert page.locator("#countdown").get_attribute("aria-hidden") == "true"
    server.start()
    show_again(page)
    live(page)  # though its clock stands still
    assert page.evaluate("announced") == ["reconnecting", "live"]


def test_a_stream_that_a_proxy_has_forgotten_is_dead_after_two_and_a_half_heartbeats(
    proxied: Page, proxy: Proxy
) -> None:
    click_elsewhere(proxied)
    finds(proxied, 1)  # so it has heard something since its clock was stopped
    proxy.forget_streams()
    for _ in range(3):  # more than the server replays
        click_elsewhere(proxied)
    streams = Sent(proxied, "/events")
    proxied.clock.run_for(2.5 * HEARTBEAT - 1)
    live(proxied)  # as far as it knows
    assert len(streams) == 0
    proxied.clock.run_for(1)
    expect(proxied.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    proxied.clock.run_for(LONGEST_PAUSE)
    live(proxied)
    finds(proxied, 4)
    assert len(streams) == 1
    assert shown(proxied) == logged(proxied)


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


@still
def test_heartbeats_keep_a_silent_stream_alive(page: Page) -> None:
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    own: list[str] = []

    def note(sent: dict[str, Any]) -> None:
        if sent["request"]["url"].endswith("/events"):  # not everybody's wins
            own.append(sent["requestId"])

    network.on("Network.requestWillBeSent", note)
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.context.set_offline(False)
    live(page)
    streams = Sent(page, "/events")
    for _ in range(2):
        for _ in range(2):  # the page has read all of them but the last
            _heartbeat(network, own[-1])
        page.clock.run_for(2 * HEARTBEAT)
    live(page)
    assert len(streams) == 0


@still
def test_a_page_that_comes_online_does_not_wait(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.context.set_offline(False)
    live(page)


def test_a_click_made_offline_is_kept_until_the_network_is_back(page: Page) -> None:
    clicks = Sent(page, "/clicks", "POST")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    click(page)
    expect(page.locator("#outcome")).to_have_text("No answer yet. Your click is sent again …")
    accessible(page)
    shot(page, "game-offline")
    page.context.set_offline(False)
    finds(page, 1)
    live(page)
    assert len({body["id"] for body in clicks.bodies}) == 1
    assert shown(page) == logged(page)


@still
def test_a_stream_that_is_live_is_kept_when_the_page_comes_to_light(page: Page) -> None:
    streams = Sent(page, "/events")
    show_again(page)
    click_elsewhere(page)
    finds(page, 1)
    assert len(streams) == 0


def test_a_phone_that_wakes_has_what_it_slept_through(proxied: Page, proxy: Proxy) -> None:
    phone = proxied.context.new_cdp_session(proxied)
    phone.send("Page.setWebLifecycleState", {"state": "frozen"})
    proxy.forget_streams()
    slept_through = [click_elsewhere(proxied) for _ in range(3)]  # more than the server replays
    phone.send("Page.setWebLifecycleState", {"state": "active"})
    # The time has passed, and no timer with it: a stream that was silent so long is not trusted.
    proxied.clock.set_system_time((proxied.evaluate("Date.now()") + 3 * HEARTBEAT) / 1000)
    show_again(proxied)
    finds(proxied, 3)
    assert shown(proxied) == slept_through
    live(proxied)


@still
def test_an_attempt_that_hangs_is_given_up_when_the_page_comes_to_light(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.route("**/events", lambda _: None, times=1)  # it is never answered
    with page.expect_request("**/events"):
        page.context.set_offline(False)
    with page.expect_request("**/events"):
        show_again(page)
    live(page)


@still
def test_a_server_that_drains_says_so_and_when_to_come_back(page: Page, server: Server) -> None:
    streams = Sent(page, "/events")
    server.stop(signal.SIGTERM)
    connection = page.locator("#connection")
    expect(connection).to_have_text(re.compile(r"server restarting, reconnecting in \d s"))
    shot(page, "game-draining")
    server.start()
    seconds = int(re.findall(r"\d", connection.inner_text())[0])
    page.clock.run_for((seconds - 1) * 1000)
    assert len(streams) == 0
    page.clock.run_for(1000)
    live(page)
    assert len(streams) == 1
