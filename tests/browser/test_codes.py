"""Codes of prizes on the game page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.playing import click, expect_live, expect_rewards, visit
from tests.browser.serving import Server

CODES = "#rewards li .code code"


@pytest.fixture
def codes(server: Server) -> Iterator[None]:
    """Run a hunt with two codes; close it at the end, or other tests would see it first."""
    voucher = {"id": "voucher", "title": "Voucher", "odds": 1.0, "codes": True}
    server.operate(
        "/hunts",
        {
            "id": "codes", "title": "Codes", "map": {"width": 10, "height": 10},
            "prizes": [voucher],
        },
    )  # fmt: skip
    server.operate("/hunts/codes/prizes/voucher/codes", {"codes": ["A-1", 'B<b>"2']})
    server.operate("/hunts/codes/open", {})
    yield
    server.operate("/hunts/codes/close", {})


@pytest.mark.usefixtures("codes")
def test_code_is_shown_copied_and_still_there_after_a_reload(page: Page) -> None:
    visit(page, "codes", "Codes")
    click(page)
    expect(page.locator(CODES)).to_have_text(["A-1"])
    click(page)
    expect(page.locator(CODES)).to_have_text(['B<b>"2', "A-1"])
    click(page)  # the voucher is sold out
    expect_rewards(page, 3)
    page.reload()
    expect_live(page)
    expect(page.locator(CODES)).to_have_text(['B<b>"2', "A-1"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Copy the code of Voucher").first.click()
    expect(page.locator("#rewards .copy").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == 'B<b>"2'
    page.context.clear_permissions()
    refuse = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }"
    page.evaluate(refuse)
    page.get_by_label("Copy the code of Voucher").last.click()
    expect(page.locator("#rewards .copy").last).to_have_text("Selected")
    assert page.evaluate("getSelection().toString()") == "A-1"
