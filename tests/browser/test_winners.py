"""Wins of other players, shown without their positions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from hunt.core.player_ids import mask
from tests.browser.playing import (
    click,
    flare,
    painted,
    screenshot,
    send_click,
    visit,
    watch_flares,
)
from tests.browser.serving import Server

Win = Callable[[], dict[str, Any]]


def until_it_wins(page: Page) -> dict[str, Any]:
    """Click as the page's player, outside of the page, until a prize is won."""
    origin = page.evaluate("location.origin")
    while True:
        reward = send_click(page.context.request, origin)
        if reward["prize"]:
            return reward


@pytest.fixture
def win(browser: Browser, server: Server) -> Iterator[Win]:
    """Yield a function with which another player wins a prize."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/docs")  # of the same origin, without streams
    context.request.post("/v1/session")
    yield lambda: until_it_wins(page)
    context.close()


@pytest.fixture
def titles(page: Page) -> dict[str, str]:
    prizes = page.request.get("v1/hunts/harbour").json()["prizes"]
    return {prize["id"]: prize["title"] for prize in prizes}


def tell(page: Page, *frames: list[dict[str, Any]]) -> None:
    """Let a finite event stream of these wins take the place of the server's."""
    hello = json.dumps({"hunt": "harbour", "epoch": "k3", "seq": 1, "resumed": False})
    blocks = [f"retry: 200000\n\nevent: hello\ndata: {hello}\n\n"]
    for wins in frames:
        data = json.dumps({"hunt": "harbour", "wins": wins})
        blocks.append(f"event: wins\ndata: {data}\n\n")
    body = "".join(blocks)
    page.route(
        "**/events?scope=all",
        lambda route: route.fulfill(content_type="text/event-stream", body=body),
    )


def test_win_of_another_player_is_shown(page: Page, win: Win, titles: dict[str, str]) -> None:
    won = win()
    news = page.locator("#news li")
    expect(news).to_have_count(1)
    expect(news).to_contain_text(f"{titles[won['prize']]} +{won['points']}")
    expect(news.locator(".who")).to_contain_text("guest ")
    assert news.evaluate("(line) => line.closest('[aria-live], [role=status]')") is None
    screenshot(page, "game-news")
    box = news.bounding_box()
    assert box is not None
    with page.expect_request("**/clicks"):  # the click passes through it
        page.mouse.click(box["x"] + 20, box["y"] + 5)


#: Holds the timers of 3 s, the time that a win waits for the player's rewards.
HOLD_TIMERS = """
const { setTimeout } = window;
const held = [];
window.setTimeout = (call, ms) => (ms === 3000 ? held.push(call) : setTimeout(call, ms));
window.release = () => held.forEach((call) => call());
"""


def test_own_win_is_not_shown_as_another_players_however_late_the_reward_is(page: Page) -> None:
    own = until_it_wins(page)
    player = page.request.post(
        "v1/session", headers={"Origin": page.evaluate("location.origin")}
    ).json()["player"]
    win = {name: own[name] for name in ("prize", "points", "at")}
    wins = [
        win | {"player": mask(player)},
        win | {"player": "ad…a"},
        win | {"player": mask(player), "at": "2026-11-01T18:00:00Z"},  # a namesake's
    ]
    tell(page, wins)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/rewards?*", hold)
    page.add_init_script(HOLD_TIMERS)
    with page.expect_request("**/rewards?*"):
        page.reload()
    names = page.locator("#news .who")
    expect(names).to_have_text("ad…a")
    expect(page.locator("#rewards li")).to_have_count(0)
    held[0].continue_()
    expect(page.locator(f"#rewards li[data-id='{own['id']}']")).to_have_count(1)
    page.evaluate("release()")
    expect(names).to_have_text([mask(player), "ad…a"])  # the newest first


def test_many_wins_are_shown_as_three_lines_and_a_number(page: Page) -> None:
    wins = [
        {"player": "ad…a", "prize": "shell", "points": 5, "at": f"2026-11-01T18:00:{n:02}Z"}
        for n in range(50)
    ]
    wins[17] |= {"prize": "chest", "points": 2500}
    tell(page, *[wins] * 20)
    page.reload()
    news = page.locator("#news li")
    expect(news).to_have_count(3)
    expect(news.first).to_contain_text("Sunken chest")
    expect(news.last).to_contain_text("and 997 more")


def test_reduced_motion_disables_animations(page: Page, win: Win) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(
        """() => {
            window.paints = 0;
            const { prototype } = CanvasRenderingContext2D;
            const paint = prototype.drawImage;
            prototype.drawImage = function (...what) { paints++; return paint.apply(this, what); };
        }"""
    )
    win()
    expect(page.locator("#news li")).to_have_count(1)
    painted(page)
    assert page.evaluate("paints") == 0
    assert page.evaluate("document.getAnimations().length") == 0
    click(page)
    expect(page.locator("#rewards li")).to_have_count(1)
    assert page.evaluate("document.getAnimations().length") == 0


def test_lighthouse_flares_at_a_win(page: Page, win: Win) -> None:
    page.emulate_media(reduced_motion="no-preference")
    watch_flares(page)
    win()
    x, y = flare(page)
    assert (round(x, 2), round(y, 2)) == (0.78, 0.14), "always at its place"


def test_player_below_the_leaderboard_is_told_the_own_place(page: Page, server: Server) -> None:
    server.open_hunt("places", "Places")
    visit(page, "places", "Places")
    for number in range(5):
        token = server.token(audience="hunt", player=f"leader-{number}")
        for _ in range(2):
            send_click(page.request, server.origin, "places", token=token)
    # The page asks again, 15 s later, as long as the leaderboard does not have the win.
    page.route("**/standing", lambda route: route.fulfill(json={"rank": None}), times=1)
    click(page)
    expect(page.locator("#own-place")).to_have_text("Your place: 6", timeout=60_000)
    screenshot(page, "game-own-place")
    server.operate("/hunts/places/close", {})
