"""The access log: one schema for all transports, sampled clicks, no names of players."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support.raw_websocket import next_of, opened
from tests.support.serving import bearer, pass_time, serving, stream, token
from tests.support.words import has_word

CLICKS, EVENTS = "/v1/hunts/<hunt_id>/clicks", "/v1/hunts/<hunt_id>/events"
SOCKET = "/v1/hunts/<hunt_id>/socket"


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with capture_logs() as captured:
        yield captured


def answered(lines: list[EventDict]) -> list[EventDict]:
    return [each for each in lines if each["event"] == "request answered"]


def over_socket(**fields: Any) -> str:
    return json.dumps({"click": {"id": str(uuid.uuid4()), "x": 1, "y": 2} | fields})


async def test_each_transport_logs_the_same_lines(database: str, lines: list[EventDict]) -> None:
    async with serving(database, access_log_clicks=1) as client:
        responses = [
            await client.click(),
            await client.click(x=101),
            await client.get("/v1/hunts"),
            await client.get("/v1/hunts/nowhere/events"),
            await client.get("/v1/hunts/harbour?ticket=secret"),
            await client.get("/nothing/at/all"),
            await client.post("/v1/tickets"),
        ]
        async with stream(client) as events:
            await events.next()
        async with opened(client) as socket:
            await next_of(socket)
            for message in (over_socket(), over_socket(x=101)):
                await socket.send_message(message)
                while (await next_of(socket))[0] not in {"settled", "refused"}:
                    pass
        found = answered(lines)
    shown = [(each["method"], each["route"], each["status"]) for each in found]
    assert shown == [
        ("POST", CLICKS, 200),
        ("POST", CLICKS, 400),
        ("GET", "/v1/hunts", 200),
        ("GET", EVENTS, 404),
        ("GET", "/v1/hunts/<hunt_id>", 200),
        ("GET", "-", 404),
        ("POST", "/v1/tickets", 200),
        ("GET", EVENTS, 200),
        ("GET", SOCKET, 101),
        ("CLICK", SOCKET, 200),
        ("CLICK", SOCKET, 400),
    ]
    assert [each.get("bytes") for each in found[:7]] == [len(each.content) for each in responses]
    ids = [each.headers["X-Request-Id"] for each in responses]
    assert [each["request_id"] for each in found[:7]] == ids
    assert ["bytes" in each for each in found[7:]] == [False, False, True, True]
    assert len({each["request_id"] for each in found[8:]}) == 1, "a socket has one id"
    for each in found:
        assert each.keys() - {"bytes"} == {
            "event", "log_level", "method", "request_id", "route", "seconds", "status",
        }  # fmt: skip
        assert each["log_level"] == "info"
        assert each["request_id"]
        assert 0 <= each["seconds"] < 30
    told = json.dumps(lines, default=str)
    assert not has_word(told, "ada")
    for secret in (token(), "Bearer", "ticket=", "harbour/"):
        assert secret not in told.replace("/v1/hunts/<hunt_id>/", "")


@pytest.mark.parametrize("access_log", [True, False])
async def test_requests_are_counted_by_route_and_status(database: str, access_log: bool) -> None:
    async with serving(database, access_log=access_log, access_log_clicks=100) as client:
        for _ in range(3):
            assert (await client.click()).status_code == 200
        await client.click(x=101)
        for path in (
            "/v1/hunts/harbour",
            "/v1/hunts/nowhere",
            "/a",
            "/b",
            "/static/c",
            "/static/d",
        ):
            await client.get(path)
        await client.request("BREW", "/v1/hunts")
        async with stream(client) as events:
            await events.next()
        async with opened(client) as socket:
            await next_of(socket)
            await socket.send_message(over_socket())
            await next_of(socket)
            page = (await client.get("/metrics")).text
    found = {
        (labels[1], labels[2]): float(labels[3])
        for labels in re.finditer(r'hunt_requests_total{route="(.*)",status="(.*)"} (.*)', page)
    }
    brewed = [each for each in found if each[1] in {"405", "501"}]
    assert len(brewed) == 1
    assert {each: found[each] for each in found if each not in brewed} == {
        (CLICKS, "200"): 3, (CLICKS, "400"): 1, ("/v1/hunts/<hunt_id>", "200"): 1,
        ("/v1/hunts/<hunt_id>", "404"): 1, ("-", "404"): 2, ("/static/<name>", "404"): 2,
        (EVENTS, "200"): 1, (SOCKET, "101"): 1, (SOCKET, "200"): 1,
    }  # fmt: skip


async def test_points_are_those_of_new_rewards(database: str) -> None:
    async with serving(database) as client:
        body = {"id": str(uuid.uuid4())}
        for each in (body, body, {}, {}, {}):  # a repeat, and one more than the stock of 3
            assert (await client.click(**each)).status_code == 200
        await client.engine.catalogue._refresh(client.engine.streams)
        lines = (await client.get("/metrics")).text.splitlines()
    assert 'hunt_points_total{hunt="harbour"} 15.0' in lines
    assert 'hunt_prize_stock{hunt="harbour",prize="coin"} 3.0' in lines
    assert 'hunt_prize_stock_left{hunt="harbour",prize="coin"} 0.0' in lines


async def test_sample_of_clicks_and_all_other_requests_are_logged(
    database: str, lines: list[EventDict]
) -> None:
    async with serving(database, access_log_clicks=3) as client:
        for _ in range(7):
            assert (await client.click()).status_code == 200
        for _ in range(2):
            await client.get("/v1/hunts")
    routes = [each["route"] for each in answered(lines)]
    assert routes == [CLICKS] * 3 + ["/v1/hunts"] * 2


@pytest.mark.parametrize("options", [{"access_log": False}, {"log_level": "warning"}])
async def test_access_log_can_be_off(
    database: str, lines: list[EventDict], options: dict[str, Any]
) -> None:
    async with serving(database, access_log_clicks=1, **options) as client:
        await client.click()
        await client.get("/v1/hunts")
        async with opened(client) as socket:
            await next_of(socket)
            await socket.send_message(over_socket())
            await next_of(socket)
    assert answered(lines) == []


def clicks_of(page: str) -> dict[str, float]:
    """Return how many clicks were counted, by hunt and outcome."""
    found = {}
    for line in page.splitlines():
        if line.startswith("hunt_clicks_total{"):
            labels, _, value = line.rpartition(" ")
            found[labels] = float(value)
    return found


async def test_clicks_without_a_valid_token_are_counted(database: str) -> None:
    async with serving(database) as client:
        for headers in (
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic x"},
            bearer(audience="hunt-admin"),
        ):
            client.headers.update(headers)
            assert (await client.click()).status_code == 401
        client.headers.update(bearer(hunts=["river"]))
        for _ in range(2):
            assert (await client.click()).status_code == 403
        session = await client.post("/v1/session", headers={"Authorization": ""})
        del client.headers["Authorization"]
        client.cookies.update(session.cookies)
        response = await client.post(
            "/v1/hunts/harbour/clicks",
            json={"id": str(uuid.uuid4()), "x": 1, "y": 1},
            headers={"Origin": "https://elsewhere.example"},
        )
        assert response.status_code == 403
        client.cookies.clear()
        for number in range(3):
            body = {"id": str(uuid.uuid4()), "x": 1, "y": 1}
            response = await client.post(f"/v1/hunts/h{number}/clicks", json=body)
            assert response.status_code == 401
        async with opened(client, **bearer(ttl=60)) as socket:
            await next_of(socket)
            client.engine.tokens._clock = lambda: 1e12
            await socket.send_message(over_socket())
            await next_of(socket)
        pass_time(client, 0)
        page = (await client.get("/metrics")).text
        assert clicks_of(page) == {
            'hunt_clicks_total{hunt="harbour",outcome="unauthenticated"}': 4.0,
            'hunt_clicks_total{hunt="harbour",outcome="forbidden"}': 3.0,
        }, "a hunt that does not exist is no label"
        assert "hunt_click_seconds_count 7.0" in page
