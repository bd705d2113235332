"""Restarts under load, seen by clients that never retry."""

from __future__ import annotations

import json
import signal
import uuid
from pathlib import Path

import pytest
import trio

from tests.faults.http import Channel, click_request
from tests.support.processes import HUNT, free_port, running, servers, until
from tests.support.serving import SECRET, token

#: Number of connections, and seconds from an answer to the next click on each.
CONNECTIONS, PAUSE = 20, 0.03

RESTARTS = 3


class Trusting(Channel):
    """Keeps its connection until an answer announces the close."""

    async def connect(self) -> trio.SocketStream:
        if self._stream is None:
            self._stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        return self._stream


@pytest.mark.usefixtures("unmeasured")
async def test_restarts_under_load_are_seen_by_no_client(tmp_path: Path) -> None:
    port = free_port()
    arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "2"]
    url = f"http://127.0.0.1:{port}"
    environ = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_BREAKER_SLOW": "5", "HUNT_QUEUE_AGE": "10"}
    seqs: list[int] = []
    async with running([*arguments, "--data-dir", str(tmp_path / "d")], url, environ) as server:

        def processes() -> set[int]:
            return set(servers(server.process.pid))

        async def play(player: str) -> None:
            channel, bearer = Trusting(port), token(player, ttl=600)
            try:
                while True:
                    body = json.dumps({"id": str(uuid.uuid4()), "x": 1, "y": 2}).encode()
                    answer = await channel.request(click_request(bearer, "harbour", body))
                    # On a slow machine a click may be refused for another reason.
                    assert b"stopping" not in answer.body, bytes(answer.body)
                    if answer.status == 200:
                        seqs.append(json.loads(answer.body)["seq"])
                    await trio.sleep(PAUSE)
            finally:
                channel.close()

        async with trio.open_nursery() as nursery:
            for number in range(CONNECTIONS):
                nursery.start_soon(play, f"player-{number}")
            for _ in range(RESTARTS):
                count, before = len(seqs), processes()
                await until(lambda count=count: len(seqs) > count + 100, seconds=30)
                server.send(signal.SIGHUP)
                await until(
                    lambda before=before: len(processes()) == 2 and not before & processes(),
                    seconds=60,
                )
            count = len(seqs)
            await until(lambda: len(seqs) > count + 100, seconds=30)
            nursery.cancel_scope.cancel()
    assert len(seqs) == len(set(seqs))
