"""Pages, hunts, the leaderboard and the operations routes, over each way in."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
import trio

from hunt.core.leaderboard import LeaderboardEntry, LeaderboardSnapshot
from hunt.core.proxies import Peer
from hunt.errors import StoreTimeout
from hunt.play.board_view import BoardView
from hunt.play.request import build
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.problems import assert_problem
from tests.support.raw_http import LIVEZ
from tests.support.serving import Client, bearer, connected, serving

KEPT = ("/", "/docs", "/openapi.json", "/static/hunt.js", "/v1/hunts", "/v1/hunts/harbour")
PAGE = "https://app.example"


def board(client: Client, *players: str) -> None:
    """Put a board into the cache, as old as it may be."""
    entries = tuple(LeaderboardEntry(each, 9, 1) for each in players)
    kept = trio.current_time(), LeaderboardSnapshot(7, entries)
    client.engine.leaderboard._boards.put("harbour", kept)


@pytest.mark.parametrize("path", KEPT)
async def test_conditional_request_compares_weakly(database: str, path: str) -> None:
    async with serving(database) as client:
        first = await client.get(path)
        tag = first.headers["ETag"]
        for known in (tag, f"W/{tag}", f'"other", W/{tag} ,"x"', "*"):
            answer = await client.get(path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["ETag"] == tag
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.headers.get("Vary") == first.headers.get("Vary")
            assert "Content-Length" not in answer.headers
            assert "Content-Type" not in answer.headers
        for other in ('"other"', tag.strip('"'), 'W/"x"'):
            answer = await client.get(path, headers={"If-None-Match": other})
            assert (answer.status_code, answer.content) == (200, first.content)


@pytest.mark.parametrize("path", [*KEPT, "/v1/hunts/harbour/leaderboard", "/livez", "/readyz"])
async def test_head_is_get_without_the_body(database: str, path: str) -> None:
    async with serving(database) as client:
        board(client, "bob")
        get, head = await client.get(path), await client.head(path)
        assert head.status_code == get.status_code == 200
        assert head.content == b""
        own = {"date", "x-request-id"}
        assert {k: v for k, v in head.headers.items() if k not in own} == {
            k: v for k, v in get.headers.items() if k not in own
        }
        assert get.headers["X-Content-Type-Options"] == "nosniff"
        assert get.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("gzip;q=0, *", False),
     ("identity", False), ("gzip; q=0", False), ("br", False), ("gzip;q=x", False)],
)  # fmt: skip
async def test_text_is_compressed_for_clients_that_accept_it(
    database: str, accepted: str, compressed: bool
) -> None:
    async with serving(database) as client:
        plain = await client.get("/", headers={"Accept-Encoding": "identity"})
        async with client.stream("GET", "/", headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert ("Content-Encoding" in answer.headers) == compressed
        assert (gzip.decompress(raw) if compressed else raw) == plain.content
        assert answer.headers["Vary"] == plain.headers["Vary"]
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert (answer.headers["ETag"] == plain.headers["ETag"]) != compressed
        picture = await client.get("/static/icon-192.png", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in picture.headers
        assert "Vary" not in picture.headers


async def test_change_of_a_hunt_is_shown(database: str) -> None:
    async with serving(database) as client, open_pool(database, size=1) as pool:
        before = [await client.get(path) for path in ("/v1/hunts", "/v1/hunts/harbour")]
        await Hunts(pool).pause("harbour")
        await client.engine.catalogue._refresh(client.engine.streams)
        for path, old in zip(("/v1/hunts", "/v1/hunts/harbour"), before, strict=True):
            answer = await client.get(path, headers={"If-None-Match": old.headers["ETag"]})
            assert answer.status_code == 200
            assert b'"paused"' in answer.content
        await client.engine.catalogue._refresh(client.engine.streams)
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert (await client.get("/v1/hunts/harbour", headers=tag)).status_code == 304
        board(client)
        await Hunts(pool).delete("harbour")
        await client.engine.catalogue._refresh(client.engine.streams)
        for path in ("/v1/hunts/harbour", "/v1/hunts/harbour/leaderboard"):
            assert_problem(await client.get(path), 404)
        assert (await client.get("/v1/hunts")).json() == {"hunts": []}


async def test_leaderboard_of_its_player_is_for_nobody_else(database: str) -> None:
    path = "/v1/hunts/harbour/leaderboard"
    async with serving(database) as client:
        board(client, "ada", "bob")
        own = await client.get(path)
        assert [each["you"] for each in own.json()["leaders"]] == [True, False]
        assert own.headers["Cache-Control"] == "private, no-cache"
        tag = {"If-None-Match": own.headers["ETag"]}
        assert (await client.get(path, headers=tag)).status_code == 304
        for headers in (bearer("eve"), {"Authorization": ""}, {"Authorization": "Bearer x"}):
            shared = await client.get(path, headers=headers | tag)
            assert shared.status_code == 200
            assert [each["you"] for each in shared.json()["leaders"]] == [False, False]
            assert shared.headers["Cache-Control"] == "no-cache"
        other = await client.get(path, headers=bearer("bob"))
        assert [each["you"] for each in other.json()["leaders"]] == [False, True]
        beyond = await client.get(f"{path}?limit=1", headers=bearer("bob"))
        assert [each["you"] for each in beyond.json()["leaders"]] == [False]
        board(client, "bob")
        assert [each["you"] for each in (await client.get(path)).json()["leaders"]] == [False]
        for query in ("limit=0", "limit=101", "limit=x", "limit="):
            assert_problem(await client.get(f"{path}?{query}"), 400)


async def test_allowed_origins_read_and_caches_know_it(database: str) -> None:
    async with serving(database, allowed_origins=(PAGE,)) as client:
        for path in ("/v1/hunts", "/v1/hunts/nowhere", "/livez"):
            answer = await client.get(path, headers={"Origin": PAGE})
            assert answer.headers["Access-Control-Allow-Origin"] == PAGE
            assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
            for origin in ({}, {"Origin": "https://evil.example"}):
                answer = await client.get(path, headers=origin)
                assert "Origin" in answer.headers["Vary"]
                assert "Access-Control-Allow-Origin" not in answer.headers


async def test_metrics_are_made_once_a_second(database: str) -> None:
    async with serving(database) as client:
        first = (await client.get("/metrics")).text
        await client.click()
        assert (await client.get("/metrics")).text == first
        own = (await client.get("/metrics?process=own")).text
        assert 'hunt_clicks_total{hunt="harbour",outcome="won"} 1.0' in own
        with trio.fail_after(10):
            while 'outcome="won"} 1.0' not in (await client.get("/metrics")).text:
                await trio.lowlevel.checkpoint()


async def test_operations_address_alone_serves_metrics(database: str) -> None:
    async with serving(database, operations_bind="127.0.0.1:1") as client:
        for path in ("/metrics", "/ops"):
            assert_problem(await client.get(path), 404)
        assert (await client.get("/livez")).json() == {"alive": True}


async def test_history_fails_with_the_database(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(database) as client:
        log = client.engine.store.log

        async def broken(*args: object) -> None:
            raise StoreTimeout("no answer")

        async def defect(*args: object) -> None:
            raise ZeroDivisionError

        path = "/v1/hunts/harbour/rewards"
        monkeypatch.setattr(type(log), "history", broken)
        refused = await client.get(path)
        assert_problem(refused, 503)
        assert refused.headers["Retry-After"] == "1"
        monkeypatch.setattr(type(log), "history", defect)
        assert "defect" in assert_problem(await client.get(path), 500)["detail"]
        assert_problem(await client.get(path, headers={"Authorization": ""}), 401)
        assert_problem(await client.get("/v1/hunts/nowhere/rewards"), 404)


async def test_session_makes_a_guest(database: str) -> None:
    async with serving(database, trusted_proxies=("127.0.0.0/8",)) as client:
        del client.headers["Authorization"]
        made = await client.post("/v1/session", headers={"X-Forwarded-Proto": "https"})
        assert made.status_code == 201
        cookie = made.headers["Set-Cookie"]
        for part in ("; HttpOnly", "; Path=/", "; SameSite=Lax", "; Max-Age=2592000", "; Expires="):
            assert part in cookie
        expires = cookie.partition("Expires=")[2].partition(";")[0]
        until = datetime.strptime(expires, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        assert timedelta(days=29) < until - datetime.now(UTC) <= timedelta(days=30)
        token = cookie.partition("=")[2].partition(";")[0]
        known = await client.post("/v1/session", headers={"Cookie": f"hunt_player={token}"})
        assert (known.status_code, known.json()) == (200, made.json())
        assert "Set-Cookie" not in known.headers
        assert known.headers["Cache-Control"] == "no-store"


async def test_many_pipelined_reads_are_answered_in_order(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        one = b"GET /v1/hunts/%b HTTP/1.1\r\nHost: hunt\r\n\r\n"
        await stream.send_all(b"".join(one % name for name in [b"harbour", b"x"] * 40))
        received = b""
        with trio.fail_after(20):
            while received.count(b"HTTP/1.1 ") < 80 or not received.endswith(b"}"):
                received += await stream.receive_some(65536)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"404"] * 40


async def test_draining_server_closes_after_a_read(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        assert client.worker is not None
        client.worker.announce_close()
        await stream.send_all(LIVEZ)
        received = b""
        with trio.fail_after(10):
            while more := await stream.receive_some(65536):
                received += more
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert json.loads(body) == {"alive": True}


async def test_views_keep_no_personal_board(database: str) -> None:
    async with serving(database) as client:
        view = BoardView(
            client.engine.play.hunt, client.engine.leaderboard, client.engine.play.authenticator
        )
        board(client, "ada")
        request = build("harbour", list(bearer().items()), "", scheme="http")
        view.peek(request, Peer("127.0.0.1", trusted=False, key="127.0.0.1"))
        assert len(view._kept) == 0
