"""`hunt serve` with unread output, or with a closed terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
import trio

from tests.support.pipes import fill
from tests.support.processes import (
    HUNT,
    Server,
    children,
    end,
    environment,
    free_port,
    gone,
    player,
    servers,
    until,
    wait_ready,
)

LOST = re.compile(r"^hunt_log_lines_lost_total (\S+)$", re.MULTILINE)


@contextmanager
def closed_pipe() -> Iterator[int]:
    """Yield a pipe whose reading end is closed."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@contextmanager
def full_pipe() -> Iterator[int]:
    """Yield a pipe that is full, with a reader that does not read."""
    read, write = os.pipe()
    fill(write)
    yield write
    os.close(write)
    os.close(read)


@contextmanager
def full_disk() -> Iterator[int]:
    fd = os.open("/dev/full", os.O_WRONLY)
    yield fd
    os.close(fd)


@asynccontextmanager
async def serving(
    data_dir: Path, command: list[str], *, stdin: int = subprocess.DEVNULL, output: int | None
) -> AsyncIterator[Server]:
    """Run `hunt serve` by `command`, until it is ready."""
    port = free_port()
    arguments = ["serve", "--bind", f"127.0.0.1:{port}", "--data-dir", str(data_dir)]
    process = subprocess.Popen(
        [*command, *arguments, "--processes", "1"],
        env=environment(),
        stdin=stdin,
        stdout=output,
        stderr=output,
        cwd=data_dir.parent,
    )
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        await wait_ready(server)
        yield server
    finally:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "killpg", os.kill)  # it may be in the process group of the test
            end(process)


async def restart(server: Server) -> None:
    """Replace the worker processes, which is logged."""
    before = set(servers(server.process.pid))
    server.send(signal.SIGHUP)
    await until(
        lambda: servers(server.process.pid) and not before & set(servers(server.process.pid))
    )


@pytest.mark.parametrize("output", [closed_pipe, full_pipe, full_disk])
async def test_server_goes_on_where_its_lines_cannot_be_written(
    output: object, tmp_path: Path
) -> None:
    assert callable(output)
    with output() as fd:
        async with serving(tmp_path / "data", HUNT, output=fd) as server:
            async with player(server.url) as ada:
                assert (await ada.click(server.url)).status_code == 200
                await restart(server)
                assert (await ada.click(server.url)).status_code == 200
            async with httpx.AsyncClient(timeout=30) as client:
                match = LOST.search((await client.get(f"{server.url}/metrics")).text)
            assert match is not None
            assert float(match[1]) > 0 or output is full_pipe, "some wait in the pipe's case"
            server.send(signal.SIGTERM)
            with trio.fail_after(60):
                assert await server.wait() == 0


async def test_server_without_standard_output_and_error(tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *HUNT]
    async with serving(tmp_path / "data", command, output=None) as server:
        async with player(server.url) as ada:
            assert (await ada.click(server.url)).status_code == 200
        [pid] = servers(server.process.pid)
        for each in (server.process.pid, pid):
            assert os.readlink(f"/proc/{each}/fd/2") == "/dev/null"
        server.send(signal.SIGTERM)
        with trio.fail_after(60):
            assert await server.wait() == 0


@asynccontextmanager
async def on_terminal(data_dir: Path, command: list[str]) -> AsyncIterator[tuple[Server, int]]:
    """Run `hunt serve` on its own terminal; yield also the other end, which the test closes."""
    ours, theirs = pty.openpty()
    try:
        run = serving(data_dir, ["setsid", "--ctty", *command], stdin=theirs, output=theirs)
        async with run as server:
            os.close(theirs)
            theirs = -1
            yield server, ours
    finally:
        if theirs >= 0:
            os.close(theirs)


async def test_closed_terminal_drains_the_server(tmp_path: Path) -> None:
    async with on_terminal(tmp_path / "data", HUNT) as (server, terminal):
        pids = children(server.process.pid)
        await restart(server)  # a SIGHUP while the terminal exists requests a restart
        pids += children(server.process.pid)
        os.close(terminal)
        with trio.fail_after(60):
            assert await server.wait() == 0
        assert all(gone(pid) for pid in pids)


async def test_closed_terminal_ends_a_job_of_its_shell(tmp_path: Path) -> None:
    shell = ["bash", "-ic", '"$@" & wait', "bash"]
    async with on_terminal(tmp_path / "data", [*shell, *HUNT]) as (server, terminal):
        pids = children(server.process.pid, "hunt")
        assert pids
        os.close(terminal)
        await until(lambda: all(gone(pid) for pid in pids), seconds=60)


async def test_server_under_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    async with on_terminal(tmp_path / "data", ["nohup", *HUNT]) as (server, terminal):
        before = servers(server.process.pid)
        os.close(terminal)
        with trio.fail_after(60):
            # Later signals request a restart again.
            while not servers(server.process.pid) or set(servers(server.process.pid)) & set(before):
                server.send(signal.SIGHUP)
                await trio.sleep(0.5)
                assert server.process.poll() is None
        async with player(server.url) as ada:
            assert (await ada.click(server.url)).status_code == 200
