"""What open streams cost, how fast an event reaches all of them, and a game's latencies.

    python benchmarks/streams.py [--streams 18000] [--fan-out 5000] [--players 3000] [--rate 3000]

Starts its own `hunt serve`, one process, on an embedded PostgreSQL in a temporary folder.
In the game each player has a stream and a connection for clicks; clicks leave at their
intended times, whatever became of the ones before, and latencies count from there.
"""

from __future__ import annotations

import argparse
import os
import resource
import select
import socket
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from clicks import SECRET, TICKS, processes, server

from hunt.web.auth import sign

Address = tuple[str, int]

#: Seconds of silence in which the cost of idle streams is measured.
QUIET = 30.0

#: Events that are sent to all streams.
EVENTS = 20


@dataclass(slots=True)
class Server:
    """The one server process that is measured."""

    address: Address
    pid: int

    def cpu(self) -> float:
        """Return the seconds of CPU that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return sum(int(each) for each in fields[11:13]) / TICKS

    def memory(self) -> float:
        """Return its proportional set size, in MiB."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def token(number: int) -> str:
    """Return the token of a player."""
    return sign((SECRET,), f"bench-{number}", ttl=3600, now=datetime.now(UTC))


def open_stream(address: Address, number: int, query: str = "") -> socket.socket:
    """Return a stream that has been greeted."""
    stream = socket.create_connection(address)
    stream.sendall(
        f"GET /v1/hunts/harbour/events{query} HTTP/1.1\r\nHost: hunt\r\n"
        f"Authorization: Bearer {token(number)}\r\n\r\n".encode()
    )
    greeting = b""
    while b"event: hello" not in greeting:
        greeting += stream.recv(4096)
    stream.setblocking(False)
    return stream


def click(number: int) -> tuple[str, bytes]:
    """Return the id and the bytes of a click."""
    raw = os.urandom(16).hex()
    click_id = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:]}"
    body = f'{{"id":"{click_id}","x":{10 + number % 89},"y":{10 + number % 83}}}'
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return click_id, (head + body).encode()


def head(number: int) -> bytes:
    """Return how every click of a player begins."""
    return (
        "POST /v1/hunts/harbour/clicks HTTP/1.1\r\nHost: hunt\r\n"
        f"Authorization: Bearer {token(number)}\r\n"
    ).encode()


def idle(to: Server, count: int) -> str:
    """Measure streams on which nothing happens."""
    before, used = to.memory(), to.cpu()
    streams = [open_stream(to.address, number % 5000) for number in range(count)]
    opened, after, used_then = to.cpu() - used, to.memory(), to.cpu()
    time.sleep(QUIET)
    quiet = (to.cpu() - used_then) / QUIET
    for stream in streams:
        stream.close()
    return (
        f"{count} idle streams: {after:.1f} MiB in all, {before:.1f} before, "
        f"{(after - before) * 2**20 / count:.0f} bytes each; {quiet:.1%} of a core; "
        f"opening one {opened / count * 1e6:.0f} us"
    )


def fan_out(to: Server, count: int) -> str:
    """Measure an event that goes to every stream."""
    streams = [open_stream(to.address, number % 5000, "?scope=all") for number in range(count)]
    by_fd = {stream.fileno(): stream for stream in streams}
    epoll = select.epoll()
    for fd in by_fd:
        epoll.register(fd, select.EPOLLIN)
    clicker = socket.create_connection(to.address)
    used, spans, start = to.cpu(), [], head(0)
    for number in range(EVENTS):
        answer = b'"prize":null'
        while b'"prize":null' in answer:  # until something was won
            clicker.sendall(start + click(number)[1])
            answer = clicker.recv(4096)
        reached: set[int] = set()
        first = 0.0
        while len(reached) < count:
            ready = epoll.poll(10)
            if not ready:
                raise SystemExit(f"{count - len(reached)} streams did not get the event")
            for fd, _ in ready:
                if b"event: wins" in by_fd[fd].recv(65536):
                    first = first or time.perf_counter()
                    reached.add(fd)
        spans.append(time.perf_counter() - first)
    used = to.cpu() - used
    for stream in [*streams, clicker]:
        stream.close()
    return (
        f"one event to {count} streams: {used / count / EVENTS * 1e6:.1f} us of CPU each; "
        f"from the first to the last p50 {sorted(spans)[EVENTS // 2] * 1000:.0f} ms"
    )


@dataclass(slots=True)
class Game:
    """What the players saw; times in seconds from the intended time of each click."""

    answers: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    refused: int = 0


def game(to: Server, players: int, rate: float, seconds: float) -> str:
    """Measure clicks at a steady rate, each with its answer and its event."""
    epoll = select.epoll()
    streams, clickers = {}, {}
    heads = [head(number) for number in range(players)]
    for number in range(players):
        stream = open_stream(to.address, number)
        clicker = socket.create_connection(to.address)
        streams[stream.fileno()] = stream
        clickers[clicker.fileno()] = clicker
        for fd in (stream.fileno(), clicker.fileno()):
            epoll.register(fd, select.EPOLLIN)
    order = list(clickers)
    total, sent, seen = int(rate * seconds), 0, Game()
    waiting: dict[int, deque[float]] = defaultdict(deque)
    due: dict[str, float] = {}
    used, started = to.cpu(), time.perf_counter()
    while len(seen.answers) < total or due:
        now = time.perf_counter()
        if now > started + seconds + 10:
            raise SystemExit(f"{len(due)} clicks of {total} never reached their stream")
        while sent < total and now >= started + sent / rate:
            click_id, rest = click(sent)
            fd = order[sent % players]
            due[click_id] = started + sent / rate
            waiting[fd].append(due[click_id])
            clickers[fd].send(heads[sent % players] + rest)
            sent += 1
        pause = started + sent / rate - time.perf_counter() if sent < total else 0.05
        for fd, _ in epoll.poll(max(pause, 0)):
            if fd in clickers:
                data = clickers[fd].recv(65536)
                now = time.perf_counter()
                for _ in range(data.count(b"HTTP/1.1 ")):
                    seen.answers.append(now - waiting[fd].popleft())
                seen.refused += data.count(b"HTTP/1.1 ") - data.count(b"HTTP/1.1 200")
            else:
                data = streams[fd].recv(65536)
                now = time.perf_counter()
                for part in data.split(b'"id":"')[1:]:
                    intended = due.pop(part[:36].decode(), None)
                    if intended is not None:
                        seen.events.append(now - intended)
    cores = (to.cpu() - used) / (time.perf_counter() - started)
    for each in [*streams.values(), *clickers.values()]:
        each.close()
    return (
        f"{players} players, {rate:.0f} clicks/s: answer {spread(seen.answers)}, "
        f"event {spread(seen.events)}; {seen.refused} refused; server {cores:.2f} cores"
    )


def spread(values: list[float]) -> str:
    """Return median and 99th percentile, in milliseconds."""
    ordered = sorted(values)
    median, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"p50 {median * 1e3:.1f} p99 {late * 1e3:.1f} ms"


def main() -> None:
    """Run all of it, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=18000, metavar="N")
    parser.add_argument("--fan-out", type=int, default=5000, metavar="N")
    parser.add_argument("--players", type=int, default=3000, metavar="N")
    parser.add_argument("--rate", type=float, default=3000, metavar="CLICKS")
    parser.add_argument("--seconds", type=float, default=8, metavar="S")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with server() as (address, pid, _):
        [served] = [each for each, line in processes(pid).items() if "server_process" in line]
        to = Server(address, served)
        print(idle(to, options.streams), flush=True)
        print(fan_out(to, options.fan_out), flush=True)
        print(game(to, 100, 10, 5), flush=True)
        print(game(to, options.players, options.rate, options.seconds), flush=True)


if __name__ == "__main__":
    main()
