"""``hunt rehearse`` says no-go where something is wrong; `test_evening` rehearses the examples."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import trio

from tests.support.processes import HUNT, MARGIN, free_port, running
from tests.support.proxy import Proxy
from tests.support.serving import SECRET

#: Limits that hold on a busy machine.
PATIENT = ("--answer-p99", "5000", "--event-p99", "5000")
LOAD = ("--players", "30", "--rate", "30", "--for", "8")

CODES = """
[hunt]
id = "codes"
title = "Codes"
map = { width = 100, height = 100 }

[[prize]]
id = "voucher"
title = "Voucher"
odds = 0.3
codes = true
"""


class Stage:
    """A server on an embedded PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.data = str(folder / "data")
        self.environ = {"HUNT_JWT_SECRET": SECRET.decode()}

    async def hunt(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUNT_")}
        return await trio.run_process(
            [*HUNT, *arguments, "--data-dir", self.data],
            env={**inherited, **self.environ},
            check=False,
            capture_stdout=True,
            capture_stderr=True,
        )

    async def rehearse(
        self, file: Path, *options: str, port: int | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return the exit status and the report."""
        url = f"http://127.0.0.1:{port or self.port}"
        done = await self.hunt(
            "rehearse", str(file), *PATIENT, *LOAD, "--json", "--url", url, *options
        )
        assert done.stdout, done.stderr.decode()
        return done.returncode, json.loads(done.stdout)

    async def ids(self) -> list[str]:
        """Return the ids of all hunts."""
        done = await self.hunt("hunts", "--json")
        return [each["id"] for each in json.loads(done.stdout)]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Stage]:
    stage = Stage(folder)
    address = f"127.0.0.1:{stage.port}"
    arguments = [*HUNT, "serve", "--bind", address, "--data-dir", stage.data, "--processes", "2"]
    async with running(arguments, f"http://{address}", {**stage.environ, **MARGIN}):
        yield stage


def failed(found: dict[str, Any]) -> set[str]:
    return {each["name"] for each in found["checks"] if not each["ok"]}


async def test_slow_server_and_lost_events_are_no_go(tmp_path: Path) -> None:
    codes = tmp_path / "codes.toml"
    codes.write_text(CODES)
    async with serving(tmp_path) as stage, trio.open_nursery() as nursery:
        status, found = await stage.rehearse(codes, "--keep")
        assert (status, failed(found)) == (0, set())
        handed = [each for each in found["checks"] if each["name"].startswith("codes handed")]
        assert handed
        assert not handed[0]["found"].startswith("0 ")
        [kept] = [each for each in await stage.ids() if each != "harbour"]
        done = await stage.hunt("delete", kept)
        assert done.returncode == 0, done.stderr

        connect = partial(trio.open_tcp_stream, "127.0.0.1", stage.port)
        slow = Proxy(connect)
        slow.latency = 0.15  # in each direction
        await nursery.start(slow.run)
        status, found = await stage.rehearse(codes, "--answer-p99", "250", port=slow.port)
        assert status == 1
        assert "answers: p50 / p99 / max ms" in failed(found)
        assert found["violations"] == []

        port = await nursery.start(lossy, connect)
        status, found = await stage.rehearse(codes, port=port)
        assert status == 1
        assert "answered clicks without an event" in failed(found)
        assert any("gap" in each or "did not get" in each for each in found["violations"])
        assert await stage.ids() == ["harbour"]
        nursery.cancel_scope.cancel()


async def lossy(
    connect: Any, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """Forward connections, and drop each fifth piece with an event."""
    events = 0

    async def forward(source: trio.SocketStream, sink: trio.SocketStream) -> None:
        nonlocal events
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for data in source:
                if b"event: reward" in data:
                    events += 1
                    if events % 5 == 0:
                        continue
                await sink.send_all(data)
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await sink.send_eof()

    async def serve(client: trio.SocketStream) -> None:
        async with await connect() as server, trio.open_nursery() as nursery:
            nursery.start_soon(forward, client, server)
            nursery.start_soon(forward, server, client)

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        task_status.started(listener.socket.getsockname()[1])
