"""Take pictures of the examples: ``python -m tests.browser.looks FOLDER [NAME] [--check]``.

Each state is taken on a phone and on a desk; with ``--check`` axe-core checks the pages.  Odds
and times are those of the state; map, page and titles are those of the example.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from hunt.core.campaign_file import parse_campaign
from hunt.core.hunt_file import parse, to_json
from tests.browser.accessibility import accessible
from tests.browser.conftest import ARGUMENTS
from tests.browser.pictures import CHROMIUM
from tests.browser.playing import click, painted, visit
from tests.browser.serving import Server
from tests.support import reaper

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZES = {"phone": (390, 844), "desk": (1280, 800)}

Definition = dict[str, Any]


def examples() -> dict[str, Definition]:
    """Return the definition of each example by a short name; of the calendar its first door."""
    door = parse_campaign((EXAMPLES / "advent/campaign.toml").read_text("utf-8")).doors[0]
    files = {"live": "live-stream.toml", "city": "city-weekend.toml"}
    found = {
        name: to_json(parse((EXAMPLES / file).read_text("utf-8"))) for name, file in files.items()
    }
    return found | {"advent": to_json(door.definition)}


class Looks:
    """Takes the pictures of one example."""

    def __init__(
        self, browser: Browser, server: Server, folder: Path, name: str, *, checked: bool
    ) -> None:
        self.checked = checked
        self.browser, self.server, self.folder, self.name = browser, server, folder, name
        self.definition = examples()[name]
        self._number = 0

    def all(self) -> None:
        """Take the pictures of all states."""
        self.before()
        self.open("open", odds=0, clicks=0)
        self.open("miss", odds=0, clicks=5)
        self.open("win", odds=1, clicks=3)
        self.open("rare", odds=1, clicks=1, rare=True, then=self._card)
        self.open("german", odds=1, clicks=1, language="de-AT")
        self.open("german-card", odds=1, clicks=1, language="de", rare=True, then=self._card)
        self.open("sold-out", odds=1, clicks=1, stock=0)
        self.open("offline", odds=0, clicks=1, then=self._offline)
        self.open(
            "paused", odds=1, clicks=1, then=lambda page, hunt: self._operate(page, hunt, "pause")
        )
        self.open(
            "over", odds=1, clicks=2, then=lambda page, hunt: self._operate(page, hunt, "close")
        )

    def before(self) -> None:
        opens = datetime.now(UTC) + timedelta(days=2, hours=3)
        for language in ("en", "de"):
            hunt = self._create(opens_at=opens.isoformat(), closes_at=None, prizes=[])
            for size in SIZES:
                with self._page(size, language) as page:
                    visit(page, hunt)
                    page.wait_for_timeout(800)
                    self._take(page, f"waiting-{language}", size)
            self.server.operate(f"/hunts/{hunt}/close", {})

    def open(
        self,
        state: str,
        *,
        odds: float,
        clicks: int,
        stock: int | None = None,
        language: str = "en",
        rare: bool = False,
        then: Callable[[Page, str], None] | None = None,
    ) -> None:
        prize = dict(self.definition["prizes"][-1 if self.name == "city" else 0])
        kept = {key: prize[key] for key in ("id", "title", "points")}
        made = [kept | {"odds": odds / 2, "stock": 10 if stock is None else stock}]
        if rare:
            made = [
                kept | {"odds": {"peak": 0.45, "at": self._middle(), "radius": 1e9}, "stock": 12}
            ]
        others = self.definition["prizes"][1 if self.name != "city" else -2]
        made += [
            {
                "id": others["id"],
                "title": others["title"],
                "points": others["points"],
                "odds": 0 if rare else odds / 2,
                "stock": stock,
            }
        ]
        closes = datetime.now(UTC) + timedelta(hours=2, minutes=31)
        for size in SIZES:
            hunt = self._create(opens_at=None, closes_at=closes.isoformat(), prizes=made)
            with self._page(size, language) as page:
                visit(page, hunt)
                for number in range(clicks if not rare else 40):
                    click(page, 0.15 + number * 0.618 % 0.7, 0.5 + number * 0.414 % 0.45)
                    page.wait_for_timeout(250)
                    if rare and page.locator("#show").is_visible():
                        break
                page.wait_for_timeout(450)
                if then is None or rare:
                    self._take(page, state, size)
                if then is not None:
                    then(page, hunt)
                    self._take(page, f"{state}-then" if rare else state, size)
            self.server.operate(f"/hunts/{hunt}/close", {})

    def _middle(self) -> list[float]:
        map_ = self.definition["map"]
        if "width" in map_:
            return [map_["width"] / 2, map_["height"] / 2]
        return [(map_["west"] + map_["east"]) / 2, (map_["south"] + map_["north"]) / 2]

    def _card(self, page: Page, hunt: str) -> None:
        page.locator("#show").click()
        expect(page.locator("#moment")).to_be_visible()
        page.wait_for_timeout(300)

    def _offline(self, page: Page, hunt: str) -> None:
        page.context.set_offline(True)
        page.wait_for_timeout(300)
        click(page, 0.3, 0.7)
        click(page, 0.6, 0.6)
        page.wait_for_timeout(500)

    def _operate(self, page: Page, hunt: str, action: str) -> None:
        self.server.operate(f"/hunts/{hunt}/{action}", {})
        page.wait_for_timeout(2500)

    def _create(self, **changed: Any) -> str:
        self._number += 1
        hunt = f"{self.name}-{self._number}"
        plain = {
            key: each
            for key, each in self.definition.items()
            if key in {"title", "map", "page", "closes_at"}
        }
        self.server.open_hunt(hunt, **plain | changed)
        while True:
            with self._page("desk", "en") as page:
                if page.request.get(f"/v1/hunts/{hunt}").ok:
                    return hunt

    @contextmanager
    def _page(self, size: str, language: str) -> Iterator[Page]:
        width, height = SIZES[size]
        context = self.browser.new_context(
            base_url=self.server.url,
            viewport={"width": width, "height": height},
            color_scheme="dark",
            locale=language,
            device_scale_factor=1,
            has_touch=size == "phone",
        )
        try:
            yield context.new_page()
        finally:
            context.close()

    def _take(self, page: Page, state: str, size: str) -> None:
        # The links to the hunts of the other pictures are not of this one.
        page.locator("#choice").evaluate("(each) => (each.hidden = true)")
        painted(page)
        page.screenshot(path=self.folder / f"{self.name}-{state}-{size}.png")
        if self.checked and size == "phone":  # the check looks at both sizes
            try:
                accessible(page)
            except AssertionError as error:
                print(f"{self.name} {state}: {error}", flush=True)


def main(folder: Path, names: list[str]) -> int:
    """Take the pictures of some examples; return the exit status."""
    reaper.hold()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = Server(Path(data))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            checked = "--check" in names
            for name in [each for each in names if each != "--check"] or list(examples()):
                Looks(browser, server, folder, name, checked=checked).all()
        finally:
            browser.close()
            server.stop(signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
