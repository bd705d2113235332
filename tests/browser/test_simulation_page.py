"""The page of a simulation, accessible on every screen and without a request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import accessible
from tests.cli.commands import DEMO, run
from tests.proof.bundles import Story, write

EXAMPLES = Path(__file__).parents[2] / "examples"

OPTIONS = ("--clicks", "4000", "--players", "400", "--runs", "3", "--seed", "7")


def shown(page: Page, folder: Path, *arguments: str) -> list[str]:
    """Open the page of a simulation; return the requests that it makes, and its errors."""
    file = folder / "page.html"
    run("simulate", *arguments, *OPTIONS, "--html", str(file))
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: seen.append(message.text))
    page.goto(file.as_uri())
    return [each for each in seen if not each.startswith(("file:", "data:"))]


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """Yield an empty page of a new browser profile."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_page_of_a_hunt_with_positions_is_accessible(plain: Page, tmp_path: Path) -> None:
    crowd = ("--crowd", "uniform=0.7,hints=0.25,bots=0.05")
    assert shown(plain, tmp_path, DEMO, *crowd, "--value", "chest=12") == []
    expect(plain.get_by_role("heading", level=1)).to_have_text("Harbour night")
    expect(plain.get_by_role("img", name="expected value")).to_be_visible()
    expect(plain.get_by_role("heading", name="Crowds")).to_be_visible()
    plain.get_by_text("as a table").click()
    accessible(plain)
    for width in (390, 1280):
        plain.set_viewport_size({"width": width, "height": 800})
        assert plain.evaluate("document.documentElement.scrollWidth") <= width


def test_page_of_a_paced_hunt_is_accessible(plain: Page, tmp_path: Path) -> None:
    assert shown(plain, tmp_path, str(EXAMPLES / "live-stream.toml")) == []
    expect(plain.get_by_text("wherever it is")).to_be_visible()
    expect(plain.get_by_text("off its plan")).to_be_visible()
    assert plain.locator("polyline.plan").count() == 1
    accessible(plain)


def test_map_in_degrees_has_north_above(plain: Page, tmp_path: Path) -> None:
    file = tmp_path / "north.toml"
    file.write_text(
        '[hunt]\nid = "h"\ntitle = "North"\n'
        "map = { west = 13, south = 52, east = 13.2, north = 52.1 }\n"
        '[[prize]]\nid = "gem"\ntitle = "Gem"\n'
        "odds = { at = [13.05, 52.09], within = 500, odds = 1 }\n"
    )
    assert shown(plain, tmp_path, str(file)) == []
    box, ring = plain.locator(".map svg").bounding_box(), plain.locator(".ring").bounding_box()
    assert box is not None
    assert ring is not None
    assert ring["x"] + ring["width"] / 2 < box["x"] + box["width"] / 2  # in the west
    assert ring["y"] + ring["height"] / 2 < box["y"] + box["height"] / 2  # in the north
    # 1,000 metres of 11,120 from south to north.
    assert abs(ring["height"] / box["height"] - 1000 / 11_120) < 0.02


def test_page_of_a_replay_is_accessible(plain: Page, tmp_path: Path) -> None:
    bundle, file = write(tmp_path / "bundle", Story().lines()), tmp_path / "page.html"
    run("simulate", "--replay", str(bundle), "--release", "even", "--html", str(file))
    plain.goto(file.as_uri())
    expect(plain.get_by_role("img", name="Chest: 30 granted as played")).to_be_visible()
    accessible(plain)
    for width in (390, 1280):
        plain.set_viewport_size({"width": width, "height": 800})
        assert plain.evaluate("document.documentElement.scrollWidth") <= width
