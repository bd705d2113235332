"""The operations page, with and without a database."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from hunt.core import tokens
from tests.browser.accessibility import accessible
from tests.browser.playing import Look, expect_live, phone, screenshot, watched
from tests.browser.serving import Server

PATIENCE = 20_000  # ms


@pytest.fixture(params=[pytest.param(Look(height=1000), id="desk")])
def page(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Page]:
    """Yield the page, signed in; the token must not be part of any URL."""
    server.ensure()
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": request.param.width, "height": request.param.height},
        color_scheme="dark",
    )
    secret = server.token()
    with watched(context, server.url) as asked:
        opened = context.new_page()
        opened.goto("/ops")
        opened.get_by_label("Operator's token").fill(secret)
        opened.keyboard.press("Enter")
        expect_live(opened)
        expect(tile(opened, "Database responded")).to_have_text("just now", timeout=PATIENCE)
        yield opened
    assert [url for url in asked if secret in url] == []


def tile(page: Page, term: str) -> Any:
    return page.locator("#tiles > div", has_text=term).locator("dd")


def click(page: Page) -> int:
    """Click as a guest over a new connection; return the status."""
    origin = page.evaluate("location.origin")
    if not page.context.cookies():
        page.context.request.post(f"{origin}/v1/session", headers={"Origin": origin})
    [cookie] = page.context.cookies()
    asked = urllib.request.Request(
        f"{origin}/v1/hunts/harbour/clicks",
        data=json.dumps({"id": str(uuid.uuid4()), "x": 1, "y": 2}).encode(),
        headers={
            "Content-Type": "application/json",
            "Cookie": f"{cookie['name']}={cookie['value']}",
            "Origin": origin,
        },
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as refused:
        return refused.code


def force(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Yes").click()


def test_page_shows_one_sample_a_second(page: Page) -> None:
    expect(page.locator("figure canvas")).to_have_count(9)
    said = page.locator("figcaption", has_text="Event loops")
    expect(said).to_have_text(re.compile(r"average \d+ %\s*busiest \d+ %"))
    counted = page.locator("#sum td").nth(1)
    while counted.inner_text() in {"", "0"}:  # of all processes, whichever it reaches
        assert click(page) == 200
    times = page.evaluate(
        """() => new Promise((done) => {
            const times = [], rows = document.getElementById("processes");
            new MutationObserver(() => times.push(performance.now()) > 3 && done(times))
                .observe(rows, { childList: true });
        })"""
    )
    assert 1_000 < times[-1] - times[0] < 20_000, "a sample a second, three of them"
    accessible(page)


#: Worker processes of the server; the page shows them together.
PROCESSES = min(len(os.sched_getaffinity(0)), 64)

#: Each value of the page, and the form of its text after some clicks.
SHOWN = {
    "#tiles > div": [
        r"Clicks per second\s*[\d.]+",
        r"Refused per second\s*[\d.]+",
        r"Event loops\s*\d+ %",
        r"Breakers\s*closed",
        rf"Queue\s*\d+ of {5_000 * PROCESSES:,}$",
        rf"Pools in use\s*\d+ of {16 * PROCESSES}$",
        r"Database responded\s*just now",
        r"Streams parked\s*\d+",
        r"Streams awake\s*\d+",
        r"WebSockets\s*\d+",
        r"Slow streams closed\s*\d+",
    ],
    "#breaker > div": [
        r"State\s*closed",
        r"Reason\s*\u2013",
        r"Next probe\s*\u2013",
        r"Slow \(over [\d.]+ m?s\)\s*\d+ of 10 in a row",
        r"Timeouts\s*0 of 2 in a row",
        r"Unreachable\s*0 of 3 in a row",
    ],
    "figcaption": [
        r"Clicks per second\s*answered [\d.]+\s*refused [\d.]+",
        r"Click to answer\s*p50 [\d.]+ m?s\s*p99 [\d.]+ m?s",
        r"Commit to delivery\s*p50 [\d.]+ .?s\s*p99 [\d.]+ .?s",
        r"Commit, last minute\s*mean [\d.]+ m?s\s*max [\d.]+ m?s",
        r"Bus lag\s*lag ([\d.]+ .?s|\u2013)",  # workers of one node need no notice of each other
    ],
}


def test_every_value_is_shown(page: Page) -> None:
    player = page.context.new_page()
    player.goto("/")
    expect_live(player)
    expect(tile(page, "Streams parked")).to_have_text(re.compile(r"[1-9]"), timeout=PATIENCE)
    for place, patterns in SHOWN.items():
        for pattern in patterns:
            wanted = page.locator(place).filter(has_text=re.compile(pattern))
            for _ in range(2_000):  # so that there are some in each second
                if wanted.count():
                    break
                assert click(page) == 200
            else:
                raise AssertionError(f"{pattern}: {page.locator(place).all_inner_texts()}")
    expect(page.locator("#processes tr").first.locator("td").first).to_have_text(
        re.compile(r"\d+ %")
    )


def test_every_process_of_the_server_is_listed(page: Page, server: Server) -> None:
    expect(page.locator("#processes tr")).to_have_count(PROCESSES, timeout=PATIENCE)
    expect(page.locator("#processes tr", has_text="(this one)")).to_have_count(1)


def test_plots_contain_the_clicks_of_every_process_and_the_past_after_a_reload(
    page: Page, server: Server
) -> None:
    expect(page.locator("#processes tr")).to_have_count(PROCESSES, timeout=PATIENCE)
    caption = page.locator("figcaption", has_text="Clicks per second")
    rates = page.locator("#processes tr td:nth-child(3)")
    for _ in range(2_000):
        assert click(page) == 200
        shown = [float(each.replace(",", "")) for each in rates.all_inner_texts()]
        if all(shown):
            break
    else:
        raise AssertionError(f"clicks of one process only: {shown}")
    page.reload()
    expect_live(page)
    plot = caption.locator("xpath=following-sibling::div").locator(".u-over")
    box = plot.bounding_box()
    assert box is not None
    most = 0.0
    for x in range(int(box["width"]) - 2, 0, -4):  # the values of the past are under the pointer
        page.mouse.move(box["x"] + x, box["y"] + 20)
        said = re.search(r"answered ([\d.,]+)", caption.inner_text())
        most = max(most, float(said[1].replace(",", "")) if said else 0.0)
    assert most >= 1


def test_breaker_held_open_raises_an_alert_and_refuses_clicks(page: Page) -> None:
    force(page, "Hold open")
    alert = page.locator("#alerts")
    expect(alert).to_have_text(re.compile(r"An operator holds the breaker open"), timeout=PATIENCE)
    expect(page.get_by_role("button", name="Hold open")).to_have_attribute("aria-pressed", "true")
    assert click(page) == 503
    force(page, "Automatic")
    expect(alert).to_have_text("", timeout=PATIENCE)
    assert click(page) == 200


def test_breaker_held_closed_raises_an_alert_and_is_recorded(page: Page, server: Server) -> None:
    force(page, "Hold closed")
    alert = page.locator("#alerts")
    expect(alert).to_have_text(
        "An operator holds the breaker closed: it does not protect the database.", timeout=PATIENCE
    )
    accessible(page)
    force(page, "Automatic")
    expect(alert).to_have_text("", timeout=PATIENCE)
    recorded: list[object] = []
    while recorded[:2] != [None, "closed"]:  # newest first, once the entry is recorded
        entries = server.operate("/audit?limit=10")["entries"]
        recorded = [each["detail"]["force"] for each in entries if each["action"] == "breaker"]


def test_cancelled_action_changes_nothing(page: Page) -> None:
    for key in ("Enter", "Escape"):  # the focus is on the button that changes nothing
        page.get_by_role("button", name="Hold open").click()
        accessible(page)
        screenshot(page, "ops-question")
        page.keyboard.press(key)
        expect(page.locator("#confirm")).not_to_be_visible()
    assert click(page) == 200


def test_hunt_is_paused_and_opened_by_keyboard(page: Page) -> None:
    state = page.locator("#hunts tr", has_text="harbour").locator("td").nth(1)
    for name, after in (("Pause harbour", "paused"), ("Open harbour", "open")):
        page.get_by_role("button", name=name).press("Enter")
        page.get_by_role("button", name="Yes").press("Enter")
        expect(state).to_have_text(after, timeout=PATIENCE)
        expect(page.locator("#result")).to_have_text(f"The hunt harbour is {after}.")


def test_closed_hunt_can_only_be_deleted(page: Page, server: Server) -> None:
    server.open_hunt("wreck", "The wreck")
    row = page.locator("#hunts tr", has_text="The wreck")
    row.get_by_role("button", name="Close wreck").click()
    expect(page.locator("#consequence")).to_contain_text("The hunt ends permanently")
    page.get_by_role("button", name="Yes").click()
    expect(row.locator("td").nth(1)).to_have_text("closed", timeout=PATIENCE)
    expect(row.get_by_role("button")).to_have_text(["Delete"])


def test_hunt_without_a_click_can_be_deleted(page: Page, server: Server) -> None:
    assert click(page) == 200
    server.open_hunt("raft", "The raft")
    row = page.locator("#hunts tr", has_text="The raft")
    row.get_by_role("button", name="Delete raft").click()
    expect(page.locator("#consequence")).to_contain_text("The audit trail keeps a record")
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("#result")).to_have_text("The hunt raft is deleted.")
    expect(row).to_have_count(0, timeout=PATIENCE)
    played = page.locator("#hunts tr", has_text="harbour")
    expect(played.get_by_role("button")).to_have_text(["Pause", "Close"], timeout=PATIENCE)


def test_doors_of_a_campaign_are_a_group_with_its_own_buttons(page: Page, server: Server) -> None:
    def door(number: int, opens: str) -> dict[str, Any]:
        return {
            "door": number,
            "definition": {
                "id": f"weeks-{number:02}", "title": f"Week {number}", "prizes": [],
                "map": {"width": 9, "height": 9}, "opens_at": opens,
            },
        }  # fmt: skip

    doors = [door(1, "2020-01-01T00:00:00Z"), door(2, "2100-01-01T00:00:00Z")]
    server.open_campaign("weeks", "Ten weeks", doors)
    row = page.locator("#hunts tr.campaign", has_text="Ten weeks")
    expect(row).to_contain_text("1 open, 1 waiting", timeout=PATIENCE)
    following = "xpath=following-sibling::tr[position() <= 2]/th"
    expect(row.locator(following)).to_have_text(["weeks-01", "weeks-02"])
    accessible(page)
    row.get_by_role("button", name="Pause weeks").click()
    expect(page.locator("#consequence")).to_contain_text("until the campaign is opened again")
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("#result")).to_have_text("The campaign weeks: 2 doors changed.")
    expect(row).to_contain_text("2 paused", timeout=PATIENCE)
    screenshot(page, "ops-campaign", full_page=True)
    row.get_by_role("button", name="Delete weeks").click()
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("#result")).to_have_text("The campaign weeks is deleted.")
    expect(row).to_have_count(0, timeout=PATIENCE)


def test_page_works_while_the_database_is_frozen(page: Page, server: Server) -> None:
    alerts = page.locator("#alerts")
    with server.frozen_database():
        expect(alerts).to_contain_text("The database does not respond.", timeout=PATIENCE)
        first = tile(page, "Database responded").inner_text()
        expect(tile(page, "Database responded")).not_to_have_text(first)
        expect(page.locator("#connection")).to_have_text("live")
        force(page, "Hold open")
        expect(alerts).to_contain_text("An operator holds the breaker open", timeout=PATIENCE)
        assert click(page) == 503
        page.reload()  # an operator who signs in now is admitted, too
        expect_live(page)
        expect(alerts).to_contain_text("The database does not respond.", timeout=PATIENCE)
        accessible(page)
        screenshot(page, "ops-database-gone", full_page=True)
        force(page, "Automatic")
    expect(alerts).to_have_text("", timeout=PATIENCE)


def test_alert_shows_that_samples_are_missing(page: Page, server: Server) -> None:
    expect(page.locator("#hunts tr").first).to_be_visible()  # a table without rows is no table
    server.stop(signal.SIGKILL)
    alerts = page.locator("#alerts")
    expect(alerts).to_contain_text(
        "No new samples. The values below are out of date.", timeout=PATIENCE
    )
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    accessible(page)
    screenshot(page, "ops-server-gone")
    server.start()
    expect_live(page)
    expect(alerts).to_have_text("", timeout=PATIENCE)


def test_page_shows_another_process_after_a_drain(page: Page) -> None:
    who = page.locator("#who")
    expect(who).to_have_text(re.compile(r"answered by process \d+"))
    before = who.inner_text().split()[3]
    page.get_by_role("button", name="Drain this process").click()
    expect(page.locator("#question")).to_have_text(f"Drain process {before}?")
    page.get_by_role("button", name="Yes").click()
    expect(who).not_to_contain_text(before, timeout=PATIENCE)
    expect_live(page)


@pytest.mark.parametrize(
    "page",
    [pytest.param(Look(height=1000), id="desk"), pytest.param(Look(390, 844), id="phone")],
    indirect=True,
)
def test_webhook_has_a_row_with_its_state(page: Page, server: Server) -> None:
    card = page.locator("#webhooks-card")
    expect(card).not_to_be_visible()
    made = server.operate(
        "/hunts/harbour/webhooks", {"url": "https://receiver.invalid/hook?key=1", "from_seq": 1}
    )
    try:
        wide = page.viewport_size or {"width": 0}
        row = page.locator("#webhooks tr", has_text=f"harbour {made['id']}")
        expect(row).to_contain_text("receiver.invalid", timeout=PATIENCE)
        expect(row).not_to_contain_text("key=1")
        for _ in range(40):  # until one of them wins
            assert click(page) == 200
        expect(row).to_contain_text(
            re.compile(r"failed \d+ times: its name cannot be resolved"), timeout=PATIENCE
        )
        expect(row.locator("td").nth(1)).to_have_text("rewards")
        expect(row.locator("td").nth(2)).to_have_text(re.compile(r"[1-9]"))
        assert page.evaluate("document.documentElement.scrollWidth") <= wide["width"]
        accessible(page)
        card.scroll_into_view_if_needed()
        screenshot(page, f"ops-webhook-{wide['width']}")
        server.operate(f"/hunts/harbour/webhooks/{made['id']}", {"stopped": True}, method="PATCH")
        expect(row).to_contain_text("stopped by an operator", timeout=PATIENCE)
    finally:
        server.operate(f"/hunts/harbour/webhooks/{made['id']}", method="DELETE")
    expect(card).not_to_be_visible(timeout=PATIENCE)


@phone
def test_page_fits_a_phone(page: Page) -> None:
    expect(page.locator("#processes tr").first).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_invalid_token_is_refused_and_not_stored(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/ops")
    for wrong in ("nonsense", server.token(audience=tokens.PLAYER), server.token(ttl=-5)):
        page.get_by_label("Operator's token").fill(wrong)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#refused")).not_to_be_empty()
        accessible(page)
        expect(page.locator("#board")).not_to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
    context.close()


def test_sign_out_clears_the_storage(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Operator's token")).to_be_visible()
    expect(page.locator("#board")).not_to_be_visible()
    assert page.evaluate("sessionStorage.length + document.cookie.length") == 0
