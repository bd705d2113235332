"""Three network namespaces, and the router between them and this machine's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import permutations
from pathlib import Path

from tests.zones.router import inside

#: Number of the place with the players and the load balancer; zones are 1, 2 and 3.
EDGE = 0
ZONES = (1, 2, 3)
PLACES = (EDGE, *ZONES)

#: Seconds that a packet takes from one place to another.
DELAY = 0.0015


class Network:
    """The zones: each has an address, and every path between two places can fail."""

    def __init__(self, router: subprocess.Popen[bytes], prefix: str, names: dict[int, str]) -> None:
        self._router = router
        self._prefix = prefix
        self.names = names
        self._delay = DELAY
        self._loss: dict[tuple[int, int], float] = {}
        self._tell()

    def address(self, zone: int) -> str:
        """Return the address of a zone."""
        return f"{self._prefix}.{zone}.1"

    def command(self, zone: int) -> tuple[str, ...]:
        """Return a command that runs what follows in a zone."""
        return ("ip", "netns", "exec", self.names[zone])

    def lose(self, source: int, target: int, share: float) -> None:
        """Lose a share of the packets from one place to another."""
        self._loss[source, target] = share
        self._tell()

    def cut(self, zone: int, *, cut: bool = True) -> None:
        """Cut a zone off from all other places, or connect it again."""
        for other in PLACES:
            if other != zone:
                self._loss[zone, other] = self._loss[other, zone] = float(cut)
        self._tell()

    def delay(self, seconds: float = DELAY) -> None:
        """Delay packets from one place to another."""
        self._delay = seconds
        self._tell()

    def _tell(self) -> None:
        rules = [
            (a, b, self._delay, self._loss.get((a, b), 0.0)) for a, b in permutations(PLACES, 2)
        ]
        assert self._router.stdin is not None
        self._router.stdin.write(json.dumps(rules).encode() + b"\n")
        self._router.stdin.flush()


def lacking() -> str | None:
    """Return what this machine lacks to make zones; None if it lacks nothing."""
    if os.geteuid() != 0:
        return "root, to make network namespaces"
    name = f"hunt-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode:
        return f"network namespaces: {made.stderr.decode().strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    if not Path("/dev/net/tun").exists():
        return "TUN devices (/dev/net/tun)"
    return None


@contextmanager
def network() -> Iterator[Network]:
    """Make the zones; leave none behind."""
    pid = os.getpid()
    prefix = f"10.{128 + pid % 100}"
    names = {zone: f"hunt-{pid}-{zone}" for zone in ZONES}
    with ExitStack() as stack:
        for name in names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "del", name], check=True)
        router = subprocess.Popen(
            [sys.executable, "-m", "tests.zones.router", prefix, "-", *names.values()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(router.wait, 10)
        assert router.stdin is not None
        assert router.stdout is not None
        stack.callback(router.stdin.close)
        stack.callback(router.stdout.close)
        assert router.stdout.readline() == b"routing\n"
        yield Network(router, prefix, names)


__all__ = ["EDGE", "ZONES", "Network", "inside", "lacking", "network"]
