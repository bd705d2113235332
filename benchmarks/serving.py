"""Servers for benchmarks: start, wait for readiness, and stop even after errors."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import output
from hunt.bench.players import signed
from hunt.bench.process_usage import process_table
from hunt.bench.target import Target
from hunt.core.tokens import sign
from hunt.errors import HuntError
from tests.support import reaper

SECRET = b"benchmark-secret-benchmark-secret"
HUNT = [sys.executable, "-P", "-m", "hunt"]
PLAYERS = signed(lambda name: sign((SECRET,), name, ttl=86400, now=datetime.now(UTC)))

#: Seconds until a start or a stop of a server times out.
PATIENCE = 60.0


def load_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of all benchmarks of clicks."""
    sizes = lambda text: [int(each) for each in text.split(",")]  # ruff: ignore[lambda-assignment]
    parser.add_argument("--connections", type=sizes, default=[64, 256, 1000], metavar="N,N")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S")
    parser.add_argument("--warmup", type=float, default=1.0, metavar="S")
    output.options(parser)


def prepare() -> None:
    """Raise the file limit; end started processes when this process is terminated."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    reaper.hold()  # ends them even if this process is killed


def handed_on(*names: str) -> dict[str, str]:
    """Return the environment variables to pass on to the server."""
    return {name: os.environ[name] for name in names if name in os.environ}


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without ``HUNT_*``, except `extra` and those of the load."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUNT_")}
    load = {
        "HUNT_CLICK_RATE": "0",
        "HUNT_CONNECT_RATE": "0",
        "HUNT_MAX_CONNECTIONS_PER_ADDRESS": "0",
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_LOG_LEVEL": "warning",
    }
    return inherited | load | dict(extra)


def free_port() -> int:
    """Return a free port outside of the kernel's range for clients."""
    first, *_ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("utf-8").split()
    while True:
        port = random.randrange(10_000, max(int(first), 20_000))
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


@contextmanager
def hunt(flags: Sequence[str], extra: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Run `hunt serve`; yield its address and its process id."""
    port = free_port()
    command = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", *flags]
    with server(command, port, environment(extra)) as pid:
        yield f"http://127.0.0.1:{port}", pid


@contextmanager
def server(
    command: Sequence[str | Path], port: int, environ: Mapping[str, str], cwd: Path | None = None
) -> Iterator[int]:
    """Run a server for the block; yield its process id once it is ready."""
    process = subprocess.Popen(
        command, env=dict(environ), cwd=cwd, stdout=subprocess.DEVNULL, process_group=0
    )
    try:
        wait_ready(process, Target("127.0.0.1", port, "any"))
        yield process.pid
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process; kill it after a time limit."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_ready(process: subprocess.Popen[bytes], target: Target) -> None:
    """Wait until the server is ready."""
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        if process.poll() is not None:
            raise SystemExit(f"the server ended at its start, with status {process.returncode}")
        try:
            if target.request("GET", "/readyz")[0] == 200:
                return
        except HuntError:
            pass
        time.sleep(0.01)
    raise SystemExit(f"the server was not ready after {PATIENCE:.0f} s")


def logged(data_dir: Path) -> int:
    """Return the length of the demo hunt's log, from `hunt hunts`."""
    command = [*HUNT, "hunts", "--json", "--data-dir", str(data_dir)]
    output = subprocess.run(
        command, env=environment({}), stdout=subprocess.PIPE, check=True, timeout=PATIENCE
    ).stdout
    [clicks] = [row["clicks"] for row in json.loads(output) if row["id"] == "harbour"]
    return int(clicks)


def postmaster(data_dir: Path) -> int:
    """Return the process id of the PostgreSQL in `data_dir`."""
    return int(re.split(r"\s", (data_dir / "postgresql" / "postmaster.pid").read_text("utf-8"))[0])


def server_process(supervisor: int) -> int:
    """Return the process id of the only worker of `hunt serve`."""
    [worker] = [
        pid
        for pid, process in process_table().items()
        if process.parent == supervisor
        and Path(f"/proc/{pid}/comm").read_text("ascii") == "hunt-worker\n"
    ]
    return worker
