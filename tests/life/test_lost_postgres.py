"""The embedded PostgreSQL is killed while `hunt serve` runs."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import trio

from tests.support.embedded_postgres import gone, postmaster
from tests.support.processes import hunt_serve, player, servers


async def test_killed_postgres_is_started_again_and_the_server_goes_on(tmp_path: Path) -> None:
    async with hunt_serve(tmp_path) as server, player(server.url) as ada:
        before = servers(server.process.pid)
        assert (await ada.click(server.url)).status_code == 200
        lost = postmaster(tmp_path)
        os.kill(lost, signal.SIGKILL)
        statuses = []
        click_id = str(uuid.uuid4())
        with trio.fail_after(60):
            while True:
                answer = await ada.click(server.url, click_id)
                statuses.append(answer.status_code)
                if answer.status_code == 200:
                    break
                assert answer.status_code in {503, 504}
                assert answer.status_code == 504 or "Retry-After" in answer.headers
                await trio.sleep(0.05)
        assert gone(lost)
        assert answer.json()["seq"] == 2
        assert set(before) <= set(servers(server.process.pid)), "no server process ended by it"
        assert server.process.poll() is None
        server.send(signal.SIGTERM)
        with trio.fail_after(60):
            assert await server.wait() == 0
        assert gone(postmaster_of(tmp_path) or lost)


def postmaster_of(data_dir: Path) -> int | None:
    try:
        return postmaster(data_dir)
    except FileNotFoundError:
        return None
