"""The operations page of one hunt, in each of its states."""

from __future__ import annotations

import re
import signal
import urllib.error
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import asdict
from playwright.sync_api import Browser, Page, expect

from hunt.core.anomalies import Anomaly
from hunt.core.tokens import Role
from tests.browser.accessibility import accessible
from tests.browser.playing import expect_live, screenshot, send_click, watched
from tests.browser.serving import Server

PHONE, DESK = (390, 844), (1280, 1000)


@contextmanager
def opened(
    browser: Browser,
    server: Server,
    hunt: str,
    size: tuple[int, int] = DESK,
    *,
    kind: str = "hunt",
    **token: Any,
) -> Iterator[Page]:
    """Yield the page of a hunt, or of another `kind`, signed in."""
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark",
        timezone_id="UTC",
    )
    secret = server.token(**token)
    with watched(context, server.url) as asked:
        page = context.new_page()
        page.goto(f"/ops#{kind}={hunt}")
        page.get_by_label("Operator's token").fill(secret)
        page.keyboard.press("Enter")
        yield page
    assert [url for url in asked if secret in url] == []


def instant(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


#: Hunts that a test has made.
MADE: list[str] = []


@pytest.fixture(autouse=True)
def closed(server: Server) -> Iterator[None]:
    """Close the hunts at the end: the game page links to all that are open."""
    yield
    server.ensure()
    while MADE:
        with suppress(urllib.error.HTTPError):  # a draft, or closed already
            server.operate(f"/hunts/{MADE.pop()}/close", {})


def make(server: Server, title: str, *, prizes: list[dict[str, Any]], **fields: Any) -> str:
    """Create a hunt, and return its id."""
    hunt = f"ops-{uuid.uuid4().hex[:8]}"
    MADE.append(hunt)
    size = {"width": 100, "height": 100}
    named = {"id": hunt, "title": f"{title} {hunt[-4:]}"}
    server.operate("/hunts", named | {"map": size, "prizes": prizes} | fields)
    return hunt


GOLD = {"id": "gold", "title": "Gold coin", "points": 3, "odds": 0.5, "stock": 4}
SURE = GOLD | {"odds": 1.0}


def click(page: Page, server: Server, hunt: str, count: int, player: str = "ada") -> None:
    """Click as a player."""
    token = server.token(audience="hunt", player=player)
    for _ in range(count):
        send_click(page.request, server.origin, hunt, token=token, x=5, y=7)


def fits(page: Page) -> None:
    """Assert that nothing is wider than the page."""
    viewport = page.viewport_size
    assert viewport is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def yes(page: Page) -> None:
    page.get_by_role("button", name="Yes").click()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_hunt_that_is_played_is_shown_with_all_its_parts(
    browser: Browser, server: Server, size: tuple[int, int]
) -> None:
    server.ensure()
    steps = [[instant(-30), 3], [instant(30), 9]]
    hunt = make(
        server,
        "Night hunt",
        closes_at=instant(95),
        opens_at=instant(-60),
        prizes=[
            GOLD | {"odds": 0.4, "stock": 100, "release": {"even": True}},
            GOLD | {"id": "chest", "title": "Treasure chest", "odds": 0.3, "stock": 9}
            | {"release": steps},
            {"id": "shell", "title": "Shell", "points": 1, "odds": 0.3},
        ],
    )  # fmt: skip
    server.operate(f"/hunts/{hunt}/open", {})
    soon = {"at": instant(40), "action": "announce", "text": "Ten more minutes."}
    server.operate(f"/hunts/{hunt}/schedule", soon)
    release = {"at": instant(50), "action": "release", "prize": "chest", "count": 5}
    server.operate(f"/hunts/{hunt}/schedule", release)
    server.operate("/bans", {"player": "mallory", "hunt": hunt, "reason": "position faked"})
    with opened(browser, server, hunt, size) as page:
        expect_live(page)
        for name in ("ada", "bob", "grace", "linus"):
            click(page, server, hunt, 8, name)
        expect(page.locator("#hunt-title")).to_contain_text("Night hunt")
        expect(page.locator("#hunt-state")).to_have_text("open")
        expect(page.locator("#hunt-tiles")).to_contain_text("1 h 34 min left")
        expect(page.locator("#hunt-tiles > div", has_text="Clicks in all")).to_contain_text("32")
        captions = page.locator("#hunt-plots figcaption")
        expect(captions.first).to_have_text(
            re.compile(r"Clicks a minute, this node\s*this minute \d+")
        )
        expect(page.locator("#hunt-plots .bar").first).to_be_visible()
        chest = page.locator("#stock tr", has_text="Treasure chest")
        expect(chest).to_contain_text("6 of 9")
        expect(chest).to_contain_text("3 released, all won")
        gold = page.locator("#stock tr", has_text="Gold coin")
        expect(gold).to_contain_text(re.compile(r"\d+ released, \d+ to be won"))
        expect(page.locator("#winners tr").first).to_contain_text(
            re.compile(r"ada|bob|grace|linus")
        )
        expect(page.locator("#schedule")).to_contain_text("Announce “Ten more minutes.”")
        expect(page.locator("#bans")).to_contain_text("mallory")
        expect(page.locator("#anomalies-note")).to_contain_text("Nothing unusual")
        fits(page)
        accessible(page)
        screenshot(page, f"ops-hunt-{size[0]}", full_page=True)


def test_operator_speaks_to_players_and_schedules(browser: Browser, server: Server) -> None:
    server.ensure()
    hunt = make(server, "Messages", prizes=[SURE])
    server.operate(f"/hunts/{hunt}/open", {})
    with opened(browser, server, hunt) as page:
        page.get_by_label("Message", exact=True).fill("The next chest opens at nine.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#announced")).to_have_text(
            "Players see: “The next chest opens at nine.”"
        )
        page.get_by_role("button", name="Withdraw").click()
        expect(page.locator("#announced")).to_have_text("Players see no message.")
        page.locator("#schedule-form").get_by_label("Action").select_option("release")
        page.get_by_label("At", exact=True).fill("2100-01-01T18:00")
        page.get_by_label("Units").fill("7")
        page.get_by_role("button", name="Schedule").click()
        row = page.locator("#schedule tr")
        expect(row).to_contain_text("Release 7 of gold")
        [entry] = server.operate(f"/hunts/{hunt}/schedule")["entries"]
        assert (entry["at"], entry["count"]) == ("2100-01-01T18:00:00Z", 7)
        accessible(page)
        page.get_by_role("button", name="Remove Release").click()
        yes(page)
        expect(page.locator("#schedule-empty")).to_be_visible()
        page.locator("#schedule-form").get_by_label("Action").select_option("announce")
        page.get_by_label("At", exact=True).fill("2001-01-01T18:00")
        page.locator("#schedule-form").get_by_label("Text").fill("too late")
        page.get_by_role("button", name="Schedule").click()
        expect(page.locator("#result")).to_contain_text("Failed:")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_cheat_is_listed_banned_and_voided(
    browser: Browser, server: Server, size: tuple[int, int]
) -> None:
    server.ensure()
    hunt = make(server, "Cheats", prizes=[GOLD | {"stock": None, "odds": 0.05}])
    server.operate(f"/hunts/{hunt}/open", {})
    with opened(browser, server, hunt, size) as page:
        expect_live(page)
        click(page, server, hunt, 130, "speedy-bot")  # as fast as it can
        page.get_by_role("button", name="Look again").click()
        row = page.locator("#anomalies tr", has_text="speedy-bot")
        expect(row).to_contain_text("clicks a second")
        fits(page)
        accessible(page)
        screenshot(page, f"ops-hunt-anomaly-{size[0]}", full_page=True)
        row.get_by_role("button", name="Ban speedy-bot").click()
        expect(page.locator("#question")).to_have_text("Ban speedy-bot?")
        yes(page)
        expect(page.locator("#bans")).to_contain_text("unusual: rate")
        expect(row).to_contain_text("banned")
        page.get_by_role("button", name="Lift the ban of speedy-bot").click()
        yes(page)
        expect(page.locator("#bans-empty")).to_be_visible()
        page.get_by_label("Player or network").fill("speedy-bot")
        page.get_by_label("Reason").fill("ten clicks a second")
        page.get_by_label("Void the rewards").check()
        page.locator("#ban-form").get_by_role("button", name="Ban").click()
        expect(page.locator("#consequence")).to_contain_text("are voided")
        yes(page)
        expect(page.locator("#result")).to_contain_text("speedy-bot is banned. Rewards voided:")
        winners = server.operate(f"/hunts/{hunt}/winners")["winners"]
        assert {each["state"] for each in winners} <= {"void"}
        page.get_by_label("Player or network").fill("203.0.113.0/24")
        page.locator("#ban-form").get_by_role("button", name="Ban").click()
        yes(page)
        expect(page.locator("#bans")).to_contain_text("203.0.113.0/24")


ODD = Anomaly(
    player="odd",
    reasons=["rate", "regular", "wins", "speed"],
    clicks=1200,
    wins=40,
    expected_wins=2.5,
    chance=1e-9,
    rate=1.0,
    intervals=1100,
    interval_mean=0.2504,
    interval_cv=0.0004,
    jumps=1,
    speed=250.0,
)


def test_each_reason_is_told_with_its_figures(browser: Browser, server: Server) -> None:
    server.ensure()
    hunt = make(server, "Reasons", prizes=[GOLD])
    answer = {
        "window": {"clicks": 5000, "wins": 50, "players": 1},
        "players": [asdict(ODD) | {"banned": True}],
        "addresses": [{"address": "203.0.113.9", "players": 31, "banned": False}],
    }
    with opened(browser, server, hunt) as page:
        expect(page.locator("#anomalies-note")).to_have_text("No clicks yet.")
        page.route("**/anomalies", lambda route: route.fulfill(json=answer))
        page.get_by_role("button", name="Look again").click()
        rows = page.locator("#anomalies tr")
        expect(rows.nth(0).locator("li")).to_have_text(
            [
                "1 click a second",
                "every 250 ms, ± 0.1 %",
                "40 wins, 2.5 expected",
                "1 jump, up to 900 km/h",
            ]
        )
        expect(rows.nth(0)).to_contain_text("banned")
        expect(rows.nth(1)).to_contain_text("about 31 players at one address")
        expect(page.locator("#anomalies-note")).to_have_text(
            "In the last 5,000 clicks, of 1 player. A figure is a hint, not a proof."
        )
        accessible(page)
        rows.nth(1).get_by_role("button", name="Ban 203.0.113.9").click()
        yes(page)
        expect(page.locator("#bans")).to_contain_text("many players at one address")


def test_reward_is_voided_and_a_hunt_sold_out(browser: Browser, server: Server) -> None:
    server.ensure()
    hunt = make(server, "Sold out", prizes=[SURE])
    server.operate(f"/hunts/{hunt}/open", {})
    with opened(browser, server, hunt) as page:
        expect_live(page)
        click(page, server, hunt, 5)
        expect(page.locator("#alerts")).to_contain_text("Every prize with a stock is sold out.")
        expect(page.locator("#stock tr")).to_contain_text("sold out")
        expect(page.locator("#winners tr")).to_have_count(4)
        accessible(page)
        screenshot(page, "ops-hunt-sold-out", full_page=True)
        page.get_by_role("button", name="Void the reward 4 of ada").click()
        yes(page)
        expect(page.locator("#winners tr").first).to_contain_text("void")
        expect(page.locator("#stock tr")).to_contain_text("1 of 4")
        expect(page.locator("#alerts")).to_have_text("")


def test_draft_is_opened_paused_and_closed(browser: Browser, server: Server) -> None:
    server.ensure()
    hunt = make(server, "States", prizes=[])
    with opened(browser, server, hunt) as page:
        state, alerts = page.locator("#hunt-state"), page.locator("#alerts")
        expect(state).to_have_text("draft")
        expect(alerts).to_contain_text("players do not see it")
        expect(page.locator("#stock-empty")).to_be_visible()
        expect(page.locator("#winners-empty")).to_be_visible()
        expect(page.locator("#anomalies-note")).to_have_text("No clicks yet.")
        accessible(page)
        screenshot(page, "ops-hunt-draft", full_page=True)
        for name, after in (("Open", "open"), ("Pause", "paused"), ("Open", "open")):
            page.locator("#hunt-actions").get_by_role("button", name=name).click()
            yes(page)
            expect(state).to_have_text(after)
            if after == "paused":
                expect(alerts).to_contain_text("The hunt is paused")
                accessible(page)
                screenshot(page, "ops-hunt-paused", full_page=True)
        page.locator("#hunt-actions").get_by_role("button", name="Close").click()
        expect(page.locator("#consequence")).to_contain_text("ends permanently")
        yes(page)
        expect(state).to_have_text("over")
        expect(page.locator("#hunt-actions").get_by_role("button")).to_have_count(0)
        expect(page.locator("#hunt-tiles")).to_contain_text("over for")
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        expect(page.locator("#schedule-form")).not_to_be_visible()
        accessible(page)
        screenshot(page, "ops-hunt-over", full_page=True)


#: Role -> parts that its token sees, beside those of every role.
ROLES: dict[Role, set[str]] = {
    "viewer": set(),
    "support": {"#winners-title", "#anomalies-title", "#bans-title"},
    "fulfilment": {"#winners-title"},
    "designer": set(),
}


@pytest.mark.parametrize("role", ROLES)
def test_role_sees_only_what_it_may(browser: Browser, server: Server, role: Role) -> None:
    server.ensure()
    hunt = make(server, "Roles", prizes=[GOLD])
    server.operate(f"/hunts/{hunt}/open", {})
    refused: list[str] = []
    with opened(browser, server, hunt, roles=[role]) as page:
        page.on("response", lambda each: each.status == 403 and refused.append(each.url))
        expect_live(page)
        expect(page.locator("#who")).to_contain_text(role)
        expect(page.locator("#stock tr")).to_contain_text("4 of 4")
        for part in ("#winners-title", "#anomalies-title", "#bans-title"):
            visible = expect(page.locator(part))
            visible.to_be_visible() if part in ROLES[role] else visible.not_to_be_visible()
        for form in ("#announce-form", "#schedule-form", "#ban-form", "#hunt-actions"):
            expect(page.locator(form)).not_to_be_visible()
        expect(page.locator("#schedule-empty")).to_be_visible()
        accessible(page)
    assert refused == []


def test_webhook_of_the_hunt_is_shown(browser: Browser, server: Server) -> None:
    server.ensure()
    hunt = make(server, "Webhooks", prizes=[SURE])
    server.operate(f"/hunts/{hunt}/open", {})
    hook = {"url": "https://receiver.invalid/hook"}
    made = server.operate(f"/hunts/{hunt}/webhooks", hook)
    try:
        with opened(browser, server, hunt) as page:
            expect(page.locator("#hunt-webhooks")).to_contain_text("receiver.invalid")
            accessible(page)
    finally:
        server.operate(f"/hunts/{hunt}/webhooks/{made['id']}", method="DELETE")


def test_page_says_that_the_server_is_away(browser: Browser, server: Server) -> None:
    server.ensure()
    hunt = make(server, "Away", prizes=[GOLD])
    server.operate(f"/hunts/{hunt}/open", {})
    with opened(browser, server, hunt) as page:
        expect_live(page)
        server.stop(signal.SIGKILL)
        expect(page.locator("#alerts")).to_contain_text("The server does not respond.")
        expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
        accessible(page)
        screenshot(page, "ops-hunt-away", full_page=True)
        server.start()
        expect_live(page)
        expect(page.locator("#alerts")).to_have_text("")


def test_expired_token_leads_to_the_form(browser: Browser, server: Server) -> None:
    server.ensure()
    with opened(browser, server, "harbour", ttl=4) as page:
        expect_live(page)
        expect(page.locator("#refused")).not_to_be_empty()
        expect(page.get_by_label("Operator's token")).to_be_visible()
        expect(page.locator("#inside")).not_to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0


def test_unknown_and_forbidden_hunts_are_explained(browser: Browser, server: Server) -> None:
    server.ensure()
    with opened(browser, server, "nowhere") as page:
        expect(page.locator("#hunt-title")).to_have_text("There is no hunt nowhere")
        accessible(page)
        screenshot(page, "ops-hunt-unknown")
        page.get_by_role("link", name="All hunts").click()
        expect(page.locator("#board")).to_be_visible()
    with opened(browser, server, "harbour", hunts=["river"]) as page:
        expect(page.locator("#hunt-title")).to_have_text("Not your hunt")


def test_table_of_hunts_leads_to_the_page(browser: Browser, server: Server) -> None:
    server.ensure()
    with opened(browser, server, "harbour") as page:
        page.get_by_role("link", name="All hunts").click()
        page.locator("#hunts").get_by_role("link", name="harbour", exact=True).click()
        expect(page.locator("#hunt-title")).not_to_have_text("…")
        expect(page.locator("#board")).not_to_be_visible()
