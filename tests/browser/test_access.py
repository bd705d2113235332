"""Keyboard and screen readers."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.playing import (
    click,
    click_elsewhere,
    expect_rewards,
    frozen_clock,
    without_stream,
)

FOCUSED = """() => {
    const { activeElement } = document;
    const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
    const seen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    return [activeElement.id || activeElement.localName, seen];
}"""


def test_tab_key_reaches_every_control_in_order_with_visible_focus(page: Page) -> None:
    click_elsewhere(page)  # so that there is a list; no element has the focus yet
    expect_rewards(page, 1)
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(FOCUSED)
        if name == "body":
            break
        assert seen, name
        reached.append(name)
    # If there are other hunts, links to them come first.
    assert [name for name in reached if name != "a"] == [
        "map", "sound", "rewards", "rename", "summary",
    ]  # fmt: skip


def test_landmarks_and_controls_have_accessible_names(page: Page) -> None:
    click_elsewhere(page)
    for role, name in (
        ("banner", None),
        ("main", None),
        ("region", "The map"),
        ("application", "Map. Click or tap anywhere."),
        ("list", "Wins of other players"),
        ("region", "Your clicks"),
        ("list", "Your clicks and prizes, newest first"),
        ("button", "Sound"),
    ):
        found = page.get_by_role(role, name=name) if name else page.get_by_role(role)  # type: ignore[arg-type]
        expect(found).to_have_count(1)


@frozen_clock
def test_first_outcome_is_announced_at_once_and_later_ones_as_a_summary(page: Page) -> None:
    outcomes = iter([(None, 0), ("shell", 5), ("shell", 5), (None, 0), ("chest", 2500)])

    def answer(route: object) -> None:
        prize, points = next(outcomes)
        reward = route.fetch().json()  # type: ignore[attr-defined]
        route.fulfill(json=reward | {"prize": prize, "points": points})  # type: ignore[attr-defined]

    page.route("**/events", lambda route: route.abort())  # only the answers deliver outcomes
    page.route("**/clicks", answer)
    page.reload()
    without_stream(page)
    said = page.locator("#said")
    click(page)
    expect_rewards(page, 1)
    expect(said).to_have_text("Nothing but water.")
    for number in range(2, 6):
        click(page, number / 10)
        expect_rewards(page, number)
        expect(said).to_have_text("Nothing but water.")
    expect(page.locator("#outcome")).to_have_text("Sunken chest: 2,500 points.")
    page.clock.run_for(5_000)
    expect(said).to_have_text("4 clicks, 3 prizes: 2 \u00d7 Sea shell, Sunken chest. 2,510 points.")
