"""Clicks on a map in degrees, with limits of accuracy and speed."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.support.city import city
from tests.support.problems import assert_problem
from tests.support.raw_websocket import next_of, opened
from tests.support.serving import Client

CLICKS = "/v1/hunts/city/clicks"


def body(x: float = -58.4, y: float = -34.6, **fields: object) -> dict[str, object]:
    return {"id": str(uuid.uuid4()), "x": x, "y": y, "accuracy": 12.5} | fields


async def click(client: Client, *args: float, **fields: object) -> httpx.Response:
    return await client.post(CLICKS, json=body(*args, **fields))


async def test_click_in_degrees_is_settled_where_it_was_made(database: str) -> None:
    async with city(database) as client:
        answer = (await click(client)).json()
        assert (answer["x"], answer["y"], answer["prize"]) == (-58.4, -34.6, "cache")
        assert "accuracy" not in answer
        shown = (await client.get("/v1/hunts/city")).json()
        assert shown["map"] == {
            "west": -58.5, "south": -34.7, "east": -58.3, "north": -34.5, "unit": "degrees",
        }  # fmt: skip
        limits = {"max_accuracy": 50.0, "max_speed": 30.0, "position": "device"}
        assert limits.items() <= shown.items()
        history = (await client.get("/v1/hunts/city/rewards")).json()["rewards"]
        assert [(each["x"], each["y"]) for each in history] == [(-58.4, -34.6)]


@pytest.mark.parametrize(
    ("fields", "status", "wrong"),
    [
        pytest.param({"x": 1}, 400, {"x"}, id="east of the map"),
        pytest.param({"y": -34.4999}, 400, {"y"}, id="north of the map"),
        pytest.param({"x": -0.0, "y": -90.0}, 400, {"x", "y"}, id="minus zero"),
        pytest.param({"accuracy": -1}, 400, {"accuracy"}, id="negative accuracy"),
        pytest.param({"accuracy": None}, 400, {"accuracy"}, id="null"),
        pytest.param({"accuracy": 50.001}, 403, None, id="inaccurate"),
    ],
)
async def test_click_that_the_map_or_its_limits_refuse_is_not_recorded(
    database: str, fields: dict[str, Any], status: int, wrong: set[str] | None
) -> None:
    async with city(database) as client:
        problem = assert_problem(await click(client, **fields), status)
        assert set(problem.get("errors", ())) == (wrong or set())
        assert wrong or problem["type"].endswith("#position-inaccurate")
        raw = json.dumps(body() | fields).encode()
        for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
            odd = raw.replace(b'"accuracy": ', b'"accuracy": ' + number + b', "_": ', 1)
            answer = await client.post(
                CLICKS, content=odd, headers={"Content-Type": "application/json"}
            )
            assert_problem(answer, 400)
        missing = await client.post(CLICKS, json={"id": str(uuid.uuid4()), "x": -58.4, "y": -34.6})
        assert set(assert_problem(missing, 400)["errors"]) == {"accuracy"}
        assert (await client.get("/v1/hunts/city/rewards")).json()["rewards"] == []
        if not wrong:
            assert 'outcome="inaccurate"} 1.0' in (await client.get("/metrics")).text


async def test_click_too_far_from_the_last_is_403_with_retry_after(database: str) -> None:
    async with city(database) as client:
        assert (await click(client)).status_code == 200
        refused = await click(client, -58.4, -34.5)
        problem = assert_problem(refused, 403)
        assert problem["type"].endswith("#too-far")
        assert 360 < int(refused.headers["Retry-After"]) <= 371, "11.1 km at 30 m/s"
        assert (await click(client)).status_code == 200, "the player has not moved"
        history = (await client.get("/v1/hunts/city/rewards")).json()["rewards"]
        assert [each["seq"] for each in history] == [1, 2]
        assert 'outcome="too_far"} 1.0' in (await client.get("/metrics")).text


async def test_websocket_refuses_as_http_does(database: str) -> None:
    async with city(database) as client, opened(client, hunt="city") as socket:
        assert (await next_of(socket))[0] == "hello"
        kinds = []
        for fields in ({}, {"accuracy": 51}, {"y": -34.5}):
            await socket.send_message(json.dumps({"click": body() | fields}))
            while (told := await next_of(socket))[0] not in {"settled", "refused"}:
                pass
            kinds.append((told[0], told[1].get("status"), told[1].get("retry_after") is not None))
        assert kinds == [("settled", None, False), ("refused", 403, False), ("refused", 403, True)]
