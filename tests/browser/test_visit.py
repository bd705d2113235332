"""The cost of a visit to the game page: requests and bytes, and nothing twice."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.browser.playing import expect_live, watched
from tests.browser.serving import Server
from tests.browser.traffic import Traffic

#: Most requests and bytes of a first visit.
REQUESTS, BYTES = 8, 60_000


def measured(page: Page, traffic: Traffic) -> list[str]:
    """Open the page; return the paths that were requested from the server."""
    with page.expect_response("**/rewards?*"):
        page.goto("/")
    expect_live(page)
    page.wait_for_load_state("load")
    return ["/" + url.split("/", 3)[3].partition("?")[0] for url in traffic.urls.values()]


def test_first_visit_is_small_and_a_later_one_loads_no_file(
    browser: Browser, server: Server
) -> None:
    server.ensure()
    context = browser.new_context(base_url=server.url)
    with watched(context, server.url):
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        first = Traffic(session)
        paths = measured(page, first)
        first.stop()
        assert len(paths) <= REQUESTS, paths
        assert first.size() <= BYTES
        [module] = [each for each in paths if each.startswith("/static/")]
        assert module.startswith("/static/-/game.")
        assert paths.count("/v1/session") == 1
        assert not {"/v1/hunts", "/v1/hunts/harbour"} & set(paths), "they are in the page"
        later = Traffic(session)
        again = measured(page, later)
        later.stop()
        assert not [each for each in again if each.startswith("/static/")]
        assert len(again) < len(paths)
        assert later.size() < first.size() / 4
