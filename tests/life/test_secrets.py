"""A server shows no secret in its logs, metrics, pages or problems."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import jwt
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import rsa
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hunt.errors import KeysError
from hunt.service import jwks
from hunt.store.driver.connection import Connection
from tests.support.connection_strings import SECRET
from tests.support.processes import HUNT, free_port, running
from tests.support.serving import bearer

CLICK = {"id": "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90", "x": 1, "y": 2}


def hidden(text: str) -> None:
    assert not any(part in text for part in ("hush1", "hush2")), text


@asynccontextmanager
async def issuer() -> AsyncIterator[str]:
    """Serve a key set once, then fail; yield its URL, with a user and a password."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True) | {"kid": "one", "alg": "RS256"}
    body = json.dumps({"keys": [public]}).encode()
    answers = [b"200 OK"]

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(4096)
            status = answers.pop() if answers else b"500 No"
            head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            await stream.send_all(head % (status, len(body)) + body)

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        port = listener.socket.getsockname()[1]
        yield f"http://{SECRET}:{SECRET}@127.0.0.1:{port}/keys?key={SECRET}"
        nursery.cancel_scope.cancel()


async def test_server_shows_no_secret(database: str, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with_password = make_conninfo(database, password=SECRET, sslpassword=SECRET)
    async with issuer() as keys:
        environ = {
            "HUNT_DATABASE_URL": with_password,
            "HUNT_LISTEN_DSN": with_password,
            "HUNT_JWT_SECRET": SECRET * 4,
            "HUNT_JWT_ALGORITHMS": "HS256,RS256",
            "HUNT_JWKS_URL": keys,
            "HUNT_LOG_LEVEL": "debug",
            "HUNT_LOG_FORMAT": "json",
            "HUNT_GUESTS": "on",
        }
        arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "1"]
        with (tmp_path / "log").open("w+b") as log:
            async with running(arguments, url, environ, log=log):
                async with httpx.AsyncClient(base_url=url, timeout=10) as client:
                    await look_around(client)
                    await break_the_log(database)
                    await look_around(client)
            log.seek(0)
            logged = log.read().decode()
    assert '"event"' in logged
    hidden(logged)


async def look_around(client: httpx.AsyncClient) -> None:
    """Send valid and refused requests; no answer may show a secret."""
    origin = {"Origin": str(client.base_url).rstrip("/")}
    await client.post("/v1/session", headers=origin)
    for path in (
        "/", "/docs", "/openapi.json", "/ops", "/livez", "/readyz", "/metrics", "/v1/hunts",
        "/v1/hunts/harbour", "/v1/hunts/nowhere", "/v1/hunts/harbour/rewards", "/nowhere",
        "/v1/admin/hunts", "/v1/hunts/harbour/leaderboard", "/docs/problems",
    ):  # fmt: skip
        answer = await client.get(path)
        hidden(answer.text + str(answer.headers))
    path = "/v1/hunts/harbour/clicks"
    for headers in (origin, {}, bearer(), {"Authorization": "Bearer x"}):
        answer = await client.post(path, json=CLICK, headers=headers)
        hidden(answer.text + str(answer.headers))
    for body in (b"", b"\xff", b"[]", b"{}"):
        answer = await client.post(path, content=body, headers=origin)
        hidden(answer.text)


async def break_the_log(database: str) -> None:
    """Make every later read and commit fail in the database."""
    conn = await Connection.connect(database, autocommit=True)
    try:
        await conn.execute(sql.SQL("alter table rewards rename to elsewhere"))
    finally:
        conn.close_now()


@pytest.mark.parametrize("path", ["/keys", "/keys?key=SECRET"])
async def test_failed_fetch_of_key_set_is_logged_without_its_address(path: str) -> None:
    path = path.replace("SECRET", SECRET)
    async with issuer() as served, httpx.AsyncClient(timeout=30) as client:
        address = served.partition("@")[2].partition("/")[0]
        assert await jwks.fetch(client, served)
        for url in (
            served,
            f"http://u:{SECRET}@127.0.0.1:1{path}",
            f"https://u:{SECRET}@{address}{path}",
            f"http://u:{SECRET}@nowhere.invalid{path}",
        ):
            with pytest.raises(KeysError) as error:
                await jwks.fetch(client, url)
            hidden(f"{error.value} {error.value!r}")
