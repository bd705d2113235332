"""Rate limits by player and by address."""

from __future__ import annotations

import json

import httpx
import pytest

from hunt.play import reconnect
from tests.support.problems import assert_problem
from tests.support.serving import bearer, serving, stream

EVENTS = "/v1/hunts/harbour/events"


def via(client: str) -> dict[str, str]:
    return {"X-Forwarded-For": f"203.0.113.1, {client}"}


def assert_too_fast(response: httpx.Response) -> None:
    assert_problem(response, 429)
    assert int(response.headers["Retry-After"]) >= 1


async def test_clicks_of_one_address_are_limited(database: str) -> None:
    async with serving(database, click_rate=0.1, click_burst=2, address_players=2) as client:
        for player in ("ada", "ada", "bob", "bob"):
            client.headers.update(bearer(player))
            assert (await client.click()).status_code == 200
        client.headers.update(bearer("eve"))
        assert_too_fast(await client.click())
        client.headers["X-Forwarded-For"] = "192.0.2.1"
        assert_too_fast(await client.click())  # no proxy is trusted
        metrics = (await client.get("/metrics")).text
        assert 'hunt_limited_total{by="address",limit="click"} 2.0' in metrics
        assert 'outcome="too_fast"} 2.0' in metrics


async def test_addresses_behind_a_trusted_proxy_are_limited_each(database: str) -> None:
    limits = {"click_rate": 0.1, "click_burst": 1, "address_players": 1}
    async with serving(database, trusted_proxies=("127.0.0.1",), **limits) as client:
        for number, (address, status) in enumerate(
            [
                ("192.0.2.1", 200),
                ("192.0.2.2", 200),
                ("192.0.2.1, 127.0.0.1", 429),
                ("2001:db8::1", 200),
                ("[2001:db8::2]:80", 429),
                ("2001:db8:0:1::1", 200),
            ]
        ):
            client.headers.update(bearer(f"player-{number}"))
            client.headers.update(via(address))
            assert (await client.click()).status_code == status, address


async def test_click_rate_of_zero_lifts_the_limit_of_addresses(database: str) -> None:
    async with serving(database, click_rate=0.0, click_burst=1, address_players=1) as client:
        for _ in range(5):
            assert (await client.click()).status_code == 200
        assert client.engine.limits.address_clicks is None


async def test_guests_of_one_address_are_limited(database: str) -> None:
    limits = {"session_rate": 0.1, "session_burst": 2}
    async with serving(database, trusted_proxies=("127.0.0.1",), **limits) as client:
        client.headers.pop("Authorization")
        client.headers.update(via("192.0.2.1"))
        for status in (201, 201, 429):
            client.cookies.clear()
            response = await client.post("/v1/session")
            assert response.status_code == status
        assert_too_fast(response)
        client.headers.update(via("192.0.2.2"))
        assert (await client.post("/v1/session")).status_code == 201
        client.headers.update(via("192.0.2.1"))
        assert (await client.post("/v1/session")).status_code == 200, "who is known needs no new"


async def test_tickets_of_a_player_are_limited(database: str) -> None:
    async with serving(database, ticket_rate=0.1, ticket_burst=1) as client:
        assert (await client.post("/v1/tickets")).status_code == 200
        assert_too_fast(await client.post("/v1/tickets"))
        client.headers.update(bearer("bob"))
        assert (await client.post("/v1/tickets")).status_code == 200


@pytest.mark.parametrize("by", ["player", "address"])
async def test_stream_over_the_limit_gets_a_retry_time(database: str, by: str) -> None:
    limits = {"connect_rate": 0.1, "connect_burst": 1, "address_players": 1}
    async with serving(database, **limits) as client:
        async with stream(client) as events:
            assert (await events.next()).retry == 2000
        if by == "address":
            client.headers.update(bearer("bob"))
        async with stream(client) as events:
            assert events.response.status_code == 200, "or a browser would give up for good"
            assert events.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            [again] = await events.rest()
            assert (again.retry or 0) > 9000 + reconnect.RECONNECT_MS[0]
        assert client.engine.streams.hub.counts().get("sse", 0) == 0 or by == "player"


async def test_resumes_have_their_own_limit(database: str) -> None:
    async with serving(database, resume_rate=0.1, resume_burst=1) as client:
        last = {"Last-Event-ID": f"{client.engine.catalogue.hunts['harbour'].epoch}-0"}
        async with stream(client, headers=last) as events:
            await events.next()
            assert json.loads((await events.next()).data)["resumed"]
        async with stream(client, headers=last) as events:
            assert [each.event for each in await events.rest()] == [""]
        async with stream(client) as events:  # a live stream reads nothing from the log
            await events.next()
            assert (await events.next()).event == "hello"


@pytest.mark.parametrize(
    ("trusted", "headers", "secure"),
    [
        ((), {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}, False),
        (("127.0.0.1",), {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}, True),
        (("127.0.0.1",), {"Forwarded": "for=192.0.2.1;proto=https"}, True),
        (("127.0.0.1",), {"Forwarded": "for=192.0.2.1;proto=http"}, False),
        (("127.0.0.1",), {}, False),
    ],
)
async def test_cookie_is_secure_over_tls(
    database: str, trusted: tuple[str, ...], headers: dict[str, str], secure: bool
) -> None:
    async with serving(database, trusted_proxies=trusted) as client:
        client.headers.pop("Authorization")
        response = await client.post("/v1/session", headers=headers)
        secure = secure or (client.tls is not None and "proto=http" not in str(headers))
        assert ("Secure" in response.headers["Set-Cookie"]) is secure
