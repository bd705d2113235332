"""The look of a hunt, its languages, clicks made offline, a rare win, and names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import accessible
from tests.browser.playing import (
    RequestLog,
    click,
    expect_rewards,
    painted,
    screenshot,
    visit,
    watched,
)
from tests.browser.serving import Server

LOOK = {
    "scene": "winter",
    "language": "en",
    "colours": {"paper": "#101020", "ink": "#ffffff", "accent": "#ffcc66"},
    "texts": {
        "de": {"title": "Hafen bei Nacht", "lead": "Viel Glück!", "prize": {"gem": "Edelstein"}},
        "ar": {"title": "الميناء"},
    },
}


COLOURS_OF_MAP = """() => {
    const map = document.getElementById("map");
    const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
    return new Set(new Uint32Array(data.buffer)).size;
}"""


@contextmanager
def visitor(browser: Browser, server: Server, hunt: str, language: str) -> Iterator[Page]:
    """Open a hunt as a new guest; yield the page once its stream is live."""
    context = browser.new_context(
        base_url=server.url, locale=language, viewport={"width": 390, "height": 844}
    )
    with watched(context, server.url):
        page = context.new_page()
        visit(page, hunt)
        yield page


@pytest.fixture
def dressed(server: Server) -> Iterator[str]:
    """Yield the id of an open hunt with a look, in which each click wins a rare prize."""
    server.ensure()
    gem: dict[str, Any] = {"id": "gem", "title": "Gem", "points": 9, "stock": 100}
    # Odds with a peak below 0.5 are rare; so wide a peak, twice, is the same everywhere.
    peak = {"peak": 0.49, "at": [5, 5], "radius": 1e9}
    prizes = [gem | {"odds": peak}, gem | {"id": "ring", "title": "Ring", "odds": peak}]
    server.open_hunt("dressed", "Night", page=LOOK, prizes=prizes)
    yield "dressed"
    server.operate("/hunts/dressed/pause", {})


def win(page: Page) -> None:
    """Click until a rare prize is won; of a hundred clicks ninety-eight win."""
    while not page.locator("#show").is_visible():
        with page.expect_response("**/clicks"):
            click(page)
        page.wait_for_function("!document.getElementById('outcome').textContent.includes('…')")


@pytest.mark.parametrize(
    ("language", "words", "title", "tag"),
    [
        ("de-AT", "de", "Hafen bei Nacht", ""),
        ("en-GB", "en", "Night", ""),
        ("ar-EG", "en", "الميناء", "ar"),
    ],
)
def test_page_speaks_the_language_of_its_reader(
    browser: Browser, server: Server, dressed: str, language: str, words: str, title: str, tag: str
) -> None:
    with visitor(browser, server, dressed, language) as page:
        assert page.locator("html").get_attribute("lang") == words
        expect(page.locator("#title")).to_have_text(title)
        assert (page.locator("#title").get_attribute("lang") or "") == tag
        gem = "Edelstein" if words == "de" else "Gem"
        expect(page.locator("#prizes li .name").first).to_have_text(gem)
        if words == "de":
            expect(page.locator("#lead")).to_have_text("Viel Glück!")
            expect(page.locator("#rewards-title")).to_contain_text("Deine Klicks")


def test_page_has_the_colours_and_the_scene_of_its_hunt(
    browser: Browser, server: Server, dressed: str
) -> None:
    with visitor(browser, server, dressed, "en") as page:
        assert page.locator("html").get_attribute("data-scene") == "winter"
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(16, 16, 32)"
        page.locator("#fair summary").click()
        known = page.request.get(f"/v1/hunts/{dressed}").json()["commitment"]
        expect(page.locator("#commitment")).to_have_text(known)
        accessible(page)


@pytest.mark.parametrize("scene", ["harbour", "city", "stage", "winter"])
def test_scene_is_painted(page: Page, server: Server, scene: str) -> None:
    hunt, title = f"scene-{scene}", f"A {scene}"
    server.open_hunt(hunt, title, page={"scene": scene}, prizes=[])
    visit(page, hunt, title)
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
        painted(page)
        assert page.evaluate(COLOURS_OF_MAP) > 1000
        screenshot(page, f"scene-{scene}-{colours}")
    server.operate(f"/hunts/{hunt}", method="DELETE")


def test_rare_win_is_shared_as_a_picture(browser: Browser, server: Server, dressed: str) -> None:
    with visitor(browser, server, dressed, "en") as page:
        page.evaluate(  # a browser without a screen has nobody to share with
            """() => {
                navigator.canShare = ({ files }) => files[0].type === "image/png";
                navigator.share = async ({ files: [{ name, size }], text, url }) => {
                    window.shared = { name, size, text, url };
                    throw new DOMException("the player has cancelled", "AbortError");
                };
            }"""
        )
        win(page)
        page.locator("#show").click()
        page.locator("#moment-share").click()
        page.wait_for_function("() => window.shared")
        shared = page.evaluate("shared")
        assert shared["name"] in {"gem.png", "ring.png"}
        assert shared["size"] > 10_000
        assert shared["text"] in {f"{each}: I found it in “Night”." for each in ("Gem", "Ring")}
        assert shared["url"] == page.url


def test_rare_win_is_a_picture_to_keep(browser: Browser, server: Server, dressed: str) -> None:
    with visitor(browser, server, dressed, "en") as page:
        win(page)
        page.locator("#show").click()
        expect(page.locator("#moment")).to_be_visible()
        label = page.locator("#card").get_attribute("aria-label") or ""
        assert label.endswith(", found in Night")
        assert page.evaluate("document.getElementById('card').height") == 1350
        accessible(page)
        with page.expect_download() as saved:
            page.locator("#moment-save").click()
        assert saved.value.suggested_filename in {"gem.png", "ring.png"}
        page.keyboard.press("Escape")
        expect(page.locator("#moment")).to_be_hidden()


def test_nothing_bursts_with_reduced_motion(browser: Browser, server: Server, dressed: str) -> None:
    with visitor(browser, server, dressed, "en") as page:
        page.emulate_media(reduced_motion="reduce")
        win(page)
        assert page.locator("#burst").evaluate("(each) => getComputedStyle(each).opacity") == "0"


def test_offline_click_is_kept_and_sent_once(
    browser: Browser, server: Server, dressed: str
) -> None:
    with visitor(browser, server, dressed, "en") as page:
        page.context.set_offline(True)
        click(page, 0.3)
        click(page, 0.6)
        kept = "You are offline. 2 clicks are kept, and sent when you are back."
        expect(page.locator("#outcome")).to_have_text(kept)
        sent = RequestLog(page, "/clicks", "POST")
        page.context.set_offline(False)
        expect_rewards(page, 2)
        assert len({each["id"] for each in sent.bodies}) == 2
        assert (
            page.evaluate("Object.keys(localStorage).filter((key) => key.includes('clicks'))") == []
        )


def test_kept_click_outlasts_a_reload(browser: Browser, server: Server, dressed: str) -> None:
    with visitor(browser, server, dressed, "en") as page:
        page.route("**/clicks", lambda route: route.abort())
        click(page)
        stored = "JSON.stringify(Object.entries(localStorage)).includes('dressed')"
        assert page.evaluate(stored)
        page.unroute("**/clicks")
        page.reload()
        expect_rewards(page, 1)
        page.wait_for_function(f"!{stored}")


def test_player_chooses_a_name(browser: Browser, server: Server, dressed: str) -> None:
    with visitor(browser, server, dressed, "en") as page:
        page.locator("#rename").click()
        expect(page.locator("#name-save")).to_be_enabled()
        page.get_by_label("Name", exact=True).fill("Admin")
        page.keyboard.press("Enter")
        expect(page.locator("#name-problem")).to_have_text(
            "This name is not allowed. Choose another one."
        )
        accessible(page)
        page.get_by_label("Name", exact=True).fill("?!")
        page.keyboard.press("Enter")
        expect(page.locator("#name-problem")).to_contain_text("2 to 24 visible characters, please")
        page.get_by_label("Name", exact=True).fill("Ada L.")
        page.keyboard.press("Enter")
        expect(page.locator("#naming")).to_be_hidden()
        assert page.request.get("/v1/name").json()["name"] == "Ada L."
        win(page)
        for _ in range(5):  # to lead the players of other tests
            with page.expect_response("**/clicks"):
                click(page)
        expect(page.locator("#leaders .you .who")).to_have_text("Ada L. (You)", timeout=60_000)


def test_name_is_not_saved_before_the_present_one_is_known(
    browser: Browser, server: Server, dressed: str
) -> None:
    with visitor(browser, server, dressed, "en") as page:
        page.route(
            "**/v1/name",
            lambda route: route.fulfill(
                status=403, json={"type": "about:blank", "status": 403, "detail": "not now"}
            ),
        )
        page.locator("#rename").click()
        expect(page.locator("#name-problem")).to_have_text("not now")
        expect(page.locator("#name-save")).to_be_disabled()
        page.locator("#name-cancel").click()
        page.unroute("**/v1/name")
        page.locator("#rename").click()
        expect(page.locator("#name-save")).to_be_enabled()
        expect(page.locator("#name-problem")).to_have_text("")


def test_name_of_an_account_cannot_be_changed(
    browser: Browser, server: Server, dressed: str
) -> None:
    with visitor(browser, server, dressed, "en") as page:
        known = {"name": "Ada of Lovelace", "claimed": True, "refused": False}
        page.route("**/v1/name", lambda route: route.fulfill(json=known))
        page.locator("#rename").click()
        expect(page.locator("#name-problem")).to_have_text("Your name comes from your account.")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Ada of Lovelace")
        expect(page.get_by_label("Name", exact=True)).to_be_disabled()
        expect(page.locator("#name-save")).to_be_disabled()


@pytest.mark.parametrize(
    ("language", "said", "width"),
    [("en", "its prizes are not real", 390), ("de", "nicht echt", 1280)],
)
def test_test_hunt_has_a_badge(
    browser: Browser, server: Server, language: str, said: str, width: int
) -> None:
    server.ensure()
    odds = {"peak": 0.49, "at": [5, 5], "radius": 1e9}
    gem = {"id": "gem", "title": "Gem", "points": 9, "odds": odds}
    server.open_hunt("test-badge", "Rehearsal", test=True, prizes=[gem])
    try:
        with visitor(browser, server, "test-badge", language) as page:
            page.set_viewport_size({"width": width, "height": 844})
            expect(page.locator("#test")).to_contain_text(said)
            accessible(page)
            screenshot(page, f"game-test-{width}")
            win(page)
            page.locator("#show").click()
            expect(page.locator("#moment")).to_be_visible()
            screenshot(page, f"game-test-card-{width}")
        with visitor(browser, server, "harbour", language) as page:
            expect(page.locator("#test")).not_to_be_visible()
    finally:
        server.operate("/hunts/test-badge", method="DELETE")
