"""Effect of 1,000 slow senders and 1,000 stalled readers on other clients.

    python -m benchmarks.hostile [--loris 1000] [--stalled 1000] [--rate 300] [--seconds 10]

Start a `hunt serve` with one worker on an embedded PostgreSQL in a temporary folder.
Measure the same open loop of clicks before, during and after the attack.  Slow-loris
connections send the head of a click, one byte a second.  Stalled readers open a stream of
all players' wins with a small receive buffer, and never read.  Closed connections are
reopened at once.  The attackers are a separate process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import select
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench import clicks, figure_table
from hunt.bench.players import Player
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.target import Target

COLUMNS = {
    "when": ("when", 0),
    "attackers": ("attackers", 0),
    "cut_off": ("cut off", 0),
} | {name: figure_table.CLICKS[name] for name in ("rate", "p50_ms", "p90_ms", "p99_ms", "max_ms")}

#: Receive buffer of a stalled reader, in bytes; the kernel may double it.
RECEIVE = 2048

#: Ticks a second; in each tick a different part of the slow-loris connections sends a byte.
SLICES = 20


@dataclass(slots=True)
class Attacker:
    """A hostile connection."""

    sock: socket.socket
    player: Player | None  #: player of a stalled reader; None: a slow sender
    sent: int = 0  #: bytes of the head


class Attackers:
    """Hostile connections; they are reopened when the server closes them.

    Args:
        target: The server.
        players: Players of the stalled readers.
        loris: Number of slow senders.
        cut_off: Counts the connections that the server has closed.
    """

    def __init__(
        self, target: Target, players: list[Player], loris: int, cut_off: Synchronized[int]
    ) -> None:
        self._target = target
        self._cut_off = cut_off
        self._head = target.click_head("x" * 100, 70)
        self._epoll = select.epoll()
        self._by_fd: dict[int, Attacker] = {}
        self._loris = [self._begin(Attacker(socket.socket(), None)) for _ in range(loris)]
        for player in players:
            self._begin(Attacker(socket.socket(), player))

    def _begin(self, each: Attacker) -> Attacker:
        """Connect; a stalled reader also requests its stream."""
        if each.player is not None:
            each.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE)
        each.sock.settimeout(serving.PATIENCE)
        each.sock.connect((self._target.host, self._target.port))
        if each.player is not None:
            each.sock.sendall(self._target.stream_request(each.player.token, everybody=True))
        each.sock.setblocking(False)
        self._epoll.register(each.sock, select.EPOLLRDHUP)  # input is not read
        self._by_fd[each.sock.fileno()] = each
        return each

    def run(self, stop: Event) -> None:
        """Attack until told to stop."""
        turn = 0
        while not stop.is_set():
            began = time.monotonic()
            for each in self._loris[turn % SLICES :: SLICES]:
                at = each.sent % len(self._head)
                with suppress(OSError):  # closed by the server; `_renew` reopens it
                    each.sent += each.sock.send(self._head[at : at + 1])
            turn += 1
            while (rest := began + 1 / SLICES - time.monotonic()) > 0:
                self._renew(rest)

    def _renew(self, seconds: float) -> None:
        """Wait, and reopen the connections that the server has closed."""
        for fd, _ in self._epoll.poll(seconds):
            each = self._by_fd.pop(fd)
            self._epoll.unregister(fd)
            each.sock.close()
            with self._cut_off.get_lock():
                self._cut_off.value += 1
            each.sock, each.sent = socket.socket(), 0
            self._begin(each)


def _attack(
    target: Target,
    players: list[Player],
    loris: int,
    cut_off: Synchronized[int],
    begun: Event,
    stop: Event,
) -> None:
    attackers = Attackers(target, players, loris, cut_off)
    begun.set()
    attackers.run(stop)


@contextmanager
def attacked(target: Target, loris: int, stalled: int) -> Iterator[Synchronized[int]]:
    """Attack the server during the block; yield a count of closed connections."""
    begun, stop = multiprocessing.Event(), multiprocessing.Event()
    cut_off = multiprocessing.Value("i", 0)
    arguments = (target, serving.PLAYERS(stalled), loris, cut_off, begun, stop)
    process = multiprocessing.Process(target=_attack, args=arguments)
    process.start()
    try:
        if not begun.wait(serving.PATIENCE):
            raise SystemExit("the attackers could not connect")
        yield cut_off
    finally:
        stop.set()
        process.join(serving.PATIENCE)
        process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loris", type=int, default=1000, metavar="N")
    parser.add_argument("--stalled", type=int, default=1000, metavar="N")
    parser.add_argument("--connections", type=int, default=64, metavar="N")
    parser.add_argument("--rate", type=float, default=300.0, metavar="CLICKS")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S")
    parser.add_argument("--warmup", type=float, default=2.0, metavar="S")
    output.options(parser)
    options = parser.parse_args()
    serving.prepare()
    load = clicks.Load(
        connections=options.connections, seconds=options.seconds, warmup=options.warmup,
        rate=options.rate,
    )  # fmt: skip
    figures: list[dict[str, object]] = []
    problems: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder,
        serving.hunt(["--processes", "1", "--data-dir", folder], {}) as (url, pid),
    ):
        target = Target.parse(url, "harbour")
        processes = ServerProcesses([serving.server_process(pid)])

        def measure(when: str) -> dict[str, object]:
            found = clicks.measure(target, load, serving.PLAYERS, processes=processes)
            problems.extend(found.problems)
            figures.append({"when": when, "attackers": 0, "cut_off": 0, **found.figures})
            return figures[-1]

        before = measure("before")
        with attacked(target, options.loris, options.stalled) as cut_off:
            during = measure("during")
            during |= {"attackers": options.loris + options.stalled, "cut_off": cut_off.value}
        measure("after")
    output.show("Clicks of others, open loop", COLUMNS, figures, options)
    ratio = float(str(during["p99_ms"])) / float(str(before["p99_ms"]))
    if not options.json:
        print(f"p99 during / before: {ratio:.2f}")
    output.end(problems)


if __name__ == "__main__":
    main()
