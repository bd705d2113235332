"""Answers that a third party verifies, with a service like those of Turnstile and hCaptcha."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from hunt.service import siteverify as module
from hunt.service.siteverify import LONGEST, MAX_RESPONSE, PROVIDERS, SiteVerify, Unavailable
from tests.support.siteverify import SECRET, SITE_KEY, Service, siteverify


@asynccontextmanager
async def opened(
    kind: str = "turnstile", secret: str = SECRET
) -> AsyncIterator[tuple[SiteVerify, Service]]:
    async with siteverify() as service, trio.open_nursery() as nursery:
        made = SiteVerify(PROVIDERS[kind], url=service.url, site_key=SITE_KEY, secret=secret)
        await nursery.start(made.run)
        yield made, service
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kind", ["turnstile", "hcaptcha"])
async def test_right_answer_is_taken_once(kind: str) -> None:
    async with opened(kind) as (made, service):
        script = PROVIDERS[kind].script
        assert made.offered() == {"kind": kind, "site_key": SITE_KEY, "script": script}
        answer = "right & good=1"
        await made.verify(answer)
        with pytest.raises(ValueError, match="the answer is wrong, or was used before"):
            await made.verify(answer)
        sent = {"secret": SECRET, "response": answer}
        assert service.forms == [sent | ({"sitekey": SITE_KEY} if kind == "hcaptcha" else {})] * 2


async def test_longest_answer_is_sent_and_a_longer_one_is_refused() -> None:
    async with opened() as (made, service):
        await made.verify("right".ljust(LONGEST, "x"))
        with pytest.raises(ValueError, match="the answer is too long"):
            await made.verify("right".ljust(LONGEST + 1, "x"))
        assert len(service.forms) == 1


async def test_wrong_secret_makes_the_service_unavailable() -> None:
    async with opened(secret="other") as (made, _):
        with pytest.raises(Unavailable, match="the service answered invalid-input-secret"):
            await made.verify("right")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ((500, b'{"success":true}'), "the service answered 500"),
        ((200, b"<html>"), "the service's answer is not valid"),
        ((200, b"x" * (MAX_RESPONSE + 1)), "the service's answer is too long"),
        (
            (200, b'{"success":false,"error-codes":["internal-error","a","missing-input-secret"]}'),
            "the service answered internal-error, missing-input-secret",
        ),
    ],
)
async def test_service_that_fails_is_unavailable(reply: tuple[int, bytes], why: str) -> None:
    async with opened() as (made, service):
        service.reply = reply
        with pytest.raises(Unavailable, match=why):
            await made.verify("right")


async def test_largest_response_is_read() -> None:
    async with opened() as (made, service):
        verdict = b'{"success":true}'
        service.reply = (200, verdict.ljust(MAX_RESPONSE, b" "))
        await made.verify("right")


async def test_only_the_caller_limits_the_time(autojump_clock: MockClock) -> None:
    async with opened() as (made, service):
        service.silent = True
        with trio.move_on_after(60) as scope:
            await made.verify("right")
        assert scope.cancelled_caught


async def test_service_that_cannot_be_reached_is_unavailable() -> None:
    async with trio.open_nursery() as nursery:
        url = "http://127.0.0.1:1/siteverify"
        made = SiteVerify(PROVIDERS["turnstile"], url=url, site_key="", secret="")
        with pytest.raises(Unavailable, match="the server is stopping"):
            await made.verify("right")
        await nursery.start(made.run)
        with pytest.raises(Unavailable, match="connection refused"):
            await made.verify("right")
        nursery.cancel_scope.cancel()
    with pytest.raises(Unavailable, match="the server is stopping"):
        await made.verify("right")


async def test_number_of_verifications_at_once_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    async with opened() as (made, service), trio.open_nursery() as nursery:
        service.silent = True
        for _ in range(3):
            nursery.start_soon(made.verify, "right")
        with trio.fail_after(5):
            while len(service.forms) < 2 or not made._turns.statistics().tasks_waiting:
                await trio.lowlevel.checkpoint()
        assert made._turns.statistics().tasks_waiting == 1
        nursery.cancel_scope.cancel()


def test_each_provider_has_its_own_address() -> None:
    for kind, provider in PROVIDERS.items():
        assert provider.kind == kind
        made = SiteVerify(provider, url=None, site_key="", secret="")
        assert made._url == provider.url
