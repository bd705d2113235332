"""One server of the comparison: how to start it, and its hunt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import serving
from benchmarks.database import Database
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server that has not been started, with a database of its own."""

    name: str
    hunt: str  #: id of the hunt that is played
    command: Callable[[int], Sequence[str | Path]]  #: of a server that listens on a port
    environ: Mapping[str, str] = field(repr=False)
    database: Database
    cwd: Path | None = None

    @contextmanager
    def started(self) -> Iterator[Running]:
        """Run the server for the block."""
        port = serving.free_port()
        environ = {**self.environ, "PORT": str(port)}
        with serving.server(self.command(port), port, environ, self.cwd) as pid:
            target = Target("127.0.0.1", port, self.hunt)
            yield Running(self, target, ServerProcesses([pid], self.database.pid))


@dataclass(frozen=True, slots=True)
class Running:
    """A server that takes clicks."""

    contender: Contender
    target: Target
    processes: ServerProcesses

    @property
    def name(self) -> str:
        """Name in the table."""
        return self.contender.name
