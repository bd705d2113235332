from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import trio

from hunt.core.definition import Quota
from hunt.core.events import Click, Outcome
from hunt.errors import BatchRejected, StoreLost
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.problems import assert_problem
from tests.support.serving import HARBOUR, SECRET, bearer, connected, open_breaker, serving, token

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


async def test_click_on_a_sold_out_prize_says_so_each_time(database: str) -> None:
    async with serving(database) as client:
        won = [(await client.click()).json() for _ in range(4)]
        lost = (await client.click(id=ID)).json()
        repeat = (await client.click(id=ID)).json()
        found = [(each["prize"], each.get("sold_out")) for each in [*won, lost]]
        assert found == [("coin", None)] * 3 + [(None, "coin")] * 2
        assert repeat == lost | {"duplicate": True}
        history = (await client.get("/v1/hunts/harbour/rewards")).json()["rewards"]
        assert [(each["prize"], each.get("sold_out")) for each in history] == found


async def test_click_without_attempts_is_403_and_not_recorded(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        limited = replace(HARBOUR, attempts=Quota(2, "hunt"))
        await Hunts(pool).apply(limited, seed=bytes(32), actor="test")
        answers = [await client.click() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 403]
        assert_problem(answers[-1], 403)
        assert answers[-1].json()["type"].endswith("#no-attempts-left")
        assert answers[-1].json()["detail"] == "no attempts are left in this hunt"
        history = (await client.get("/v1/hunts/harbour/rewards")).json()["rewards"]
        assert [each["seq"] for each in history] == [1, 2]


async def test_repeat_returns_first_outcome(database: str) -> None:
    async with serving(database) as client:
        first = await client.click(id=ID.upper())
        assert first.status_code == 200
        answer = first.json()
        assert answer.pop("at").endswith("Z")
        assert answer.pop("receipt")["upto"] == 1
        assert answer == {
            "id": ID, "seq": 1, "x": 1.0, "y": 2.0,
            "prize": "coin", "points": 5, "duplicate": False,
        }  # fmt: skip
        again = await client.click(id=ID)
        assert again.json() == first.json() | {"duplicate": True}
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        assert first.headers["X-Request-Id"]
        mine = await client.get("/livez", headers={"X-Request-Id": "abc-1"})
        assert mine.headers["X-Request-Id"] == "abc-1"
        other = await client.get("/livez", headers={"X-Request-Id": "a b"})
        assert other.headers["X-Request-Id"] != "a b"


async def test_400_names_the_wrong_field(database: str) -> None:
    async with serving(database) as client:
        problem = assert_problem(await client.click(x=101, y="a"), 400)
        assert set(problem["errors"]) == {"x", "y"}
        headers = {"Content-Type": "application/json"}
        path = "/v1/hunts/harbour/clicks"
        assert_problem(await client.post(path, content=b"{", headers=headers), 400)


def forged(**changes: Any) -> str:
    now = datetime.now(UTC)
    claims = {"sub": "ada", "aud": "hunt", "exp": now + timedelta(seconds=60)} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, SECRET, algorithm="HS256")


def unsigned() -> str:
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # ruff: ignore[lambda-assignment]
    return f"{part({'alg': 'none'})}.{part({'sub': 'ada', 'aud': 'hunt', 'exp': 2**40})}."


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="nobody"),
        pytest.param("Basic YTpi", id="another scheme"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer x.y.z", id="gibberish"),
        pytest.param(f"Bearer {token()[:-4]}", id="truncated"),
        pytest.param(f"Bearer {unsigned()}", id="alg none"),
        pytest.param(f"Bearer {jwt.encode({'sub': 'ada'}, b'x' * 32)}", id="another key"),
        pytest.param(f"Bearer {jwt.encode({'sub': 'ada'}, SECRET * 2, 'HS512')}", id="another alg"),
        pytest.param(f"Bearer {forged(exp=datetime(2020, 1, 1, tzinfo=UTC))}", id="expired"),
        pytest.param(f"Bearer {forged(aud='hunt-admin')}", id="another audience"),
        pytest.param(f"Bearer {forged(aud=None)}", id="no audience"),
        pytest.param(f"Bearer {forged(exp=None)}", id="no end"),
        pytest.param(f"Bearer {forged(sub=None)}", id="no player"),
        pytest.param(f"Bearer {forged(sub='a b')}", id="a bad player"),
        pytest.param(f"Bearer {forged(hunts='harbour')}", id="bad hunts"),
    ],
)
async def test_401_does_not_describe_the_token(database: str, header: str | None) -> None:
    async with serving(database) as client:
        client.headers.pop("Authorization")
        if header is not None:
            client.headers["Authorization"] = header
        response = await client.click()
        problem = assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert problem["detail"] in {
            "the token is not valid",
            "a bearer token is needed",
            "a bearer token, or the cookie of a session, is needed",
        }


async def test_token_of_another_hunt_is_refused_with_403(database: str) -> None:
    async with serving(database) as client:
        client.headers.update(bearer(hunts=["river"]))
        assert_problem(await client.click(), 403)
        client.headers.update(bearer(hunts=["harbour"]))
        assert (await client.click()).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://play.example"}, 200),
        ({"Origin": "SAME"}, 200),
    ],
)
async def test_cookie_needs_an_allowed_origin(
    database: str, headers: dict[str, str], status: int
) -> None:
    async with serving(database, allowed_origins=("https://play.example",)) as client:
        client.headers.pop("Authorization")
        session = await client.post("/v1/session")
        assert session.status_code == 201
        cookie = session.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert (await client.post("/v1/session")).json() == session.json()
        same = str(client.base_url).rstrip("/")
        client.headers.update({n: v.replace("SAME", same) for n, v in headers.items()})
        assert (await client.click()).status_code == status
        client.headers.update(bearer("bob"))  # the header beats the cookie, and needs no Origin
        assert (await client.click()).status_code == 200


async def test_unknown_route_and_method_are_404_and_405(database: str) -> None:
    async with serving(database) as client:
        assert_problem(await client.post("/v1/hunts/nowhere/clicks", json={}), 404)
        assert_problem(await client.get("/nowhere"), 404)
        response = await client.get("/v1/hunts/harbour/clicks")
        assert_problem(response, 405)
        assert "POST" in response.headers["Allow"]


async def test_closed_hunt_is_409_with_its_times(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        assert (await client.click(id=ID)).status_code == 200
        await Hunts(pool).close("harbour")
        assert_problem(await client.click(), 409)
        assert (await client.click(id=ID)).json()["duplicate"]


async def test_large_and_unsupported_bodies_are_413_and_415(database: str) -> None:
    async with serving(database) as client:
        assert_problem(await client.click(more="x" * 5000), 413)
        response = await client.post(
            "/v1/hunts/harbour/clicks", content=b"{}", headers={"Content-Type": "text/plain"}
        )
        assert_problem(response, 415)


async def test_422_does_not_show_the_other_click(database: str) -> None:
    async with serving(database) as client:
        await client.click(id=ID)
        assert_problem(await client.click(id=ID, x=3), 422)
        client.headers.update(bearer("bob"))
        response = await client.click(id=ID)
        assert_problem(response, 422)
        assert "coin" not in response.text


async def test_click_that_the_store_rejects_is_422(database: str) -> None:
    async with serving(database) as client:

        async def append(
            hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
        ) -> list[Outcome]:
            raise BatchRejected("secret detail of SQL")

        client.engine.commits.guard._append = append
        response = await client.click()
        assert_problem(response, 422)
        assert "SQL" not in response.text


async def test_fast_clicks_are_429_with_retry_after(database: str) -> None:
    async with serving(database, click_rate=0.4, click_burst=1) as client:
        assert (await client.click()).status_code == 200
        response = await client.click()
        assert_problem(response, 429)
        assert response.headers["Retry-After"] == "3"


async def test_503_while_the_breaker_is_open(database: str) -> None:
    async with serving(database) as client:
        assert (await client.get("/readyz")).status_code == 200
        await open_breaker(client)
        response = await client.click()
        assert_problem(response, 503)
        assert int(response.headers["Retry-After"]) > 1
        ready = await client.get("/readyz")
        assert "read-only" in assert_problem(ready, 503)["detail"]
        assert (await client.get("/livez")).status_code == 200
        metrics = (await client.get("/metrics")).text
        assert 'hunt_breaker_state{state="open"} 1.0' in metrics
        assert 'outcome="breaker_open"} 1.0' in metrics


async def test_503_while_draining(database: str) -> None:
    async with serving(database) as client:
        await client.engine.operations.drain.run()
        assert_problem(await client.click(), 503)
        assert "draining" in assert_problem(await client.get("/readyz"), 503)["detail"]


async def test_503_with_a_full_queue(database: str) -> None:
    async with serving(database, queue_size=1, batch_size=1) as client:
        committing, release = trio.Event(), trio.Event()

        async def append(
            hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
        ) -> list[Outcome]:
            committing.set()
            await release.wait()
            raise StoreLost

        client.engine.commits.guard._append = append
        answers: list[int] = []

        async def click() -> None:
            answers.append((await client.click()).status_code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(click)
            await committing.wait()  # one is on its way, and the queue is empty
            nursery.start_soon(click)
            while client.engine.commits.lanes.queued() < 1:
                await trio.lowlevel.checkpoint()
            assert_problem(await client.click(), 503)
            release.set()
        assert set(answers) <= {503, 504}


async def test_unknown_outcome_is_504(database: str) -> None:
    async with serving(database) as client:

        async def append(
            hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
        ) -> list[Outcome]:
            raise StoreLost("dsn with a secret")

        client.engine.commits.guard._append = append
        response = await client.click()
        assert "same id" in assert_problem(response, 504)["detail"]
        assert "secret" not in response.text


async def test_500_has_no_details(database: str) -> None:
    async with serving(database) as client:

        async def history(*_: object) -> None:
            raise KeyError("innermost")

        client.engine.store.log.history = history  # type: ignore[assignment, method-assign]
        response = await client.get("/v1/hunts/harbour/rewards")
        assert_problem(response, 500)
        assert "innermost" not in response.text


async def test_connection_close_is_obeyed(database: str) -> None:
    async with serving(database) as client:
        async with connected(client) as stream:
            await stream.send_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            received = b""
            with trio.fail_after(10):  # Q1 of docs/reference/traps.md
                while chunk := await stream.receive_some(65536):
                    received += chunk
        assert received.startswith(b"HTTP/1.1 200")
