"""axe-core finds no violation on any page."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import VENDOR, accessible
from tests.browser.playing import click, expect_rewards, screenshot, visit, watched
from tests.browser.serving import Server

ROOT = Path(__file__).parents[2]


def test_game_is_accessible_before_and_after_prizes(page: Page) -> None:
    accessible(page)
    for number in range(1, 8):
        click(page, number / 8)
        expect_rewards(page, number)
    accessible(page)


def test_paused_and_closed_hunts_are_accessible(page: Page, server: Server) -> None:
    server.open_hunt("tide", "The tide")
    visit(page, "tide", "The tide")
    for number in range(1, 4):
        click(page, number / 4)
        expect_rewards(page, number)
    server.operate("/hunts/tide/pause", {})
    outcome = page.locator("#outcome")
    while "not open" not in outcome.inner_text():  # a process may not know it yet
        with page.expect_response("**/clicks"):
            click(page)
    accessible(page)
    screenshot(page, "game-paused")
    server.operate("/hunts/tide/close", {})
    expect(page.locator("#connection")).to_have_text("the hunt is over", timeout=20_000)
    accessible(page)
    screenshot(page, "game-over")


def test_api_reference_is_accessible(browser: Browser, server: Server) -> None:
    server.ensure()
    context = browser.new_context(base_url=server.url)
    with watched(context, server.url):
        page = context.new_page()
        page.goto("/docs")
        page.wait_for_selector("main:not([aria-busy])")
        accessible(page)
        page.goto("/docs/problems")
        accessible(page)
        page.goto("/docs")
        page.wait_for_selector("main:not([aria-busy])")
        # All parts of one operation of each kind are opened. All operations would take seconds.
        page.evaluate(
            """() => {
                const others = document.querySelectorAll("section > details ~ details");
                for (const each of others) each.remove();
                for (const each of document.querySelectorAll("details")) each.open = true;
            }"""
        )
        accessible(page)


def test_axe_core_is_unmodified_and_not_packaged() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {name: wanted for wanted, name in (line.split() for line in lines)}
    there = {each.name for each in VENDOR.iterdir()} - {"SHA256SUMS", "README.md"}
    assert sums.keys() == there
    for name, wanted in sums.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == wanted
    assert "axe-core-LICENSE.txt" in there
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert wheel["packages"] == ["hunt"]
    assert not any("vendor" in path for path in wheel.get("force-include", ()))
    assert list((ROOT / "hunt").rglob("axe*")) == []
    assert "tests/browser/vendor" in build["targets"]["sdist"]["exclude"]
