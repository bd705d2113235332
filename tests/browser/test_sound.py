"""Sounds of the game."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Route, expect

from tests.browser.playing import click, expect_live, expect_rewards, painted, without_stream

#: Records the frequency of each tone, and plays it.
LISTEN = """
    window.tones = [];
    const Real = window.OscillatorNode;
    window.OscillatorNode = class extends Real {
        constructor(audio, options) { super(audio, options); tones.push(options.frequency); }
    };
"""


def tones(page: Page, prize: str | None, number: int) -> list[int]:
    """Return the tones of a click that wins `prize` and is the reward of that number."""

    def answer(route: Route) -> None:
        reward = json.loads(route.fetch().text()) | {"prize": prize, "points": 5 if prize else 0}
        route.fulfill(json=reward)

    page.route("**/clicks", answer, times=1)
    page.evaluate("tones.length = 0")
    click(page)
    expect(page.locator("#count")).to_have_text(f"· {number}")
    painted(page)
    heard: list[int] = page.evaluate("tones")
    return heard


def test_sound_is_off_by_default_and_the_choice_is_stored(page: Page) -> None:
    page.add_init_script(LISTEN)
    page.reload()
    expect_live(page)
    button = page.get_by_role("button", name="Sound")
    expect(button).to_have_attribute("aria-pressed", "false")
    click(page)
    expect_rewards(page, 1)
    assert page.evaluate("tones") == []
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("() => tones.length > 0")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.press("Space")
    expect(button).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_miss_prize_and_rare_prize_have_different_sounds(page: Page) -> None:
    page.add_init_script(LISTEN)
    page.route("**/events", lambda route: route.abort())  # only the answer delivers the outcome
    page.reload()
    without_stream(page)
    page.get_by_role("button", name="Sound").click()
    page.wait_for_function("() => tones.length > 0")  # the sample
    heard = [tones(page, prize, n) for n, prize in enumerate((None, "shell", "chest"), 1)]
    assert all(heard)
    assert len({tuple(each) for each in heard}) == 3
    assert len(heard[2]) > len(heard[1]) > len(heard[0])
