"""A router between network namespaces that delays and loses packets by given rules.

It does what ``tc netem`` does, which many kernels lack.  Each namespace has a TUN device;
its packets go to this process, which passes them on.

``python -m tests.zones.router PREFIX NAMESPACE…``: the first namespace, named ``-``, is the
one of this process.  Each line of standard input is a JSON list of rules, which replaces all
earlier ones: source, destination, seconds of delay, share of packets lost.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000

#: Largest packet, in bytes.  It is large because the cost of a packet does not depend on its size.
MTU = 16000

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Put this thread, and the processes that it starts, into a network namespace for the block."""
    if namespace == "-":
        yield
        return
    with open("/proc/thread-self/ns/net", "rb") as own, open(f"/run/netns/{namespace}", "rb") as to:
        _enter(to.fileno())
        try:
            yield
        finally:
            _enter(own.fileno())


def _enter(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def open_device(namespace: str, name: str, address: str) -> int:
    """Make the TUN device of a namespace, with a route to all others; return its descriptor."""
    with inside(namespace):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        for command in (
            "link set lo up",
            f"addr add {address}/16 dev {name}",
            f"link set {name} mtu {MTU} up",
        ):
            subprocess.run(["ip", *command.split()], check=True)
    return fd


class Router:
    """Passes packets on by the third byte of the address of their destination."""

    def __init__(self, devices: list[int]) -> None:
        self._devices = devices
        self._rules: dict[tuple[int, int], tuple[float, float]] = {}
        self._late: list[tuple[float, int, int, bytes]] = []  # when, number, zone, packet
        self._number = 0

    def obey(self, line: bytes) -> None:
        """Replace the rules."""
        self._rules = {(a, b): (delay, loss) for a, b, delay, loss in json.loads(line)}

    def take(self, source: int) -> None:
        """Read and queue the packets of a device."""
        for _ in range(64):
            try:
                packet = os.read(self._devices[source], MTU + 100)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4 or packet[18] >= len(self._devices):
                continue
            target = packet[18]
            delay, loss = self._rules.get((source, target), (0.0, 0.0))
            if loss and random.random() < loss:
                continue
            self._number += 1
            heapq.heappush(self._late, (time.monotonic() + delay, self._number, target, packet))

    def send_due(self) -> float | None:
        """Send the packets whose time has come; return the seconds until the next one."""
        while self._late:
            wait = self._late[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, target, packet = heapq.heappop(self._late)
            try:
                os.write(self._devices[target], packet)
            except OSError:
                continue  # a full queue loses packets, as any router does
        return None


def main() -> None:
    """Route until standard input ends."""
    prefix, *namespaces = sys.argv[1:]
    devices = [
        open_device(name, f"hz{os.getpid()}", f"{prefix}.{number}.1")
        for number, name in enumerate(namespaces)
    ]
    router = Router(devices)
    selector = selectors.DefaultSelector()
    for number, fd in enumerate(devices):
        selector.register(fd, selectors.EVENT_READ, number)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ, -1)
    print("routing", flush=True)
    while True:
        for key, _ in selector.select(router.send_due()):
            if key.data >= 0:
                router.take(key.data)
            elif line := sys.stdin.buffer.readline():
                router.obey(line)
            else:
                return


if __name__ == "__main__":
    main()
