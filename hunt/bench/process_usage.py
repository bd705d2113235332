"""CPU time and memory of server and PostgreSQL processes, from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hunt.errors import SettingsError

_TICKS = os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
_LISTEN = "0A"  # the state in /proc/net/tcp


@dataclass(frozen=True, slots=True)
class Process:
    """An entry of the process table."""

    parent: int
    name: str  #: name of its program
    cpu: float  #: seconds of CPU, with those of its ended children


def process_table() -> dict[int, Process]:
    """Return all visible processes, by id."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(*_GONE):
                found[int(entry)] = _process(Path(f"/proc/{entry}/stat").read_text("utf-8"))
    return found


def _process(stat: str) -> Process:
    head, _, rest = stat.rpartition(")")
    fields = rest.split()
    ticks = sum(int(field) for field in fields[11:15])
    return Process(int(fields[1]), head.partition("(")[2], ticks / _TICKS)


def descendants(roots: Iterable[int], processes: dict[int, Process]) -> set[int]:
    """Return the processes `roots` and all their descendants."""
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    found: set[int] = set()
    todo = [root for root in roots if root in processes]
    while todo:
        pid = todo.pop()
        found.add(pid)
        todo += children.get(pid, [])
    return found


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time used so far."""

    server: float  #: seconds of CPU
    postgres: float | None  #: seconds of CPU; None: not known


class ServerProcesses:
    """The processes of one server, and of its PostgreSQL.

    Args:
        server: Process ids of the server; descendants count, except PostgreSQL.
        postgres: Process id of the postmaster; None: the one below the server, if any.
    """

    def __init__(self, server: Iterable[int], postgres: int | None = None) -> None:
        self._server = tuple(server)
        self._postgres = postgres
        known = process_table()
        for pid in (*self._server, *([] if postgres is None else [postgres])):
            if pid not in known:
                raise SettingsError(f"process {pid}: does not exist on this machine")

    def _split(self, known: dict[int, Process]) -> tuple[set[int], set[int]]:
        server = descendants(self._server, known)
        masters = {pid for pid in server if known[pid].name == "postgres"}
        below = descendants(masters, known)
        if self._postgres is not None:
            below = descendants([self._postgres], known)
        return server - below - masters, below

    def usage(self) -> Usage:
        """Return the CPU time used so far."""
        known = process_table()
        server, postgres = self._split(known)
        used = sum(known[pid].cpu for pid in server)
        return Usage(used, sum(known[pid].cpu for pid in postgres) if postgres else None)

    def memory(self) -> int:
        """Return the proportional set size (PSS) of the server in bytes."""
        total = 0
        for pid in self._split(process_table())[0]:
            with suppress(*_GONE):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        return total


def listening_processes(port: int) -> list[int]:
    """Return the local processes that listen on `port`, without their children."""
    inodes = set()
    for name in ("tcp", "tcp6"):
        with suppress(*_GONE):
            for line in Path(f"/proc/net/{name}").read_text("utf-8").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return []
    known = process_table()
    found = {pid for pid in known if inodes & _sockets(pid)}
    return sorted(pid for pid in found if known[pid].parent not in found)


def _sockets(pid: int) -> set[str]:
    found = set()
    with suppress(*_GONE):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with suppress(*_GONE):
                found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return found
