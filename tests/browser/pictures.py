"""Take the screenshots of the documentation: ``python -m tests.browser.pictures``.

Tests take the screenshots of the states that they produce.  This module takes the first
one of the README, and the operations page under load.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.playing import (
    Look,
    click,
    expect_live,
    expect_rewards,
    game,
    go_until,
    known_points,
)
from tests.browser.serving import Server
from tests.support import reaper
from tests.support.processes import HUNT

FOLDER = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
LOAD = 75  # seconds; a plot shows at least a minute


def main() -> int:
    """Take all screenshots; return the exit status of the tests."""
    reaper.hold()
    environ = {**os.environ, "HUNT_SCREENSHOTS": str(FOLDER)}
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "0", str(Path(__file__).parent)]
    status = subprocess.run(tests, env=environ, check=False).returncode
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            screenshot_game(browser, server)
            screenshot_operations(browser, server)
        finally:
            browser.close()
            server.stop(signal.SIGTERM)
    return status


def screenshot_game(browser: Browser, server: Server) -> None:
    server.open_hunt("river", "The river")
    with game(browser, server.url, Look()) as page:
        river = page.locator("#hunts", has_text="The river")
        go_until(page, "/", river, before=known_points(page))
        expect_live(page)
        for number in range(1, 13):
            across, down = number * 0.618 % 1, 0.35 + 0.6 * (number * 0.414 % 1)
            click(page, across, down)
            expect_rewards(page, number)
        expect(page.locator("#leaders li.you")).to_be_visible(timeout=60_000)
        with game(browser, server.url, Look()) as other:
            count = 0
            while page.locator("#news li").count() < 3:
                count += 1
                click(other, count * 0.618 % 1, 0.7)
                expect_rewards(other, count)
        page.screenshot(path=FOLDER / "game.png")


def screenshot_operations(browser: Browser, server: Server) -> None:
    context = browser.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 1000}, color_scheme="dark"
    )
    page = context.new_page()
    page.goto("/ops")
    page.get_by_label("Operator's token").fill(server.token())
    page.keyboard.press("Enter")
    expect_live(page)
    load = threading.Thread(target=play, args=(server,))
    load.start()
    page.wait_for_timeout(LOAD * 1000)
    page.screenshot(path=FOLDER / "ops.png", full_page=True)
    load.join()
    context.close()


def play(server: Server) -> None:
    bench = ["bench", "game", "--url", server.origin, "--data-dir", str(server.data_dir)]
    load = ["--players", "200", "--rate", "200", "--seconds", str(LOAD + 5)]
    subprocess.run([*HUNT, *bench, *load], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
