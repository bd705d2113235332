"""The page of a campaign: its doors, what was found in them, and when the next one opens."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    Look,
    go_until,
    known_points,
    screenshot,
    send_click,
    visitor,
    without_data,
)
from tests.browser.serving import Server

#: Seconds until the first six doors end, and the eighth one opens.
SOON = 25


def door(campaign: str, number: int, opens: datetime, closes: datetime) -> dict[str, Any]:
    prizes = [
        {"id": "star", "title": "Gold star", "points": 10, "odds": 0.5},
        {"id": "biscuit", "title": "Biscuit", "points": 1, "odds": 0.5},
    ]
    definition = {
        "id": f"{campaign}-{number:02}", "title": f"Door {number}", "prizes": prizes,
        "map": {"width": 6, "height": 4}, "opens_at": opens.isoformat(),
        "closes_at": closes.isoformat(),
    }  # fmt: skip
    return {"door": number, "definition": definition}


def play(page: Page, server: Server, hunt: str) -> str:
    """Click in a door as the guest of the page; return the title of the prize."""
    reward = send_click(page.context.request, server.origin, hunt)
    return {"star": "Gold star", "biscuit": "Biscuit"}[reward["prize"]]


def test_doors_show_what_was_found_and_change_at_their_times(
    browser: Browser, server: Server
) -> None:
    server.ensure()
    now = datetime.now(UTC)
    soon, hour = now + timedelta(seconds=SOON), timedelta(hours=1)
    doors = [door("advent", number, now - hour, soon) for number in range(1, 7)]
    doors += [door("advent", 7, now - hour, now + 20 * hour)]
    doors += [door("advent", 8, soon, now + 44 * hour)]
    doors += [
        door("advent", number, now + (24 * number - 170) * hour, now + (24 * number - 146) * hour)
        for number in range(9, 25)
    ]
    for each in doors:
        titles = {"title": f"Türchen {each['door']}: Schnee", "prize": {"star": "Goldener Stern"}}
        texts = {"de": {"campaign": "Adventskalender"} | titles}
        each["definition"]["page"] = {"scene": "winter", "texts": texts}
    server.open_campaign("advent", "Advent calendar", doors)
    with visitor(browser, server.url, Look(), "?campaign=advent") as page:
        closed = page.locator("#closed:visible")
        go_until(page, "?campaign=advent", page.locator("#doors li"), before=closed)
        expect(page.locator("#title")).to_have_text("Advent calendar")
        tiles = page.locator("#doors li")
        expect(tiles).to_have_count(24)
        expect(tiles.nth(7)).to_contain_text(re.compile(r"Opens in (\d+ s|now)"))
        assert tiles.nth(7).locator("a").count() == 0, "a door that is coming is no link"
        won = {number: play(page, server, f"advent-{number:02}") for number in (1, 2, 4, 5, 6)}
        # Without a reload: the page itself asks when the door opens, and again if it is refused.
        refusal = {"type": "about:blank", "status": 404, "detail": "not now"}
        page.route(
            "**/v1/campaigns/advent",
            lambda route: route.fulfill(status=404, json=refusal),
            times=1,
        )
        expect(tiles.nth(7)).to_contain_text("Open now", timeout=60_000)
        expect(tiles.nth(0)).to_have_attribute("data-state", "over")
        for number, title in won.items():
            expect(tiles.nth(number - 1)).to_contain_text(title)
        expect(tiles.nth(2)).to_contain_text("Not played")
        expect(page.locator("#streak")).to_have_text(
            "Streak: 3 doors. Longest: 3. Play the open door to keep your streak."
        )
        points = sum(10 if title == "Gold star" else 1 for title in won.values())
        expect(page.locator("#points")).to_have_text(str(points))
        expect(page.locator("#campaign-leaders li.you")).to_be_visible(timeout=60_000)
        expect(page.locator("#rank")).to_have_text("Your place: 1")
        accessible(page)
        screenshot(page, "game-campaign", full_page=True)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 390, "height": 844})
        screenshot(page, "game-campaign-phone", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.goto("?campaign=advent&lang=de")
        expect(page.locator("#title")).to_have_text("Adventskalender")
        expect(tiles.nth(7).locator(".name")).to_have_text("Türchen 8: Schnee")
        for number, title in won.items():
            translated = {"Gold star": "Goldener Stern"}.get(title, title)
            expect(tiles.nth(number - 1)).to_contain_text(translated)
        page.goto("?campaign=advent")
        tiles.nth(7).locator("a").click()
        expect(page.locator("#title")).to_have_text("Door 8")
        expect(page.locator("#hunts a", has_text="Advent calendar")).to_be_visible()
        page.locator("#map").click()
        expect(page.locator("#count")).to_have_text("· 1")
        page.go_back()
        expect(tiles.nth(7)).to_contain_text("Open: ")
        expect(page.locator("#streak")).to_contain_text("Longest: 3. Play the open door")


def test_unknown_campaign_is_explained(browser: Browser, server: Server) -> None:
    server.ensure()
    with visitor(browser, server.url, Look(), "?campaign=nowhere") as page:
        expect(page.locator("#closed")).to_contain_text("There is no hunt “nowhere” here")


def test_page_without_an_open_hunt_counts_down_to_the_next_one(
    browser: Browser, server: Server
) -> None:
    server.ensure()
    opens = datetime.now(UTC) + timedelta(seconds=SOON)
    server.open_hunt("dawn", "The hunt at dawn", opens_at=opens.isoformat())
    with visitor(browser, server.url, Look(390, 844), "/docs") as page:
        # The list without the hunts and campaigns of other tests.
        without_data(page)
        page.route(
            "**/v1/hunts",
            lambda route: route.fulfill(
                json={
                    "hunts": [
                        each
                        for each in route.fetch().json()["hunts"]
                        if each["id"] in {"harbour", "dawn"}
                    ]
                }
            ),
        )
        server.operate("/hunts/harbour/pause", {})
        try:
            begins = page.locator("#closed-text", has_text="The hunt begins on ")
            none = page.locator("#closed-text", has_text="There is no hunt here yet")
            go_until(page, "/", begins, before=none.or_(known_points(page)))
            expect(page.locator("#closed-title")).to_have_text("The hunt at dawn")
            expect(page.locator("#closed-text")).to_contain_text("The hunt begins on ")
            expect(page.locator("#closed-count")).to_contain_text(re.compile(r"in \d+ s"))
            accessible(page)
            screenshot(page, "game-next")
            expect(page.locator("#game")).to_be_visible(timeout=60_000)
            expect(page.locator("#title")).to_have_text("The hunt at dawn")
            assert page.url.endswith("?hunt=dawn")
        finally:
            server.operate("/hunts/harbour/open", {})
            server.operate("/hunts/dawn/close", {})
