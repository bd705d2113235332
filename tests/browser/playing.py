"""Actions of a player in a browser, and conditions to wait for."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import (
    APIRequestContext,
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    expect,
)


@contextmanager
def watched(context: BrowserContext, server_url: str) -> Iterator[list[str]]:
    """Close `context` at the end, and check that its pages had no errors.

    Yields:
        The requested URLs; all must be the server's.
    """
    asked: list[str] = []
    errors: list[str] = []
    context.on("request", lambda made: asked.append(made.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda said: "Policy" in said.text and errors.append(said.text))
    try:
        yield asked
    finally:
        context.close()
    elsewhere = [url for url in asked if not url.startswith((server_url, "data:"))]
    assert not errors, errors
    assert not elsewhere, elsewhere


@dataclass(frozen=True)
class Look:
    """The size and the clock of a browser page."""

    width: int = 1280
    height: int = 800
    frozen: bool = False  #: only the test advances the timers of the page


#: Keeps animation frames real while the clock is frozen.
REAL_FRAMES = """for (const name of ["requestAnimationFrame", "cancelAnimationFrame"]) {
    const real = window[name].bind(window);
    Object.defineProperty(window, name, { get: () => real, set() {} });
}"""

frozen_clock = pytest.mark.parametrize(
    "page", [pytest.param(Look(frozen=True), id="frozen")], indirect=True
)
phone = pytest.mark.parametrize("page", [pytest.param(Look(390, 844), id="phone")], indirect=True)


@contextmanager
def visitor(browser: Browser, server_url: str, look: Look, path: str = "/") -> Iterator[Page]:
    """Open an address of the server as a new guest, without waiting for the game."""
    context = browser.new_context(
        base_url=server_url,
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark",
    )
    with watched(context, server_url):
        page = context.new_page()
        page.goto(path)
        yield page


@contextmanager
def game(browser: Browser, url: str, look: Look) -> Iterator[Page]:
    """Open the game as a new guest; yield the page once its stream is live and its points shown."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark",
        has_touch=look.width < 500,
    )
    with watched(context, url):
        page = context.new_page()
        if look.frozen:
            page.add_init_script(REAL_FRAMES)
            page.clock.install()
        page.goto(url)
        expect_live(page)
        expect(known_points(page)).to_be_visible()
        if look.frozen:
            page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))  # in seconds
        yield page


def without_data(page: Page) -> None:
    """Remove the hunts from the page that the server sends, so that the page requests them."""

    def emptied(route: Route) -> None:
        answer = route.fetch()
        text = re.sub(r'<script type="application/json" id="data">.*?</script>', "", answer.text())
        assert text != answer.text()
        route.fulfill(response=answer, body=text)

    page.route(re.compile(r"^[^?]*//[^/]+/(\?.*)?$"), emptied)


class RequestLog:
    """The requests of a page to one path, from now on, except the stream of all wins."""

    def __init__(self, page: Page, path: str, method: str = "GET") -> None:
        self.urls: list[str] = []
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self._path, self._method = path, method
        page.on("request", self._note)

    def __len__(self) -> int:
        return len(self.urls)

    def _note(self, request: object) -> None:
        url: str = request.url  # type: ignore[attr-defined]
        wins = "scope=all" in url
        if request.method == self._method and self._path in url and not wins:  # type: ignore[attr-defined]
            self.urls.append(url)
            self.bodies.append(request.post_data_json or {})  # type: ignore[attr-defined]
            self.headers.append(request.headers)  # type: ignore[attr-defined]


def click(page: Page, x: float = 0.5, y: float = 0.6) -> None:
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.locator("#map").click(position={"x": box["width"] * x, "y": box["height"] * y})


def send_click(
    player: APIRequestContext,
    origin: str,
    hunt_id: str = "harbour",
    *,
    token: str | None = None,
    **fields: object,
) -> dict[str, Any]:
    """Click outside of a page, and return the reward.

    Args:
        player: Has the cookie of the player, unless there is a `token`.
        origin: Origin of the server.
        hunt_id: Id of the hunt.
        token: Token of the player.
        fields: Fields of the click, in place of a new id and a position.
    """
    answer = player.post(
        f"{origin}/v1/hunts/{hunt_id}/clicks",
        data={"id": str(uuid.uuid4()), "x": 1, "y": 2} | fields,
        headers={"Authorization": f"Bearer {token}"} if token else {"Origin": origin},
    )
    assert answer.status == 200, answer.text()
    reward: dict[str, Any] = answer.json()
    return reward


def click_elsewhere(page: Page, **fields: object) -> str:
    """Click as the page's player, but outside of the page; return the click id."""
    origin = page.evaluate("location.origin")
    click_id: str = send_click(page.context.request, origin, **fields)["id"]
    return click_id


def known_points(page: Page) -> Locator:
    """Locate the points; they have no digit until the page has shown the player's rewards."""
    return page.locator("#points", has_text=re.compile(r"\d"))


def expect_live(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live", timeout=20_000)


def without_stream(page: Page) -> None:
    """Wait until the page is ready although it gets no stream."""
    expect(page.locator("#connection")).to_contain_text("reconnecting", timeout=20_000)


def expect_rewards(page: Page, count: int) -> None:
    expect(page.locator("#count")).to_have_text(f"· {count}", timeout=20_000)
    expect(page.locator("#rewards li")).to_have_count(count)


def listed_ids(page: Page) -> list[str]:
    """Return the click ids in the list, oldest first."""
    ids: list[str] = page.locator("#rewards li").evaluate_all(
        "all => all.map((each) => each.dataset.id)"
    )
    return ids[::-1]


def logged_ids(page: Page) -> list[str]:
    """Return the click ids of the player's rewards on the server, oldest first."""
    return [each["id"] for each in page.request.get("v1/hunts/harbour/rewards").json()["rewards"]]


def visit(page: Page, hunt_id: str, title: str | None = None) -> None:
    """Open a hunt; retries while the process does not know a new hunt, or its title, yet."""
    unknown = page.locator("#closed:visible")
    while True:
        go_until(page, f"?hunt={hunt_id}", known_points(page), before=unknown)
        if title in {None, page.locator("#title").inner_text()}:
            expect(page.locator("#connection")).to_have_attribute("data-state", "live")
            return


def go_until(page: Page, path: str, shown: Locator, *, before: Locator) -> None:
    """Load a page again until it shows a change, of which each process learns by itself.

    Args:
        page: Browser page.
        path: Address to load.
        shown: What the page shows after the change.
        before: What it shows, at the end of its start, before that.
    """
    for _ in range(100):
        page.goto(path)
        expect(shown.or_(before).first).to_be_visible()
        if shown.first.is_visible():
            return
    raise AssertionError(f"{path} did not change")


def watch_flares(page: Page) -> None:
    """Note from now on where the map is lit up."""
    page.evaluate(
        """() => {
            window.lamp = null;
            const { prototype } = CanvasRenderingContext2D;
            const glow = prototype.createRadialGradient;
            prototype.createRadialGradient = function (...where) {
                const { clientWidth, clientHeight } = this.canvas;
                window.lamp = [where[0] / clientWidth, where[1] / clientHeight];
                return glow.apply(this, where);
            };
        }"""
    )


def flare(page: Page) -> tuple[float, float]:
    """Wait until the map has been lit up; return where, as shares of its width and height."""
    page.wait_for_function("() => lamp")
    x, y = page.evaluate("lamp")
    return x, y


def painted(page: Page) -> None:
    """Return after the next frame has been painted."""
    page.evaluate("() => new Promise((at) => requestAnimationFrame(() => setTimeout(at)))")


def show_again(page: Page) -> None:
    """Dispatch the event of a tab that becomes visible."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def screenshot(page: Page, name: str, *, full_page: bool = False) -> None:
    folder = os.environ.get("HUNT_SCREENSHOTS")
    if folder:
        path = f"{folder}/{name}.png"
        page.screenshot(path=path, full_page=full_page, animations="disabled")
