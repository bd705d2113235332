"""WebSockets of real processes, with another client library, until the server ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import trio

from hunt.core import tokens
from tests.support.processes import HUNT, environment, hunt_serve, hypercorn
from tests.support.raw_websocket import CLOSE, PING, TEXT, Talk, frame, handshake

SECRET = "life-secret-life-secret-life-secret-"
CLIENT = Path(__file__).with_name("websockets_client.py")
DEMO = Path(__file__).parents[2] / "hunt" / "harbour.toml"


def hunt(environ: dict[str, str], *arguments: str) -> None:
    subprocess.run([*HUNT, *arguments], env=environment(environ), check=True)


async def test_another_client_library_plays_over_the_socket_of_plain_hypercorn(
    database: str,
) -> None:
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET}
    hunt(environ, "apply", str(DEMO))
    hunt(environ, "open", "harbour")
    token = tokens.sign([SECRET.encode()], "ada", ttl=60, now=datetime.now(UTC))
    async with hypercorn(environ, workers=1) as server:
        url = server.url.replace("http", "ws", 1)
        with subprocess.Popen(
            [sys.executable, CLIENT, url, token], stdout=subprocess.PIPE
        ) as client:
            assert client.stdout is not None
            seen = json.loads(await trio.to_thread.run_sync(client.stdout.readline))
            assert seen == {
                "hello": "hello",
                "extensions": 0,
                "settled": True,
                "ascending": True,
                "pong": ["pong", 3],
                "long": 1009,
                "resumed": True,
                "missed": [9, 10],
                "nonsense": 1007,
                "token": 4401,
            }
            server.send(signal.SIGTERM)
            last = json.loads(await trio.to_thread.run_sync(client.stdout.readline))
            assert last == {"last": "drain", "code": 1012}
            with trio.fail_after(30):
                assert await server.wait() == 0


async def test_stop_does_not_wait_for_a_socket_whose_client_hangs(
    tmp_path: Path,
) -> None:
    async with (
        hunt_serve(tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as client,
    ):
        await client.post("/v1/session", headers={"Origin": server.url})
        cookie = f"hunt_player={client.cookies['hunt_player']}"
        changes = {"Origin": server.url, "Authorization": None, "Cookie": cookie}
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made = trio.socket.from_stdlib_socket(plain)
        await made.connect((client.base_url.host, client.base_url.port))
        quick = await trio.open_tcp_stream(client.base_url.host, client.base_url.port or 0)
        async with trio.SocketStream(made) as stalled, quick:
            for stream in (stalled, quick):
                await stream.send_all(handshake(client, **changes))
            talk = Talk(quick)
            assert (await talk.reader.answer())[0] == 101
            assert (await talk.next())[0] == "hello"
            # Until unread answers make the server stop reading.
            with trio.move_on_after(1) as pushing:
                while True:
                    await stalled.send_all(frame(PING, b"x" * 125) * 1000)
                    pushing.deadline = trio.current_time() + 1
            server.send(signal.SIGTERM)
            begun = trio.current_time()
            assert (await talk.next())[0] == "drain"
            opcode, payload = await talk.frame()
            assert (opcode, payload[:2]) == (CLOSE, (1012).to_bytes(2))
            await quick.send_all(frame(CLOSE, payload[:2]) + frame(TEXT, b"{}"))
            with trio.fail_after(8):  # less than the deadline of one write
                assert await server.wait() == 0
            assert trio.current_time() - begun < 8
