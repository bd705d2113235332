"""Sounds: off until they are wanted, remembered, and told apart."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Route, expect

from tests.browser.playing import click, finds, live, painted, without_stream

#: Notes the pitch of each tone; they sound as they would.
LISTEN = """
    window.tones = [];
    const Real = window.OscillatorNode;
    window.OscillatorNode = class extends Real {
        constructor(audio, options) { super(audio, options); tones.push(options.frequency); }
    };
"""


def tones(page: Page, prize: str | None, number: int) -> list[int]:
    """Return the tones of a click that finds `prize`, the page's find of that number."""

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


def test_sounds_are_off_until_somebody_wants_them_and_that_is_remembered(page: Page) -> None:
    page.add_init_script(LISTEN)
    page.reload()
    live(page)
    button = page.get_by_role("button", name="Sound")
    expect(button).to_have_attribute("aria-pressed", "false")
    click(page)
    finds(page, 1)
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


def test_a_miss_a_prize_and_a_rare_one_sound_different(page: Page) -> None:
    page.add_init_script(LISTEN)
    page.route("**/events", lambda route: route.abort())  # the answer alone tells
    page.reload()
    without_stream(page)
    page.get_by_role("button", name="Sound").click()
    page.wait_for_function("() => tones.length > 0")  # how it will be like
    heard = [tones(page, prize, n) for n, prize in enumerate((None, "shell", "chest"), 1)]
    assert all(heard)
    assert len({tuple(each) for each in heard}) == 3
    assert len(heard[2]) > len(heard[1]) > len(heard[0])
