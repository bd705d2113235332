"""The page's stream: when it counts as dead, and when it comes back."""

from __future__ import annotations

import re
import signal

from playwright.sync_api import CDPSession, Page, expect

from tests.browser.playing import Sent, live, shot, show_again, stop_the_clock
from tests.browser.serving import Server

HEARTBEAT = 15_000  # ms

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


def test_the_seconds_to_the_next_attempt_are_shown_and_not_read_out(
    page: Page, server: Server
) -> None:
    page.evaluate(LISTEN)
    server.stop(signal.SIGKILL)
    counted = re.compile(r"[4-9]")
    expect(page.locator("body")).to_have_attribute("data-counted", counted, timeout=20_000)
    assert page.evaluate("announced") == ["reconnecting"]
    assert page.locator("#countdown").get_attribute("aria-hidden") == "true"
    server.start()
    live(page)
    assert page.evaluate("announced") == ["reconnecting", "live"]


def test_a_silent_stream_is_dead_after_two_and_a_half_heartbeats(page: Page) -> None:
    stop_the_clock(page)
    streams = Sent(page, "/events")
    page.clock.run_for(2.5 * HEARTBEAT - 3_000)
    live(page)
    assert len(streams) == 0
    page.clock.run_for(3_000)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    page.clock.run_for(3_000)
    live(page)
    assert len(streams) == 1


def _heartbeat(network: CDPSession) -> None:
    """Return when the browser gets bytes."""
    beats: list[object] = []
    network.once("Network.dataReceived", lambda beat: beats.extend([beat]))
    while not beats:
        network.send("Runtime.evaluate", {"expression": "0"})


def test_heartbeats_keep_a_silent_stream_alive(page: Page, server: Server) -> None:
    with server.restarted(HUNT_HEARTBEAT="0.2"):
        stop_the_clock(page)
        streams = Sent(page, "/events")
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        for _ in range(4):
            for _ in range(3):  # the page has read all of them but the last
                _heartbeat(network)
            page.clock.run_for(2 * HEARTBEAT)
        live(page)
        assert len(streams) == 0


def test_a_page_that_comes_to_light_does_not_wait(page: Page, server: Server) -> None:
    stop_the_clock(page)
    server.stop(signal.SIGKILL)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting in \d s"))
    server.start()
    show_again(page)
    live(page)


def test_a_page_that_comes_online_does_not_wait(page: Page) -> None:
    stop_the_clock(page)
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    shot(page, "game-offline")
    page.context.set_offline(False)
    live(page)


def test_a_stream_that_slept_is_not_trusted(page: Page) -> None:
    stop_the_clock(page)
    streams = Sent(page, "/events")
    show_again(page)
    assert len(streams) == 0  # it was live, and not silent for long
    # The device slept: the time has passed, and no timer with it.
    page.clock.set_system_time((page.evaluate("Date.now()") + 3 * HEARTBEAT) / 1000)
    with page.expect_request("**/events"):
        show_again(page)
    live(page)


def test_an_attempt_that_hangs_is_given_up_when_the_page_comes_to_light(page: Page) -> None:
    stop_the_clock(page)
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text("offline")
    page.route("**/events", lambda _: None, times=1)  # it is never answered
    with page.expect_request("**/events"):
        page.context.set_offline(False)
    with page.expect_request("**/events"):
        show_again(page)
    live(page)


def test_a_server_that_drains_says_so_and_when_to_come_back(page: Page, server: Server) -> None:
    stop_the_clock(page)
    streams = Sent(page, "/events")
    server.stop(signal.SIGTERM)
    connection = page.locator("#connection")
    expect(connection).to_have_text(re.compile(r"server draining, reconnecting in \d s"))
    shot(page, "game-draining")
    server.start()
    seconds = int(re.findall(r"\d", connection.inner_text())[0])
    page.clock.run_for((seconds - 1) * 1000)
    assert len(streams) == 0
    page.clock.run_for(1000)
    live(page)
    assert len(streams) == 1
