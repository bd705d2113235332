"""The API reference page."""

from __future__ import annotations

from playwright.sync_api import Browser

from hunt.web.openapi import document
from tests.browser.playing import watched
from tests.browser.serving import Server


def test_api_reference_shows_every_operation(browser: Browser, server: Server) -> None:
    server.ensure()
    context = browser.new_context(base_url=server.url)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    with watched(context, server.url):
        page = context.new_page()
        page.goto("/docs")
        page.wait_for_selector("main:not([aria-busy])")
        assert page.locator("main section > details").count() == len(document.routes())
        page.locator("#click > summary").click()
        page.get_by_text("Click at a position.").wait_for()
        page.locator("#click").get_by_text("Retry-After").first.wait_for()
        page.locator("#click").get_by_role("link", name="too-fast").wait_for()
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert said == []
