"""axe-core has nothing to say of any page, in any of its states and looks."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import VENDOR, accessible
from tests.browser.playing import click, finds, shot, visit, watched
from tests.browser.serving import Server

ROOT = Path(__file__).parents[2]


def test_the_game_at_first_sight_and_after_prizes(page: Page) -> None:
    accessible(page)
    for number in range(1, 8):
        click(page, number / 8)
        finds(page, number)
    accessible(page)


def test_a_hunt_that_is_paused_and_one_that_is_over(page: Page, server: Server) -> None:
    server.open_hunt("tide", "The tide")
    visit(page, "tide", "The tide")
    for number in range(1, 4):
        click(page, number / 4)
        finds(page, number)
    server.operate("/hunts/tide/pause", {})
    outcome = page.locator("#outcome")
    while "not open" not in outcome.inner_text():  # a process may not know it yet
        with page.expect_response("**/clicks"):
            click(page)
    accessible(page)
    shot(page, "game-paused")
    server.operate("/hunts/tide/close", {})
    expect(page.locator("#connection")).to_have_text("the hunt is over", timeout=20_000)
    accessible(page)
    shot(page, "game-over")


def test_the_documentation_of_the_contract(browser: Browser, server: Server) -> None:
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
        # With all open that can be, of one operation of each kind: all of them take seconds.
        page.evaluate(
            """() => {
                const others = document.querySelectorAll("section > details ~ details");
                for (const each of others) each.remove();
                for (const each of document.querySelectorAll("details")) each.open = true;
            }"""
        )
        accessible(page)


def test_axe_core_is_what_its_makers_published_and_is_in_no_package() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {name: wanted for wanted, name in (line.split() for line in lines)}
    there = {each.name for each in VENDOR.iterdir()} - {"SHA256SUMS", "README.md"}
    assert sums.keys() == there
    for name, wanted in sums.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == wanted
    assert "axe-core-LICENSE.txt" in there
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"] == {"packages": ["hunt"]}
    assert list((ROOT / "hunt").rglob("axe*")) == []
    assert build["targets"]["sdist"]["exclude"] == ["tests/browser/vendor"]
