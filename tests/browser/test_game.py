"""The game in a real browser, against a real server process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.life.processes import HUNT, environment, free_port

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Server:
    def __init__(self, data_dir: Path) -> None:
        self.bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.bind}/"
        self.command = [*HUNT, "serve", "--bind", self.bind, "--data-dir", str(data_dir)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, env=environment())
        while True:
            assert self.process.poll() is None
            try:
                urllib.request.urlopen(self.url + "readyz", timeout=5).close()
            except (urllib.error.URLError, ConnectionError):
                continue
            return

    def stop(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("game"))
    try:
        yield started
    finally:
        started.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(params=[pytest.param((1280, 800), id="desk")])
def page(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Page]:
    """Yield the game, live; nothing but the server may be asked for, and nothing may go wrong."""
    width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark",
        has_touch=width < 500,
    )
    opened = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda made: asked.append(made.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(server.url)
    expect(opened.locator("#connection")).to_have_text("live")
    yield opened
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(server.url)] == []


def click(page: Page, x: float = 0.5, y: float = 0.6) -> None:
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.locator("#map").click(position={"x": box["width"] * x, "y": box["height"] * y})


def finds(page: Page, count: int) -> None:
    expect(page.locator("#count")).to_have_text(f"· {count}")
    expect(page.locator("#rewards li")).to_have_count(count)


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("HUNT_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def test_a_click_is_shown_once_though_answer_and_event_both_come(page: Page) -> None:
    with page.expect_response("**/clicks") as answered:
        click(page)
    finds(page, 1)
    reward = answered.value.json()
    expect(page.locator("#rewards li")).to_have_attribute("data-id", reward["id"])
    expect(page.locator("#points")).to_have_text(str(reward["points"]))
    for number in range(2, 12):
        click(page, number / 12)
        finds(page, number)
    shot(page, "game")


def test_a_reload_keeps_what_was_found(page: Page) -> None:
    click(page)
    finds(page, 1)
    points = page.locator("#points").inner_text()
    page.reload()
    finds(page, 1)
    expect(page.locator("#points")).to_have_text(points)


def test_two_tabs_of_one_player_show_the_same(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#connection")).to_have_text("live")
    click(page)
    finds(page, 1)
    finds(other, 1)


def test_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("#map")).to_be_focused()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "ArrowDown", "x"):
        page.keyboard.press(key)
    with page.expect_request("**/clicks") as sent:
        page.keyboard.press("Enter")
    assert sent.value.post_data_json["x"] == 58
    finds(page, 1)
    shot(page, "game-keyboard")


@pytest.mark.parametrize("page", [pytest.param((390, 844), id="phone")], indirect=True)
def test_on_a_phone_it_fits_and_takes_a_tap(page: Page) -> None:
    body = page.locator("body").bounding_box()
    assert body is not None
    assert body["width"] == 390
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.locator("#map").tap()
    finds(page, 1)
    shot(page, "game-phone")


def test_a_refused_click_is_sent_again_under_its_id(page: Page) -> None:
    ids: list[str] = []

    def refuse(route: object) -> None:
        ids.append(route.request.post_data_json["id"])  # type: ignore[attr-defined]
        if len(ids) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/clicks", refuse)
    click(page)
    expect(page.locator("#outcome")).to_have_text(re.compile(r"Trying again in"))
    finds(page, 1)
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_server_killed_in_mid_game_is_come_back_to(page: Page, server: Server) -> None:
    click(page)
    finds(page, 1)
    server.stop(signal.SIGKILL)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting in \d+ s"))
    shot(page, "game-reconnecting")
    click(page)  # and it waits for the server
    server.start()
    expect(page.locator("#connection")).to_have_text("live", timeout=20_000)
    expect(page.locator("#rewards li")).to_have_count(2, timeout=20_000)
    finds(page, 2)


def test_a_server_that_drains_says_so(page: Page, server: Server) -> None:
    server.stop(signal.SIGTERM)
    expect(page.locator("#connection")).to_have_text(re.compile(r"server draining"))
    shot(page, "game-draining")
    server.start()
    expect(page.locator("#connection")).to_have_text("live", timeout=20_000)
