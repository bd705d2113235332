"""A ban reaches every process of every node within a second."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import httpx
import trio

from tests.support.processes import HUNT, free_port, running, servers, until
from tests.support.serving import SECRET, bearer


async def test_ban_is_obeyed_by_two_workers_within_a_second(tmp_path: Path) -> None:
    port, data = free_port(), str(tmp_path / "data")
    arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--data-dir", data]
    url = f"http://127.0.0.1:{port}"
    environ = {"HUNT_JWT_SECRET": SECRET.decode()}
    async with running([*arguments, "--processes", "2"], url, environ) as server:
        await until(lambda: len(servers(server.process.pid)) == 2)
        done = await trio.run_process([*HUNT, "ban", "ada", "--data-dir", data])
        assert done.returncode == 0
        began = time.monotonic()
        sockets = [each for each in (tmp_path / "data" / "run").iterdir() if "-" in each.name]
        assert len(sockets) == 2
        async with trio.open_nursery() as nursery:
            for each in sockets:
                nursery.start_soon(refused_at, each)
        assert time.monotonic() - began < 1.0


async def refused_at(path: Path) -> None:
    """Return once a worker refuses the player's click."""
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://hunt", headers=bearer()
    ) as client:
        while True:
            body = {"id": str(uuid.uuid4()), "x": 1, "y": 1}
            answer = await client.post("/v1/hunts/harbour/clicks", json=body)
            if answer.status_code == 403:
                return
