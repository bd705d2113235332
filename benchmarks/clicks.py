"""Durable clicks per second, and what each costs: a closed loop of keep-alive connections.

    python benchmarks/clicks.py [--connections 64,256,1000] [--seconds 5] [--json]

Starts its own `hunt serve` on an embedded PostgreSQL in a temporary folder, and ends
it again. Each connection is a player of its own, and sends its next click when the
last one is answered. After each run the log must hold exactly what was answered.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from hunt.web.auth import sign

SECRET = b"benchmark-secret-benchmark-secret"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Player:
    """One connection: its socket, its prepared head, and when its click was sent."""

    socket: socket.socket
    head: bytes
    sent: float = 0.0
    received: bytes = b""
    closing: bool = False  # the server closes after this answer


@dataclass(slots=True)
class Run:
    """What was seen in one closed loop."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[bytes] = field(default_factory=Counter)


def closed_loop(address: tuple[str, int], players: list[Player], seconds: float) -> Run:
    """Click on every connection, again and again, for so many seconds."""
    run = Run()
    epoll = select.epoll()
    by_fd = {player.socket.fileno(): player for player in players}
    started = time.perf_counter()
    for player in players:
        epoll.register(player.socket.fileno(), select.EPOLLIN)
        send(player)
    waiting, end = len(players), started + seconds
    while waiting:
        for fd, _ in epoll.poll(30):
            player = by_fd[fd]
            status = receive(player)
            if status is None:
                continue
            now = time.perf_counter()
            run.latencies.append(now - player.sent)
            run.statuses[status] += 1
            if player.closing:
                epoll.unregister(fd)
                del by_fd[fd]
                reconnect(player, address)
                by_fd[player.socket.fileno()] = player
                epoll.register(player.socket.fileno(), select.EPOLLIN)
            if now < end:
                send(player)
            else:
                waiting -= 1
    run.seconds = time.perf_counter() - started
    epoll.close()
    return run


def send(player: Player) -> None:
    """Send one click, with an id of its own."""
    raw = os.urandom(20).hex()
    click_id = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"
    x, y = 10 + int(raw[32:36], 16) / 730, 10 + int(raw[36:40], 16) / 730
    player.sent = time.perf_counter()
    player.socket.send(
        b'%b{"id":"%b","x":%07.4f,"y":%07.4f}' % (player.head, click_id.encode(), x, y)
    )


def receive(player: Player) -> bytes | None:
    """Return the status of an answer that has arrived in full; None while it has not."""
    data = player.socket.recv(65536)
    if not data:
        raise SystemExit("the server closed a connection")
    player.received += data
    head, found, body = player.received.partition(b"\r\n\r\n")
    if not found:
        return None
    at = head.lower().index(b"content-length:") + 15
    if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
        return None
    player.received = b""
    player.closing = b"onnection: close" in head
    return head[9:12]


def reconnect(player: Player, address: tuple[str, int]) -> None:
    """Go on with a new connection, as Hypercorn wants it after a thousand requests."""
    player.socket.close()
    player.socket = opened(address)
    player.closing = False


def opened(address: tuple[str, int]) -> socket.socket:
    """Return a new connection."""
    connection = socket.create_connection(address, timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def connect(address: tuple[str, int], count: int) -> list[Player]:
    """Return so many players, each with a connection and a token of its own."""
    players = []
    for number in range(count):
        token = sign((SECRET,), f"bench-{number}", ttl=3600, now=datetime.now(UTC))
        head = (
            f"POST /v1/hunts/harbour/clicks HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: 69\r\n\r\n"
        )
        players.append(Player(opened(address), head.encode()))
    return players


@contextmanager
def server() -> Iterator[tuple[tuple[str, int], int, Path]]:
    """Run `hunt serve`; yield its address, its process id and its data folder."""
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        environ = {name: value for name, value in os.environ.items() if name[:5] != "HUNT_"}
        environ |= {"HUNT_CLICK_RATE": "0", "HUNT_JWT_SECRET": SECRET.decode()}
        environ |= {each: os.environ[each] for each in ("HUNT_FAST_LANE",) if each in os.environ}
        command = [sys.executable, "-m", "hunt", "serve", "--bind", "127.0.0.1:0"]
        process = subprocess.Popen(
            [*command, "--processes", "1", "--data-dir", folder],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            host, port = line.split("//")[1].strip().rstrip("/").rsplit(":", 1)
            yield (host, int(port)), process.pid, Path(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            process.stdout.close()


def processes(root: int) -> dict[int, str]:
    """Return the process `root` and all below it, with their command lines."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(path.name))
    found, todo = {}, [root]
    while todo:
        pid = todo.pop()
        todo += children.get(pid, [])
        found[pid] = Path(f"/proc/{pid}/cmdline").read_text("utf-8").replace("\0", " ")
    return found


def cpu(root: int) -> tuple[float, float]:
    """Return the seconds of CPU that the server and its PostgreSQL have used."""
    used = {True: 0.0, False: 0.0}
    for pid, command in processes(root).items():
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        # Also of its children that have ended.
        seconds = sum(int(each) for each in fields[11:13]) / TICKS
        used["postgres" in command.split(" ")[0]] += seconds
    return used[False], used[True]


def batches(address: tuple[str, int]) -> tuple[float, float, float]:
    """Return the number of batches so far, their rows, and their seconds."""
    with urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=30) as response:
        lines = dict(
            line.rsplit(" ", 1) for line in response.read().decode().splitlines() if line[0] != "#"
        )
    count, rows, seconds = (
        "hunt_batch_rows_count",
        "hunt_batch_rows_sum",
        "hunt_batch_commit_seconds_sum",
    )
    return float(lines[count]), float(lines[rows]), float(lines[seconds])


def logged(address: tuple[str, int]) -> int:
    """Return the number of rows in the log, as a stream's greeting tells it."""
    token = sign((SECRET,), "bench-reader", ttl=60, now=datetime.now(UTC))
    with socket.create_connection(address, timeout=30) as reader:
        request = (
            "GET /v1/hunts/harbour/events HTTP/1.1\r\nHost: hunt\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        )
        reader.sendall(request.encode())
        received = b""
        while b'"seq":' not in received or b"}" not in received.partition(b'"seq":')[2]:
            received += reader.recv(4096)
    return int(received.partition(b'"seq":')[2].split(b",")[0])


def measure(
    address: tuple[str, int], pid: int, connections: int, seconds: float
) -> dict[str, float]:
    """Return the figures of one closed loop; warm up before it."""
    players = connect(address, connections)
    closed_loop(address, players, min(1.0, seconds))
    before, batches_before, own_before = cpu(pid), batches(address), time.process_time()
    rows_before = logged(address)
    run = closed_loop(address, players, seconds)
    after, batches_after, own = cpu(pid), batches(address), time.process_time() - own_before
    rows = logged(address) - rows_before
    for player in players:
        player.socket.close()
    clicks = run.statuses[b"200"]
    if rows != clicks or clicks != len(run.latencies):
        raise SystemExit(f"{clicks} clicks were answered, {rows} are in the log: {run.statuses}")
    ordered = sorted(run.latencies)
    count = max(batches_after[0] - batches_before[0], 1)
    return {
        "connections": connections,
        "clicks_per_second": clicks / run.seconds,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p90_ms": ordered[len(ordered) * 9 // 10] * 1000,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1000,
        "max_ms": ordered[-1] * 1000,
        "batch_rows": (batches_after[1] - batches_before[1]) / count,
        "batch_ms": (batches_after[2] - batches_before[2]) / count * 1000,
        "server_cpu_ms_per_1000": (after[0] - before[0]) / clicks * 1e6,
        "postgresql_cpu_ms_per_1000": (after[1] - before[1]) / clicks * 1e6,
        "generator_cpu_ms_per_1000": own / clicks * 1e6,
    }


COLUMNS = {
    "connections": "conns",
    "clicks_per_second": "clicks/s",
    "p50_ms": "p50 ms",
    "p90_ms": "p90 ms",
    "p99_ms": "p99 ms",
    "max_ms": "max ms",
    "batch_rows": "rows/batch",
    "batch_ms": "ms/batch",
    "server_cpu_ms_per_1000": "server CPU",
    "postgresql_cpu_ms_per_1000": "PostgreSQL CPU",
    "generator_cpu_ms_per_1000": "generator CPU",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--connections", default="64,256,1000", metavar="N,N")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the server inherits it
    sizes = [int(each) for each in options.connections.split(",")]
    with server() as (address, pid, _):
        found = [measure(address, pid, size, options.seconds) for size in sizes]
    if options.json:
        print(json.dumps(found))
        return
    print("closed loop, one process, every click durable; CPU in ms per 1,000 clicks")
    print("  ".join(f"{title:>14}" for title in COLUMNS.values()))
    for row in found:
        print("  ".join(f"{row[name]:14.1f}" for name in COLUMNS))


if __name__ == "__main__":
    main()
