"""The public module ``/static/hunt.js``, and the example of its documentation."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.browser.serving import Server

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "javascript.md"

FOLLOW = """async ([options, after]) => {
    const { join } = await import("/static/hunt.js");
    const hunt = (window.hunt = (await join(options)).hunt("harbour"));
    window.told = [];
    const tell = (kind) => (what) => told.push([kind, what]);
    const told = window.told;
    window.following = hunt.follow({
        reward: tell("reward"), reset: tell("reset"), state: tell("state"),
        refused: ({ status }) => told.push(["refused", status]),
    }, after);
}"""


@pytest.fixture
def follow(page: Page) -> Callable[..., None]:
    def start(options: dict[str, Any] | None = None, after: str = "") -> None:
        page.evaluate(FOLLOW, [options or {}, after])

    return start


def until(page: Page, kind: str, what: object) -> None:
    page.wait_for_function(
        "([kind, what]) => told.some((each) => each[0] === kind && each[1] === what)",
        arg=[kind, what],
    )


def seqs(page: Page, count: int) -> Sequence[int]:
    """Return the seqs of the delivered rewards, once there are `count`."""
    rewards = "told.filter(([kind]) => kind === 'reward').map(([, { seq }]) => seq)"
    page.wait_for_function(f"() => {rewards}.length >= {count}")
    found: list[int] = page.evaluate(rewards)
    return found


def test_stream_delivers_rewards_until_it_is_stopped(
    page: Page, follow: Callable[..., None]
) -> None:
    follow()
    until(page, "state", "live")
    answers = page.evaluate("Promise.all([1, 2, 3].map((x) => hunt.click(x, 2)))")
    settled = sorted(each["seq"] for each in answers)
    assert seqs(page, 3) == settled
    assert {UUID(each["id"]).version for each in answers} == {7}
    made = UUID(answers[0]["id"]).int >> 80
    assert abs(page.evaluate("Date.now()") - made) < 60_000
    assert [each["seq"] for each in page.evaluate("hunt.history()")] == settled
    assert page.evaluate("following.position").endswith(f"-{settled[-1]}")
    page.evaluate("following.stop()")
    until(page, "state", "stopped")
    page.evaluate("hunt.click(4, 2)")
    # Resumed from the saved position.
    follow(after=page.evaluate("following.position"))
    assert len(seqs(page, 1)) == 1


def test_stream_without_a_reward_misses_none_across_a_restart(
    page: Page, server: Server, follow: Callable[..., None]
) -> None:
    follow()
    until(page, "state", "live")
    server.stop(signal.SIGKILL)
    until(page, "state", "waiting")
    server.start()
    # Before the stream is back, the position is that of the greeting.
    clicked = page.evaluate("hunt.click(1, 2)")
    assert seqs(page, 1) == [clicked["seq"]]
    assert page.evaluate("told.filter(([kind]) => kind === 'reset')") == []


def test_unknown_position_causes_a_reset(page: Page, follow: Callable[..., None]) -> None:
    follow(after="zz-1")
    page.wait_for_function("() => told.some(([kind]) => kind === 'reset')")
    clicked = page.evaluate("hunt.click(1, 2)")
    assert seqs(page, 1) == [clicked["seq"]]


def test_invalid_token_is_refused_despite_a_cookie(page: Page, follow: Callable[..., None]) -> None:
    follow({"token": "gibberish"})
    until(page, "refused", 401)
    status = page.evaluate("hunt.click(1, 2).catch((error) => error.status)")
    assert status == 401


def test_wins_and_leaderboard_are_delivered_until_stopped(
    page: Page, follow: Callable[..., None]
) -> None:
    follow()
    page.evaluate(
        """() => {
            window.leaders = null;
            hunt.leaders((leaders) => (window.leaders = leaders), { limit: 1 });
            window.heard = [[], []];
            window.following = heard.map((wins) =>
                hunt.winners({ wins: (some) => wins.push(...some) }));
        }"""
    )
    for _ in range(2):
        # The stream may open after the first wins, which are not replayed.
        while not page.evaluate("heard.at(-1).length"):
            page.evaluate("hunt.click(1, 2)")
        page.evaluate("following[0].stop()")
        [first, second] = page.evaluate("heard.map((wins) => wins.splice(0))")
    assert first == [], "it was stopped"
    assert sorted(second[0]) == ["at", "player", "points", "prize"]
    page.wait_for_function("() => leaders !== null && leaders.length === 1")


def test_example_of_the_documentation_works(page: Page) -> None:
    [example] = re.findall(r"```js\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", note)
    # Served by the page's own server, because its policy allows no other script.
    page.route(
        "**/static/example.js",
        lambda route: route.fulfill(content_type="text/javascript", body=example),
    )
    page.evaluate("import('/static/example.js')")
    # If the click is settled before the stream is open, no reward follows.
    while not ("live" in said and any(line.startswith("click ") for line in said)):
        page.wait_for_timeout(10)
    assert any(re.fullmatch(r"click \d+, new", line) for line in said)
