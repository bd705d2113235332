"""The operations page on a real server, most of all while the database is gone."""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from hunt.store.secret import jwt_secret
from hunt.web import auth
from tests.browser.playing import live, shot, watched
from tests.browser.serving import Server
from tests.life.processes import children

PATIENCE = 20_000  # ms


@pytest.fixture
def folder(server: Server) -> Path:
    return server.data_dir


def token(folder: Path, **options: Any) -> str:
    options = {"audience": auth.ADMIN, "ttl": 600} | options
    return auth.sign((jwt_secret(folder),), "root", now=datetime.now(UTC), **options)


@pytest.fixture(params=[pytest.param((1280, 1000), id="desk")])
def page(
    request: pytest.FixtureRequest, browser: Browser, server: Server, folder: Path
) -> Iterator[Page]:
    """Yield the page, signed in; nothing but the server is asked, and nobody hears the token."""
    server.ensure()
    width, height = request.param
    context = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": height}, color_scheme="dark"
    )
    secret = token(folder)
    with watched(context, server.url) as asked:
        opened = context.new_page()
        opened.goto("/ops")
        opened.get_by_label("Operator's token").fill(secret)
        opened.keyboard.press("Enter")
        live(opened)
        expect(tile(opened, "Database answered")).to_have_text("just now", timeout=PATIENCE)
        yield opened
    assert [url for url in asked if secret in url] == []


def tile(page: Page, term: str) -> Any:
    return page.locator("#tiles > div", has_text=term).locator("dd")


def click(page: Page) -> int:
    """Click as a guest, and return the status."""
    origin = page.evaluate("location.origin")
    headers = {"Origin": origin}
    page.context.request.post(f"{origin}/v1/session", headers=headers)
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    answer = page.context.request.post(
        f"{origin}/v1/hunts/harbour/clicks", data=body, headers=headers
    )
    return answer.status


def force(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Yes").click()


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """Stop the postmaster, and all that it has started, in their tracks."""
    postmaster = int(next(folder.rglob("postmaster.pid")).read_text("utf-8").split()[0])
    every = [postmaster, *children(postmaster, "postgres")]
    for pid in every:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in every:
            os.kill(pid, signal.SIGCONT)


def test_samples_come_and_clicks_are_seen(page: Page) -> None:
    expect(page.locator("figure canvas")).to_have_count(9)
    said = page.locator("figcaption", has_text="Event loop")
    expect(said).to_have_text(re.compile(r"utilisation \d+ %"))
    counted = page.locator("#sum td").nth(1)
    while counted.inner_text() in {"", "0"}:  # of all processes, whichever it reaches
        assert click(page) == 200
    times = page.evaluate(
        """() => new Promise((done) => {
            const times = [], rows = document.getElementById("processes");
            new MutationObserver(() => times.push(performance.now()) > 3 && done(times))
                .observe(rows, { childList: true });
        })"""
    )
    assert 2_000 < times[-1] - times[0] < 10_000, "a sample a second"


def test_every_process_of_the_server_is_there(page: Page, server: Server) -> None:
    processes = min(len(os.sched_getaffinity(0)), 64)
    expect(page.locator("#processes tr")).to_have_count(processes, timeout=PATIENCE)
    expect(page.locator("#processes tr", has_text="(this one)")).to_have_count(1)


def test_a_breaker_held_open_is_seen_and_refuses_clicks(page: Page) -> None:
    force(page, "Hold open")
    alert = page.locator("#alerts")
    expect(alert).to_have_text(re.compile(r"An operator holds the breaker open"), timeout=PATIENCE)
    expect(page.get_by_role("button", name="Hold open")).to_have_attribute("aria-pressed", "true")
    assert click(page) == 503
    force(page, "Automatic")
    expect(alert).to_have_text("", timeout=PATIENCE)
    assert click(page) == 200


def test_no_is_no(page: Page) -> None:
    for key in ("Enter", "Escape"):  # the focus is on what changes nothing
        page.get_by_role("button", name="Hold open").click()
        page.keyboard.press(key)
        expect(page.locator("#confirm")).not_to_be_visible()
    assert click(page) == 200


def test_a_hunt_is_paused_and_opened_by_keyboard(page: Page) -> None:
    state = page.locator("#hunts tr", has_text="harbour").locator("td").nth(1)
    for name, after in (("Pause harbour", "paused"), ("Open harbour", "open")):
        page.get_by_role("button", name=name).press("Enter")
        page.get_by_role("button", name="Yes").press("Enter")
        expect(state).to_have_text(after, timeout=PATIENCE)
        expect(page.locator("#result")).to_have_text(f"The hunt harbour is {after}.")


def test_a_database_that_is_frozen_is_told_and_the_page_goes_on(page: Page, folder: Path) -> None:
    alerts = page.locator("#alerts")
    with frozen(folder):
        expect(alerts).to_contain_text("The database does not answer.", timeout=PATIENCE)
        first = tile(page, "Database answered").inner_text()
        expect(tile(page, "Database answered")).not_to_have_text(first)
        expect(page.locator("#connection")).to_have_text("live")
        force(page, "Hold open")
        expect(alerts).to_contain_text("An operator holds the breaker open", timeout=PATIENCE)
        assert click(page) == 503
        page.reload()  # who comes only now is let in, too
        live(page)
        expect(alerts).to_contain_text("The database does not answer.", timeout=PATIENCE)
        shot(page, "ops-database-gone", full_page=True)
        force(page, "Automatic")
    expect(alerts).to_have_text("", timeout=PATIENCE)


def test_a_server_that_is_gone_is_told_until_it_is_back(page: Page, server: Server) -> None:
    server.stop(signal.SIGKILL)
    alerts = page.locator("#alerts")
    expect(alerts).to_contain_text("No samples come: what is shown is old.", timeout=PATIENCE)
    expect(page.locator("#connection")).to_have_text(re.compile(r"reconnecting"))
    server.start()
    live(page)
    expect(alerts).to_have_text("", timeout=PATIENCE)


def test_a_process_that_is_drained_is_followed_by_another(page: Page) -> None:
    who = page.locator("#who")
    expect(who).to_have_text(re.compile(r"process \d+"))
    before = who.inner_text().split()[1]
    page.get_by_role("button", name="Drain this process").click()
    expect(page.locator("#question")).to_have_text(f"Drain process {before}?")
    page.get_by_role("button", name="Yes").click()
    expect(who).not_to_contain_text(before, timeout=PATIENCE)
    live(page)


@pytest.mark.parametrize("page", [pytest.param((390, 844), id="phone")], indirect=True)
def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    expect(page.locator("#processes tr").first).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_wrong_token_is_refused_and_forgotten(
    browser: Browser, server: Server, folder: Path
) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.goto("/ops")
    for wrong in ("nonsense", token(folder, audience=auth.PLAYER), token(folder, ttl=-5)):
        page.get_by_label("Operator's token").fill(wrong)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#refused")).not_to_be_empty()
        expect(page.locator("#board")).not_to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
    context.close()


def test_who_signs_out_leaves_nothing(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Operator's token")).to_be_visible()
    expect(page.locator("#board")).not_to_be_visible()
    assert page.evaluate("sessionStorage.length + document.cookie.length") == 0
