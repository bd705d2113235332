"""The operations page of a campaign: the schedule of all its doors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import expect_live, screenshot
from tests.browser.serving import Server
from tests.browser.test_ops_hunt import PHONE, fits, instant, opened, yes

DESK = (1440, 900)

CAMPAIGN = "weeks"

LATER = "2100-01-01T00:00:00Z"


def door(number: int, **times: str) -> dict[str, Any]:
    definition = {
        "id": f"{CAMPAIGN}-{number:02}", "title": f"Week {number}", "prizes": [],
        "map": {"width": 9, "height": 9}, "opens_at": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    return {"door": number, "definition": definition | times}


@pytest.fixture
def campaign(server: Server) -> Iterator[str]:
    """Yield a campaign: an open door, one that waits, one that is over, and a draft."""
    server.ensure()
    doors = [
        door(1, closes_at=instant(60 * 24 * 9)),
        door(2, opens_at=LATER),
        door(3, closes_at=instant(120)),
    ]
    server.open_campaign(CAMPAIGN, "Ten weeks", doors)
    server.operate(f"/hunts/{CAMPAIGN}-03/close", {})
    body = {"title": "Ten weeks", "doors": [*doors, door(4)]}
    server.operate(f"/campaigns/{CAMPAIGN}", body, method="PUT")
    yield CAMPAIGN
    server.operate(f"/campaigns/{CAMPAIGN}", method="DELETE")


def choose(page: Page, action: str, at: datetime) -> None:
    page.locator("#campaign-form").get_by_label("Action").select_option(action)
    page.get_by_label("At (UTC)").fill(at.strftime("%Y-%m-%dT%H:%M"))


def preview(page: Page, at: datetime, counts: str) -> None:
    note = page.locator("#campaign-preview-note")
    expect(note).to_contain_text(f"{at:%H:%M}: of 4 doors, {counts}.")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_entry_for_all_doors_is_previewed_added_and_removed(
    browser: Browser, server: Server, campaign: str, size: tuple[int, int]
) -> None:
    now = datetime.now(UTC)
    soon, late = now + timedelta(hours=2), now + timedelta(days=10)
    with opened(browser, server, campaign, size, kind="campaign") as page:
        expect_live(page)
        expect(page.locator("#campaign-name")).to_have_text("Ten weeks")
        expect(page.locator("#campaign-note")).to_have_text(
            "weeks, a campaign of 4 doors: 1 open, 1 waiting, 1 over, 1 draft"
        )
        note = page.locator("#campaign-preview-note")
        expect(note).to_contain_text("Choose a future time")
        choose(page, "close", late)
        preview(page, late, "1 changes, 1 stays as it is, 1 fails, 1 is over")
        rows = page.locator("#campaign-preview tr")
        expect(rows.nth(0)).to_contain_text("no change: it is over by then")
        expect(rows.nth(1)).to_contain_text("ends permanently")
        expect(rows.nth(2)).to_contain_text("is over, and gets no entry")
        expect(rows.nth(3)).to_contain_text("fails: it is still a draft")
        choose(page, "open", soon)
        preview(page, soon, "1 changes, 2 stay as they are, 1 is over")
        choose(page, "pause", soon)
        preview(page, soon, "2 change, 1 fails, 1 is over")
        page.get_by_label("At (UTC)").press("Enter")
        expect(page.locator("#question")).to_contain_text("Pause all doors of weeks at")
        expect(page.locator("#consequence")).to_contain_text("2 change, 1 fails, 1 is over")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#campaign-result")).to_contain_text("for 3 doors")
        entry = page.locator("#campaign-schedule tr")
        expect(entry).to_contain_text("Pause3 doors")
        # The entry that waits counts for later ones.
        choose(page, "resume", late)
        preview(page, late, "1 changes, 1 stays as it is, 1 fails, 1 is over")
        expect(rows.nth(1)).to_contain_text("goes on")
        choose(page, "resume", soon - timedelta(hours=1))
        expect(rows.nth(1)).to_contain_text("no change: it is open by then")
        accessible(page)
        fits(page)
        screenshot(page, f"ops-campaign-schedule-{size[0]}", full_page=True)
        entry.get_by_role("button").click()
        yes(page)
        result = page.locator("#campaign-result")
        expect(result).to_have_text("The entry is removed from 3 doors.")
        expect(page.locator("#campaign-schedule-empty")).to_be_visible()
        assert server.operate(f"/campaigns/{campaign}/schedule")["entries"] == []


def test_wrong_entries_are_explained(browser: Browser, server: Server, campaign: str) -> None:
    with opened(browser, server, campaign, kind="campaign") as page:
        expect_live(page)
        choose(page, "close", datetime(2020, 1, 1, tzinfo=UTC))
        at = page.get_by_label("At (UTC)")
        wrong = at.evaluate("each => each.validationMessage")
        assert wrong == "This time has passed: choose a later one."
        page.locator("#campaign-submit").click()
        expect(page.locator("#confirm")).not_to_be_visible()
        expect(at).to_be_focused()
        choose(page, "announce", datetime.now(UTC) + timedelta(hours=1))
        page.locator("#campaign-form").get_by_label("Text").fill("Bell\u0007")
        page.locator("#campaign-submit").click()
        yes(page)
        expect(page.locator("#campaign-result")).to_contain_text("Failed: the entry is not valid")
        assert server.operate(f"/campaigns/{campaign}/schedule")["entries"] == []


def test_other_roles_read_the_schedule_only(
    browser: Browser, server: Server, campaign: str
) -> None:
    entry = {"at": instant(60), "action": "announce", "text": "Ten more minutes."}
    server.operate(f"/campaigns/{campaign}/schedule", entry)
    with opened(browser, server, campaign, kind="campaign", roles=frozenset({"viewer"})) as page:
        expect_live(page)
        row = page.locator("#campaign-schedule tr")
        expect(row).to_contain_text("Announce “Ten more minutes.”3 doorswaiting")
        expect(page.locator("#campaign-form")).not_to_be_visible()
        expect(row.get_by_role("button")).to_have_count(0)
        headers = {"Authorization": f"Bearer {server.token(roles=frozenset({'viewer'}))}"}
        answer = page.request.post(
            f"/v1/admin/campaigns/{campaign}/schedule", headers=headers, data=entry
        )
        assert answer.status == 403


def test_page_of_a_door_leads_to_its_campaign(
    browser: Browser, server: Server, campaign: str
) -> None:
    with opened(browser, server, f"{campaign}-01") as page:
        expect_live(page)
        expect(page.locator("#hunt-note")).to_contain_text("weeks")
        page.locator("#hunt-note a").click()
        expect(page.locator("#campaign-name")).to_have_text("Ten weeks")
        page.get_by_role("link", name="All hunts").click()
        page.locator("#hunts tr.campaign").get_by_role("link", name=campaign).click()
        expect(page.locator("#campaign-name")).to_have_text("Ten weeks")


def test_unknown_campaign_is_explained(browser: Browser, server: Server) -> None:
    server.ensure()
    with opened(browser, server, "nowhere", kind="campaign") as page:
        expect(page.locator("#campaign-name")).to_have_text("There is no campaign nowhere")
        expect(page.locator("#campaign-parts")).not_to_be_visible()
