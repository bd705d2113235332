"""Fixtures: Chromium, a server process, and the game."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.playing import Look, game
from tests.browser.proxy import Proxy
from tests.browser.serving import Server

# On a busy machine a page that is well may take longer than the 5 s of Playwright.
expect.set_options(timeout=20_000)

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


# Package scope: Playwright's event loop must be closed before Trio's tests run.
@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("game"))
    try:
        yield started
    finally:
        started.stop(signal.SIGTERM)


@pytest.fixture(autouse=True)
def renewed(request: pytest.FixtureRequest) -> None:
    """Give a test that is repeated a server without the hunts of the first attempt."""
    if request.node.execution_count > 1 and "server" in request.fixturenames:
        request.getfixturevalue("server").renew()


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(params=[pytest.param(Look(), id="desk")])
def page(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Page]:
    """Yield the live game; requests to other servers and script errors fail the test."""
    server.ensure()  # a failed test may have stopped it
    with game(browser, server.url, request.param) as opened:
        yield opened


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with Proxy(server.bind) as passing:
        yield passing


@pytest.fixture
def proxied(browser: Browser, server: Server, proxy: Proxy) -> Iterator[Page]:
    """Yield the game behind the proxy, with a frozen clock."""
    server.ensure()
    with game(browser, proxy.url, Look(frozen=True)) as opened:
        yield opened
