"""Makes the pictures of the documentation: ``python -m tests.browser.pictures``.

Each state is photographed by the test that brings it about; the first picture of the
README, and the operations page under load, are taken here.
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
from tests.browser.playing import Look, click, finds, game, live
from tests.browser.serving import Server
from tests.support import reaper
from tests.support.processes import HUNT

FOLDER = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
LOAD = 75  # seconds: a plot shows a minute at least


def main() -> int:
    """Write all pictures; return the exit status."""
    reaper.hold()
    environ = {**os.environ, "HUNT_SCREENSHOTS": str(FOLDER)}
    tests = [sys.executable, "-m", "pytest", "-q", "-n", "0", str(Path(__file__).parent)]
    status = subprocess.run(tests, env=environ, check=False).returncode
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            photograph_the_game(browser, server)
            photograph_operations(browser, server)
        finally:
            browser.close()
            server.stop(signal.SIGTERM)
    return status


def photograph_the_game(browser: Browser, server: Server) -> None:
    server.open_hunt("river", "The river")
    with game(browser, server.url, Look()) as page:
        while not page.locator("#hunts", has_text="The river").is_visible():
            page.reload()
            live(page)
        for number in range(1, 13):
            across, down = number * 0.618 % 1, 0.35 + 0.6 * (number * 0.414 % 1)
            click(page, across, down)
            finds(page, number)
        expect(page.locator("#leaders li.you")).to_be_visible(timeout=60_000)
        with game(browser, server.url, Look()) as other:
            count = 0
            while page.locator("#news li").count() < 3:
                count += 1
                click(other, count * 0.618 % 1, 0.7)
                finds(other, count)
        page.screenshot(path=FOLDER / "game.png")


def photograph_operations(browser: Browser, server: Server) -> None:
    context = browser.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 1000}, color_scheme="dark"
    )
    page = context.new_page()
    page.goto("/ops")
    page.get_by_label("Operator's token").fill(server.token())
    page.keyboard.press("Enter")
    live(page)
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
