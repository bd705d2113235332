"""The API reference page: it shows every operation, and sends requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect

from hunt.web.openapi import document
from tests.browser.accessibility import accessible
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


@contextmanager
def reference(browser: Browser, server: Server) -> Iterator[Page]:
    """Yield the API reference, in a new browser profile."""
    server.ensure()
    context = browser.new_context(base_url=server.url)
    with watched(context, server.url):
        page = context.new_page()
        page.goto("/docs")
        page.wait_for_selector("main:not([aria-busy])")
        yield page


def form(page: Page, operation: str) -> Locator:
    """Open the form of an operation."""
    page.locator(f"#{operation} > summary").click()
    page.locator(f"#{operation}").get_by_text("Try it").click()
    return page.locator(f"#{operation} form")


def send(found: Locator, status: int) -> str:
    """Send a request, wait for the status of its answer, and return all that is shown."""
    found.get_by_role("button", name="Send").click()
    found.get_by_role("status").get_by_text(f"Status {status}").wait_for()
    expect(found.get_by_role("button", name="Stop")).to_be_disabled()
    return found.inner_text()


def test_guest_tries_a_click_twice(browser: Browser, server: Server) -> None:
    with reference(browser, server) as page:
        click = form(page, "click")
        assert "/docs/problems#not-authenticated" in send(click, 401)
        send(form(page, "session"), 201)
        first = send(click, 200)
        assert '"duplicate": false' in first
        assert "curl -X POST -H 'Content-Type: application/json'" in first
        assert '"duplicate": true' in send(click, 200)  # the same id, as in a retry
        accessible(page)


def test_stream_is_shown_as_it_arrives_until_it_is_stopped(
    browser: Browser, server: Server
) -> None:
    with reference(browser, server) as page:
        send(form(page, "session"), 201)
        events = form(page, "events")
        events.get_by_role("button", name="Send").click()
        events.get_by_text("event: hello").wait_for()
        send(form(page, "click"), 200)
        events.get_by_text("event: reward").wait_for()
        events.get_by_role("button", name="Stop").click()
        events.get_by_text("Stopped.").wait_for()


def test_operator_token_is_sent_and_not_shown(browser: Browser, server: Server) -> None:
    token = server.token()
    with reference(browser, server) as page:
        hunts = form(page, "admin_hunts")
        send(hunts, 401)
        page.get_by_label("Token for requests").fill(token)
        shown = send(hunts, 200)
        assert '"harbour"' in shown
        assert '-H "Authorization: Bearer $TOKEN"' in shown
        assert token not in shown
        page.get_by_label("Token for requests").press("Enter")


def test_parameters_are_sent_in_their_places(browser: Browser, server: Server) -> None:
    with reference(browser, server) as page:
        board = form(page, "leaderboard")
        board.get_by_label("limit (query)").fill("3")
        shown = send(board, 200)
        assert "/v1/hunts/harbour/leaderboard?limit=3'" in shown
        board.get_by_label("hunt (path)").fill("no such/hunt")
        assert "/v1/hunts/no%20such%2Fhunt/leaderboard" in send(board, 404)


def test_socket_has_no_form(browser: Browser, server: Server) -> None:
    with reference(browser, server) as page:
        page.locator("#socket > summary").click()
        assert page.locator("#socket").get_by_text("Try it").count() == 0
