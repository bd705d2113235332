"""Runs a script: real PostgreSQL, real servers, clients, the fault, and the oracle."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio
from msgspec.structs import replace

from hunt.core.definition import Definition, Prize
from hunt.core.events import Reward
from hunt.core.maps import Map
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from hunt.testing.checks import Violation
from hunt.testing.history import History
from tests.faults import codes, names, players, postgres, ruled
from tests.faults.listener import Listener
from tests.faults.nodes import Node, node, tcp
from tests.faults.players import Crowd
from tests.faults.postgres import Postgres
from tests.faults.script import Script
from tests.support.proxy import Loss, to_unix
from tests.support.receiver import Receiver, receiving
from tests.support.valkey import Valkey

SEED = b"faults-faults-faults-faults-seed"

HARBOUR = Definition(
    players.HUNT, "Harbour night", Map.sized(100, 100), None, None, 0.0,
    (
        Prize("shell", "Shell", 5, 0.3, None, None),
        Prize("coin", "Coin", 100, 0.2, 50, None),
        Prize("compass", "Compass", 250, 0.2, None, 3),
        Prize("pearl", "Pearl", 10, 0.2, 1_000_000, None),
    ),
)  # fmt: skip


@dataclass
class Rig:
    """A run, for the faults to work on."""

    script: Script
    folder: Path
    postgres: Postgres
    crowd: Crowd
    standby: Postgres | None = None
    bus: Valkey | None = None
    receiver: Receiver | None = None  #: of webhooks
    changes: Receiver | None = None  #: of the webhook that follows the changes
    nodes: list[Node] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    nursery: trio.Nursery | None = None
    gave_up: list[str] = field(default_factory=list)  #: conditions that were not met in time
    began: float = 0.0  #: when the measured load began; a warm-up comes before it
    healthy: float = 0.0  #: when clicks succeeded again after the last fault
    ended: float = 0.0  #: when the players stopped
    struck: float = 0.0  #: when the first fault began
    well: float = 0.0  #: when the last fault was undone
    notes: dict[str, float] = field(default_factory=dict)  #: figures that a fault has measured
    loss: Loss = field(default_factory=Loss)  #: lost answers to commits of all nodes
    calm: trio.Lock = field(default_factory=trio.Lock)  #: faults that come one at a time
    definition: Definition = HARBOUR
    seed: bytes = SEED
    samples: list[dict[str, float]] = field(default_factory=list)  #: resource usage under load
    judged_from: int = 0  #: first entry of the history that is checked
    known: Sequence[Reward] = ()  #: rows of the log before that entry

    @property
    def history(self) -> History:
        return self.crowd.history


@dataclass
class Result:
    """The result of a run."""

    script: Script
    violations: list[Violation]
    figures: dict[str, float]
    statuses: Counter[str]
    history: History
    gave_up: list[str] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """Return the violations, the missed bounds, and the unmet conditions."""
        found = [*map(str, self.violations), *self.gave_up]
        for name, most in self.script.maxima.items():
            if self.figures[name] > most:
                found.append(f"{name} is {self.figures[name]:.3f}, more than {most:g}")
        for name, least in self.script.minima.items():
            if self.figures[name] < least:
                found.append(f"{name} is {self.figures[name]:.3f}, less than {least:g}")
        return found


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Give `folder` a small file system of its own; 0: the machine's."""
    if not megabytes:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        # Lazily, because a process may still have a file open there.
        subprocess.run(["umount", "-l", folder], check=True)


async def prepare(folder: Path) -> Path:
    """Make a cluster with the schema, to be copied; return its folder."""
    made = Postgres(folder)
    folder.mkdir(parents=True, exist_ok=True)
    await made.init()
    return folder


async def make_hunt(conninfo: str, definition: Definition, *, with_codes: int = 0) -> None:
    """Make a hunt, and open it.

    Args:
        conninfo: Connection string of the database.
        definition: The hunt.
        with_codes: Number of codes of a further prize; 0: no such prize, and no keys.
    """
    async with open_pool(conninfo, size=1) as pool:
        hunts = Hunts(pool, codes.RING if with_codes else None)
        definition = codes.with_codes(definition) if with_codes else definition
        await hunts.apply(definition, seed=SEED, actor="rig")
        await hunts.open(definition.id)
        if with_codes:
            await codes.load(pool, with_codes)


@asynccontextmanager
async def built(
    script: Script, template: Path, *, command: tuple[str, ...] | None = None
) -> AsyncIterator[Rig]:
    """Start PostgreSQL and servers by the script."""
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="hunt-faults-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        stack.enter_context(disk(folder / "postgres", script.disk))
        database = await stack.enter_async_context(
            postgres.running(folder / "postgres", template, script.options)
        )
        definition = HARBOUR
        if script.rules:
            definition = ruled.HUNTS[script.rules](players.HUNT, datetime.now(UTC))
        await make_hunt(database.conninfo, definition, with_codes=script.codes)
        second = None
        if script.standby:
            second = Postgres(folder / "standby", script.options)
            stack.push_async_callback(second.stop, signal.SIGQUIT)
            await second.follow(database, synchronous=script.standby == "sync")
        crowd = Crowd(
            History(),
            [],
            [],
            random.Random(script.seed),
            pause=script.pause,
            repeat=script.repeat,
            fickle=script.fickle,
            hasty=script.hasty,
            poison=script.poison,
        )
        valkey = None
        if script.bus:
            valkey = Valkey(folder / "valkey")
            stack.callback(valkey.stop)
            await valkey.start()
        rig = Rig(script, folder, database, crowd, second, valkey, definition=definition)
        clock = folder / "clock"
        clock.write_text("+0\n")
        if script.webhook:
            from tests.faults import webhook_faults  # it needs the class above

            rig.receiver = await stack.enter_async_context(receiving())
            await webhook_faults.add(database.conninfo, rig.receiver)
            if script.changes:
                rig.changes = await stack.enter_async_context(receiving())
                await webhook_faults.add(database.conninfo, rig.changes, log="changes")
            script = replace(script, environ=script.environ | webhook_faults.ENVIRON)
        keys = codes.ENVIRON if script.codes else {}
        environ = {**script.environ, **keys, **(names.environ(folder) if script.names else {})}
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        for number in range(script.nodes):
            start = partial(node, processes=script.processes, command=command)
            made = await stack.enter_async_context(
                start(
                    folder / f"node-{number}",
                    to_unix(database.socket),
                    standby=None if second is None else to_unix(second.socket),
                    valkey=valkey,
                    environ=environ,
                    dsn=partial(_dsn, script, silent),
                    descriptors=script.descriptors or None,
                    wrapper=_clock(clock) if script.clock else (),
                )
            )
            made.database.loss = rig.loss
            rig.nodes.append(made)
            first, last = number == 0, number == script.nodes - 1
            if first or not script.apart:
                crowd.ports.append(made.port)
            if last or not script.apart:
                crowd.stream_ports.append(made.port)
        yield rig


def _dsn(script: Script, silent: socket.socket, *ports: int) -> str:
    """Return hunt's connection string; connections to `silent` are never accepted."""
    first = [silent.getsockname()[1]] if script.silent else []
    host = names.NAME if script.names else "127.0.0.1"
    return tcp(*first, *ports, host=host, **script.dsn)


def faketime() -> Path | None:
    """Return Debian's libfaketime; None if it is not installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def _clock(file: Path) -> tuple[str, ...]:
    """Return a command prefix that gives a program its own wall clock."""
    library = faketime()
    return (
        "env", f"LD_PRELOAD={library}", f"FAKETIME_TIMESTAMP_FILE={file}", "FAKETIME_NO_CACHE=1",
        "DONT_FAKE_MONOTONIC=1",
    )  # fmt: skip
