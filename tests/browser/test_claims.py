"""A winner claims a prize on the game page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import RequestLog, click, expect_rewards, phone, screenshot, visit
from tests.browser.serving import Server

FIELDS = [
    {"name": "name", "label": "Name", "required": True, "max": 80},
    {"name": "email", "label": "E-mail", "kind": "email", "required": True},
    {"name": "address", "label": "Address", "kind": "lines"},
    {"name": "country", "label": "Country", "kind": "country"},
    {
        "name": "terms",
        "label": "I accept the terms of this hunt",
        "kind": "consent",
        "required": True,
    },
]


@pytest.fixture
def asked(page: Page, server: Server) -> Page:
    """Return the page of a hunt whose prize asks for a claim, after one win."""
    width = page.viewport_size["width"]  # type: ignore[index]
    hunt, title = f"vouchers-{width}", f"Vouchers {width}"
    prize = {
        "id": "voucher", "title": "Voucher", "points": 3, "odds": 1.0,
        "claim": {"fields": FIELDS, "until": "14 days"},
    }  # fmt: skip
    server.open_hunt(hunt, title, prizes=[prize])
    visit(page, hunt, title)
    click(page)
    expect_rewards(page, 1)
    return page


def seq(page: Page) -> int:
    return int(page.locator("#rewards li").first.get_attribute("data-seq") or 0)


def hunt_of(page: Page) -> str:
    return page.url.partition("hunt=")[2]


def test_win_offers_its_form_and_shows_the_faults(asked: Page) -> None:
    page = asked
    sent = RequestLog(page, "/claim", "POST")
    expect(page.locator("#claim")).to_have_text("Claim your prize")
    accessible(page)
    page.locator("#claim").click()
    dialog = page.get_by_role("dialog", name="Voucher")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Claim it by")).to_be_visible()
    expect(dialog.get_by_label("Address (optional)")).to_be_visible()
    accessible(page)
    screenshot(page, "claim-form")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_label("E-mail").fill("ada")
    dialog.get_by_role("button", name="Claim").click()
    expect(dialog.get_by_label("E-mail")).to_be_focused()
    expect(dialog.get_by_text("E-mail: must be an e-mail address")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_text("Please check the marked fields.")
    accessible(page)
    screenshot(page, "claim-faults")
    dialog.get_by_label("E-mail").fill("ada@example.org")
    dialog.get_by_label("Country").select_option("DE")
    dialog.get_by_label("I accept").check()
    dialog.get_by_role("button", name="Claim").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#rewards .state")).to_have_text("claimed")
    expect(page.locator("#claim")).to_be_hidden()
    expect(page.locator("#outcome")).to_have_text("Voucher: claimed.")
    assert sent.bodies[-1]["fields"] == {
        "name": "Ada", "email": "ada@example.org", "address": "", "country": "DE", "terms": True,
    }  # fmt: skip
    accessible(page)
    screenshot(page, "claim-claimed")
    page.reload()
    expect(page.locator("#rewards .state")).to_have_text("claimed")


@phone
def test_form_fits_a_phone(asked: Page) -> None:
    page = asked
    page.locator("#claim").click()
    dialog = page.get_by_role("dialog", name="Voucher")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("claiming.scrollWidth <= claiming.clientWidth")
    screenshot(page, "claim-form-phone")
    dialog.get_by_role("button", name="Later").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#claim")).to_be_visible()
    page.locator("#rewards .claim").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_change_by_an_operator_is_shown_at_once(asked: Page, server: Server) -> None:
    page = asked
    points = int(page.locator("#points").inner_text())
    reason = {"seqs": [seq(page)], "reason": "not eligible"}
    server.operate(f"/hunts/{hunt_of(page)}/rewards/void", reason)
    expect(page.locator("#rewards .state").first).to_have_text("withdrawn")
    expect(page.locator("#points")).to_have_text(str(points - 3))
    accessible(page)


def test_module_claims_and_names_faults(asked: Page) -> None:
    page = asked
    said = page.evaluate(
        """async ([id, seq]) => {
            const { join } = await import("/static/hunt.js");
            const hunt = (await join()).hunt(id);
            const errors = await hunt.claim(seq, { email: "ada" }).catch(({ errors }) => errors);
            const fields = { name: "Ada", email: "ada@example.org", terms: true };
            return [Object.keys(errors), (await hunt.claim(seq, fields)).state];
        }""",
        [hunt_of(page), seq(page)],
    )
    assert said == [["fields.name", "fields.email", "fields.terms"], "claimed"]
