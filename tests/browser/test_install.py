"""The game as an installed web app."""

from __future__ import annotations

import json
from urllib.parse import urljoin

from playwright.sync_api import Page

from tests.browser.serving import Server

#: Error of private windows; all contexts of Playwright are private.
PRIVATE = "in-incognito"


def test_game_is_installable(page: Page, server: Server) -> None:
    devtools = page.context.new_cdp_session(page)
    told = devtools.send("Page.getAppManifest")
    assert told["errors"] == []
    assert told["url"] == f"{server.url}static/game.webmanifest"
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in errors if each["errorId"] != PRIVATE] == []


def test_manifest_and_icons_are_valid(page: Page, server: Server) -> None:
    address = f"{server.url}static/game.webmanifest"
    answer = page.request.get(address)
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest = json.loads(answer.body())
    assert {urljoin(address, manifest[name]) for name in ("id", "start_url", "scope")} == {
        server.url
    }
    for icon in manifest["icons"]:
        painted = page.request.get(urljoin(address, icon["src"]))
        assert painted.headers["content-type"].startswith(icon["type"])
        assert len(painted.body()) < 25_000, "too large for mobile networks"
        if icon["type"] == "image/png":
            header = painted.body()[16:24]  # IHDR: width and height
            width, height = (int.from_bytes(header[at : at + 4]) for at in (0, 4))
            assert icon["sizes"] == f"{width}x{height}"


def test_theme_colour_is_the_background_of_the_page(page: Page) -> None:
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        shown, said = page.evaluate(
            """() => {
                const named = [...document.querySelectorAll("meta[name=theme-color]")];
                const said = named.find(({ media }) => matchMedia(media).matches).content;
                const probe = document.createElement("i");
                probe.style.color = said;
                document.body.append(probe);
                const { backgroundColor } = getComputedStyle(document.body);
                return [backgroundColor, getComputedStyle(probe).color];
            }"""
        )
        assert shown == said
