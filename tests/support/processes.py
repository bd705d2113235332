"""Real server processes, and players that record their answers and events."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
import trio

from hunt.core.sse import Event, Parser

HUNT = [sys.executable, "-m", "hunt"]
HYPERCORN = [sys.executable, "-m", "hypercorn", "-k", "trio"]


@dataclass
class Server:
    """A server process; `url` is where it listens."""

    process: subprocess.Popen[bytes]
    url: str

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def wait(self) -> int:
        """Return the exit status, once the process has ended."""
        fd = os.pidfd_open(self.process.pid)
        try:
            await trio.lowlevel.wait_readable(fd)
        finally:
            os.close(fd)
        return self.process.wait()


#: Settings for a busy machine, whose commits are slow, though nothing is wrong.
MARGIN = {"HUNT_BREAKER_SLOW": "5", "HUNT_QUEUE_AGE": "10"}


def environment(extra: Mapping[str, str] | None = None, *, margin: bool = True) -> dict[str, str]:
    """Return the environment of a server.

    Args:
        extra: More settings.
        margin: Whether slow commits are accepted; else as by default.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUNT_")}
    return inherited | {"HUNT_CLICK_RATE": "0"} | (MARGIN if margin else {}) | dict(extra or {})


@asynccontextmanager
async def running(
    arguments: Sequence[str],
    url: str,
    environ: Mapping[str, str] | None = None,
    *,
    log: IO[bytes] | None = None,
    cwd: Path | None = None,
    margin: bool = True,
) -> AsyncIterator[Server]:
    """Run a server until it is ready; kill it at the end, if it still runs.

    Arguments are those of `subprocess.Popen` and of `environment`.
    """
    given = environment(environ, margin=margin)
    process = subprocess.Popen(
        arguments, env=given, stdout=log, stderr=log, process_group=0, cwd=cwd
    )
    server = Server(process, url)
    try:
        await wait_ready(server)
        yield server
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group: the workers of Hypercorn would outlive it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children(pid: int, mark: str = "") -> list[int]:
    """Return the children of `pid` whose command line contains `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            if parent == pid and mark in (path / "cmdline").read_text("utf-8"):
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


def servers(pid: int) -> list[int]:
    """Return the worker processes of the supervisor `pid`."""
    return [each for each in children(pid) if name(each) == "hunt-worker"]


def fork_servers(pid: int) -> list[int]:
    """Return the process that forks workers for the supervisor `pid`; two during a restart."""
    return [each for each in children(pid) if name(each) == "hunt-fork"]


def name(pid: int) -> str:
    """Return the name that `ps` shows; empty if the process has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8").rstrip()
    return ""


def ports(pid: int) -> set[int]:
    """Return the local ports of the TCP connections of a process."""
    inodes = set()
    with suppress(FileNotFoundError):  # it has just ended
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed just now
                inodes.add(os.readlink(each))
    lines = Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]
    fields = [line.split() for line in lines]
    return {int(each[1].split(":")[1], 16) for each in fields if f"socket:[{each[9]}]" in inodes}


def gone(pid: int) -> bool:
    """Return whether a process does not exist or is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def wait_ready(server: Server) -> None:
    """Return once the server says that it can take clicks."""
    with trio.fail_after(60):
        async with httpx.AsyncClient(verify=False, timeout=5) as client:
            while True:
                assert server.process.poll() is None, "the server ended at its start"
                try:
                    if (await client.get(f"{server.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await trio.sleep(0.02)


#: Unix sockets whose names reserve the ports of `free_port` until this process ends.
_taken: list[socket.socket] = []


def free_port() -> int:
    """Return a port for a server that is about to start, or to come back.

    It is outside of the range from which the kernel chooses, because a client of another test
    could get such a port while the server is down.  All test processes get different ports.
    """
    first, *_ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("utf-8").split()
    while True:
        port = random.SystemRandom().randrange(10_000, max(int(first), 20_000))
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0hunt-test-port-{port}")
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        _taken.append(name)
        return port


def server_pids(server: Server) -> list[int]:
    """Return the processes that serve, with `hunt serve` or Hypercorn's command."""
    pid = server.process.pid
    return servers(pid) or children(pid, "multiprocessing.spawn")


@asynccontextmanager
async def hunt_serve(data_dir: Path) -> AsyncIterator[Server]:
    port = free_port()
    arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--data-dir", str(data_dir)]
    async with running(arguments, f"http://127.0.0.1:{port}") as server:
        yield server


@asynccontextmanager
async def hypercorn(environ: Mapping[str, str], *, workers: int = 2) -> AsyncIterator[Server]:
    port = free_port()
    arguments = [*HYPERCORN, "-w", str(workers), "-b", f"127.0.0.1:{port}", "hunt.asgi:app"]
    async with running(arguments, f"http://127.0.0.1:{port}", environ) as server:
        yield server


@dataclass
class Player:
    """A guest, with a record of all answers and events."""

    client: httpx.AsyncClient
    answers: dict[str, dict[str, object]] = field(default_factory=dict)  #: by click id
    events: list[Event] = field(default_factory=list)
    last_id: str | None = None

    @property
    def streamed(self) -> list[str]:
        """The click ids of the rewards on the stream, in order."""
        return [json.loads(e.data)["id"] for e in self.events if e.event == "reward"]

    async def click(self, url: str, click_id: str | None = None) -> httpx.Response:
        """Send one click; record it if the answer is 200."""
        click_id = click_id or str(uuid.uuid4())
        response = await self.client.post(
            f"{url}/v1/hunts/harbour/clicks", json={"id": click_id, "x": 40.5, "y": 60}
        )
        if response.status_code == 200:
            self.answers[click_id] = response.json()
        return response

    async def listen(
        self, url: str, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Read the stream to its end, resuming after the last event seen."""
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        parser = Parser()
        started = False
        async with self.client.stream(
            "GET", f"{url}/v1/hunts/harbour/events", headers=headers, timeout=None
        ) as response:
            assert response.status_code == 200
            async for chunk in response.aiter_raw():
                for event in parser.feed(chunk):
                    self.events.append(event)
                    self.last_id = event.id or self.last_id
                if not started and self.events:
                    started = True
                    task_status.started()


@asynccontextmanager
async def player(url: str, token: str | None = None) -> AsyncIterator[Player]:
    """A new guest of the server, or the player of a token."""
    limits = httpx.Limits(max_keepalive_connections=2)
    headers = {"Origin": url}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        headers=headers, limits=limits, verify=False, timeout=30
    ) as client:
        if token is None:
            assert (await client.post(f"{url}/v1/session")).status_code < 300
        yield Player(client)


async def until(condition: object, *, seconds: float = 30) -> None:
    """Return once ``condition()`` is true."""
    assert callable(condition)
    with trio.fail_after(seconds):
        while not condition():
            await trio.sleep(0.01)
