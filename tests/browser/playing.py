"""A real server process, and what a player does in a browser."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.life.processes import HUNT, children, environment, free_port

#: So that a stream is soon too far behind to be resumed.
REPLAY_LIMIT = 2


class Server:
    """A server that can be stopped, and started again with its data at its address."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.bind = f"127.0.0.1:{free_port()}"
        self.origin = f"http://{self.bind}"
        self.url = f"{self.origin}/"
        self.command = [*HUNT, "serve", "--bind", self.bind, "--data-dir", str(data_dir)]
        self.start()

    def start(self, **settings: str) -> None:
        environ = environment({"HUNT_REPLAY_LIMIT": str(REPLAY_LIMIT), **settings})
        self.process = subprocess.Popen(self.command, env=environ)
        while True:
            assert self.process.poll() is None
            try:
                urllib.request.urlopen(self.url + "readyz", timeout=5).close()
            except OSError:  # refused, cut, or no answer in time
                continue
            return

    def ensure(self) -> None:
        if self.process.poll() is not None:
            self.start()

    def stop(self, number: signal.Signals) -> None:
        """End it by a signal; SIGKILL means all of it, as when the machine is gone."""
        servers = children(self.process.pid, "server_process") if number == signal.SIGKILL else []
        self.process.send_signal(number)
        for pid in servers:
            os.kill(pid, number)
        self.process.wait(30)

    @contextmanager
    def restarted(self, **settings: str) -> Iterator[None]:
        """Run with other settings; meanwhile the streams break as in a crash."""
        self.stop(signal.SIGKILL)
        self.start(**settings)
        try:
            yield
        finally:
            self.stop(signal.SIGKILL)
            self.start()


class Sent:
    """The requests of a page to one place, from now on."""

    def __init__(self, page: Page, path: str, method: str = "GET") -> None:
        self.urls: list[str] = []
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self._path, self._method = path, method
        page.on("request", self._note)

    def __len__(self) -> int:
        return len(self.urls)

    def _note(self, request: object) -> None:
        if request.method == self._method and self._path in request.url:  # type: ignore[attr-defined]
            self.urls.append(request.url)  # type: ignore[attr-defined]
            self.bodies.append(request.post_data_json or {})  # type: ignore[attr-defined]
            self.headers.append(request.headers)  # type: ignore[attr-defined]


def click(page: Page, x: float = 0.5, y: float = 0.6) -> None:
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.locator("#map").click(position={"x": box["width"] * x, "y": box["height"] * y})


def click_elsewhere(page: Page, click_id: str | None = None) -> str:
    """Click as the same player, but not on this page; return the click's id."""
    click_id = click_id or str(uuid.uuid4())
    origin = page.evaluate("location.origin")
    answer = page.context.request.post(
        f"{origin}/v1/hunts/harbour/clicks",
        data={"id": click_id, "x": 1, "y": 2},
        headers={"Origin": origin},
    )
    assert answer.status == 200
    return click_id


def live(page: Page) -> None:
    expect(page.locator("#connection")).to_have_text("live", timeout=20_000)


def finds(page: Page, count: int) -> None:
    expect(page.locator("#count")).to_have_text(f"· {count}", timeout=20_000)
    expect(page.locator("#rewards li")).to_have_count(count)


def stop_the_clock(page: Page) -> None:
    """Load the page anew, with timers that only the test moves."""
    page.clock.install()
    with page.expect_response("**/rewards?*"):
        page.reload()
    live(page)
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))  # in seconds


def show_again(page: Page) -> None:
    """Do what a browser does when a tab comes back to light."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("HUNT_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")
