"""Starts of `hunt serve`: several at once, and what becomes of one that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.life.processes import HUNT, Server, free_port, player, running, until


def serve(data_dir: Path, port: int) -> list[str]:
    options = ["--data-dir", str(data_dir), "--processes", "1"]
    return [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", *options]


@pytest.mark.parametrize("attempt", range(3))
async def test_three_first_starts_at_once_all_serve(attempt: int, tmp_path: Path) -> None:
    started: list[Server] = []
    finished = trio.Event()

    async def start(port: int) -> None:
        arguments = serve(tmp_path / "data", port)
        async with running(arguments, f"http://127.0.0.1:{port}") as server:
            started.append(server)
            await finished.wait()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(start, free_port())
        await until(lambda: len(started) == 3, seconds=90)
        seqs = []
        for server in started:
            async with player(server.url) as ada:
                answer = await ada.click(server.url)
                assert answer.status_code == 200
                seqs.append(answer.json()["seq"])
        assert seqs == [1, 2, 3], "one log"
        finished.set()
