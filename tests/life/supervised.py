"""A supervisor that runs in the test's own event loop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from hunt.cli.worker import COMMAND
from hunt.processes.control_socket import open_socket_folder
from hunt.processes.listening import listening, url
from hunt.processes.supervisor import Supervisor
from hunt.processes.systemd import Notifier
from hunt.processes.worker_process import Program
from hunt.settings import Settings
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.processes import fork_servers, servers, until
from tests.support.serving import HARBOUR, SECRET


@dataclass
class Supervised:
    """A supervisor in the test's own loop."""

    supervisor: Supervisor
    url: str
    opened: trio.Event


@asynccontextmanager
async def supervised(
    settings: Settings, command: Sequence[str] = COMMAND, *, hang_timeout: float = 10.0
) -> AsyncIterator[Supervised]:
    """Prepare a supervisor; the test runs it."""
    # Processes of the test before may still be ending, and would count as those of this one.
    await until(lambda: not servers(os.getpid()) and not fork_servers(os.getpid()))
    async with listening(["127.0.0.1:0"]) as sockets:
        opened = trio.Event()
        with ExitStack() as stack:
            supervisor = Supervisor(
                Program(command=command, sockets=sockets, hang_timeout=hang_timeout),
                settings,
                folder=stack.enter_context(open_socket_folder(settings.data_dir)),
                notifier=Notifier({}),
                opened=opened.set,
                binds=[url(sockets[0])],
                jitter=lambda: 0.0,
            )
            yield Supervised(supervisor, url(sockets[0]), opened)


async def settings(database: str, tmp_path: Path, **options: object) -> Settings:
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        await hunts.apply(HARBOUR, seed=os.urandom(32), actor="test")
        await hunts.open("harbour")
    return Settings(
        database_url=database, jwt_secret=(SECRET,), data_dir=tmp_path, processes=1, click_rate=0.0,
        **options,  # type: ignore[arg-type]
    )  # fmt: skip
