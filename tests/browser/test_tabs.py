"""Tabs that share an event stream: a browser opens six connections to a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.playing import (
    REAL_FRAMES,
    click,
    click_elsewhere,
    expect_live,
    expect_rewards,
    show_again,
)

TABS = 7


@pytest.fixture
def open_tab(page: Page) -> Callable[[], Page]:
    def opened() -> Page:
        tab = page.context.new_page()
        tab.goto(page.url)
        expect_live(tab)
        return tab

    return opened


class Streams:
    """The event streams that are opened from now on, and which of them are still open."""

    def __init__(self, context: BrowserContext) -> None:
        self.opened: list[Request] = []
        self.closed: list[Request] = []
        context.on("request", self._begun)
        context.on("requestfailed", self._ended)
        context.on("requestfinished", self._ended)

    def _begun(self, request: Request) -> None:
        if "/v1/" in request.url and "/events" in request.url:
            self.opened.append(request)

    def _ended(self, request: Request) -> None:
        self.closed.append(request)

    def open(self) -> list[Request]:
        return [each for each in self.opened if each not in self.closed]

    @property
    def own(self) -> list[Request]:
        return [each for each in self.opened if "scope=all" not in each.url]


def test_seven_tabs_click_and_show_every_reward(page: Page, open_tab: Callable[[], Page]) -> None:
    streams = Streams(page.context)
    tabs = [page, *(open_tab() for _ in range(TABS - 1))]
    for tab in tabs:
        click(tab)
    for tab in tabs:
        expect_rewards(tab, TABS)
    # Usually none; on a slow machine a tab may have taken over from the first one.
    assert len(streams.open()) <= 2


def test_another_tab_takes_over_when_the_leader_is_closed(
    page: Page, open_tab: Callable[[], Page]
) -> None:
    tabs = [open_tab(), open_tab()]
    click(page)
    for tab in tabs:
        expect_rewards(tab, 1)
    streams = Streams(page.context)
    page.close()
    click_elsewhere(tabs[0])  # whether the stream is open already or not
    for tab in tabs:
        expect_rewards(tab, 2)
        expect_live(tab)
    assert streams.own
    assert all("last-event-id" in each.headers for each in streams.own)


def test_visible_tab_takes_over_without_loss_repeat_or_announcement(
    page: Page, open_tab: Callable[[], Page]
) -> None:
    streams = Streams(page.context)
    other = open_tab()
    for tab in (page, other):
        tab.evaluate(
            """async () => {
                const { join } = await import("/static/hunt.js");
                window.seqs = [];
                (await join()).hunt("harbour").follow({ reward: ({ seq }) => seqs.push(seq) });
                window.announced = [];
                const state = document.getElementById("state");
                new MutationObserver(() => announced.push(state.textContent))
                    .observe(state, { childList: true });
            }"""
        )
    expected = 0
    for tab in (other, page, other):
        click_elsewhere(tab)
        show_again(tab)
        while not (streams.own and streams.own[-1].frame.page is tab):
            tab.wait_for_timeout(10)
        click_elsewhere(tab)
        expected += 2
        for each in (page, other):
            expect_rewards(each, expected)
    assert all("last-event-id" in each.headers for each in streams.own)
    for each in (page, other):
        each.wait_for_function(f"() => seqs.length >= {expected - 1}")
        told = each.evaluate("seqs")
        assert told == sorted(set(told))
        assert each.evaluate("announced") == []


def test_new_leader_is_followed_before_the_lock_is_lost(
    page: Page,
) -> None:
    told = page.evaluate(
        """async () => {
            const { join } = await import("/static/hunt.js");
            const hunt = (await join()).hunt("harbour");
            const told = [];
            const reward = ({ seq }) => told.push(seq);
            await new Promise((hello) => hunt.follow({ hello, reward }));
            const { held } = await navigator.locks.query();
            const { name } = held.find(({ name }) => name.endsWith("/events"));
            const another = new BroadcastChannel(name);
            const tell = (seq, term) => {
                const click = { id: crypto.randomUUID(), x: 1, y: 2, at: new Date().toISOString() };
                const data = JSON.stringify({ seq, ...click, prize: null, points: 0 });
                const position = `other-${seq}`;
                const event = { event: "reward", id: position, data };
                another.postMessage({ event, position, term });
            };
            const later = Date.now() + 1_000;
            tell(999_998, 1); // by a tab that followed long ago
            tell(999_999, later);
            tell(999_999, later);
            tell(1_000_000, later);
            while (!told.includes(1_000_000)) await new Promise((resolve) => setTimeout(resolve));
            return told;
        }"""
    )
    assert told == [999_999, 1_000_000]
    expect_rewards(page, 2)


def test_suspended_leader_is_replaced(page: Page) -> None:
    click(page)
    expect_rewards(page, 1)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    tab = page.context.new_page()
    tab.add_init_script(REAL_FRAMES)
    tab.clock.install()
    tab.goto(page.url)
    expect(tab.locator("#title")).to_have_text("Harbour night")
    while not tab.locator("#connection[data-state=live]").count():
        tab.clock.run_for(1_000)
    expect_rewards(tab, 1)
    click(tab)
    expect_rewards(tab, 2)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    expect_rewards(page, 2)


def test_tab_without_locks_has_its_own_stream_while_visible(
    page: Page, open_tab: Callable[[], Page]
) -> None:
    page.context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });"
    )
    tab = open_tab()
    with tab.expect_event("requestfailed", lambda failed: failed.url.endswith("/events")):
        hide(tab)
    click_elsewhere(page)
    expect_rewards(page, 1)
    with tab.expect_request("**/events") as asked:
        hide(tab, hidden=False)
    assert "last-event-id" in asked.value.headers
    expect_rewards(tab, 1)


def test_wins_are_followed_only_while_the_page_is_visible(page: Page) -> None:
    def all_of_them(request: object) -> bool:
        return "scope=all" in request.url  # type: ignore[attr-defined]

    with page.expect_event("requestfailed", all_of_them):
        hide(page)
    expect_live(page)  # its own stream stays
    with page.expect_event("request", all_of_them):
        hide(page, hidden=False)


def hide(page: Page, *, hidden: bool = True) -> None:
    """Make the tab appear hidden, or visible again, to its scripts."""
    state = "hidden" if hidden else "visible"
    page.evaluate(
        "(state) => Object.defineProperty(document, 'visibilityState', "
        "{ value: state, configurable: true })",
        state,
    )
    show_again(page)
