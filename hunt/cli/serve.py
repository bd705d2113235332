"""``hunt serve``: run the server, with an embedded PostgreSQL by default."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.cli.worker import COMMAND
from hunt.cli.worker import load as load_application
from hunt.configuration import load
from hunt.core.fairness import new_seed
from hunt.core.hunt_file import parse
from hunt.embedded import postgres
from hunt.embedded.token_secret import jwt_secret
from hunt.errors import HuntError, SettingsError
from hunt.logs import configure
from hunt.processes.control_socket import open_socket_folder
from hunt.processes.fork_server import ForkServer
from hunt.processes.forked_task import ForkedTask
from hunt.processes.listening import listening, url
from hunt.processes.start_line import log_start
from hunt.processes.supervisor import Supervisor
from hunt.processes.systemd import Notifier
from hunt.processes.worker_process import Program
from hunt.settings import Settings
from hunt.store import schema
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts


@click.command(
    epilog=arguments.examples(
        "hunt serve",
        "hunt serve --bind 0.0.0.0:8000 --processes 4",
        "HUNT_DATABASE_URL=postgresql://hunt@db.example/hunt hunt serve --config /etc/hunt.toml",
    )
)
@click.option("--bind", metavar="ADDRESS", help="Listening address: HOST:PORT or unix:PATH.")
@click.option("--processes", type=int, metavar="N", help="Number of worker processes.")
@arguments.options
def command(
    bind: str | None, processes: int | None, data_dir: Path | None, config: Path | None
) -> None:
    """Run the server, with an embedded PostgreSQL unless HUNT_DATABASE_URL is set."""
    flags = {"bind": bind, "processes": processes, "data_dir": data_dir}
    settings = load(
        os.environ, flags=flags, config=config, cwd=arguments.working_directory()
    ).settings
    # Before the first log line, for which a thread starts.
    fork_server = _fork_server()
    task = ForkedTask.forked(partial(_prepare, settings)) if settings.embedded else None
    configure(settings)
    if running.run(_run, settings, fork_server, task) == signal.SIGINT:
        raise SystemExit(130)


def _fork_server() -> ForkServer | None:
    """Return the first fork server; None if it must not be forked from this process.

    Raises:
        SettingsError: An installed package is not compatible.
    """
    if not sys.flags.safe_path and sys.path[0] in {"", str(arguments.working_directory())}:
        # `python -m hunt` imports from the working directory first; workers must not.
        return None
    return ForkServer.forked(load_application())


async def _run(
    settings: Settings, fork_server: ForkServer | None, task: ForkedTask | None
) -> signal.Signals | None:
    """Serve until the server has drained; return the signal that ended it, or None.

    Args:
        settings: The settings of the server.
        fork_server: The first fork server; None: the supervisor starts it.
        task: Prepares the embedded database; None: there is no embedded database.

    Raises:
        HuntError: The server could not start, or its workers crash repeatedly.
    """
    notifier = Notifier(os.environ)
    async with AsyncExitStack() as stack:
        if task is not None:
            stack.callback(task.close)
        # Before the database, which may take long to start: a wrong address fails at once.
        sockets = await stack.enter_async_context(listening(_addresses(settings)))
        given = settings
        if task is not None:
            settings = await stack.enter_async_context(_embedded(settings, task))
        if not settings.jwt_secret:
            raise SettingsError(arguments.NO_SECRET)
        binds = [url(sock) for sock in sockets[: len(settings.bind)]]
        supervisor = Supervisor(
            Program(command=COMMAND, sockets=sockets),
            settings,
            folder=stack.enter_context(open_socket_folder(settings.data_dir)),
            notifier=notifier,
            opened=lambda: _say(given, binds),
            binds=binds,
            jitter=random.random,
            fork_server=fork_server,
        )
        await supervisor.run()
    if supervisor.killed:
        raise HuntError("server: stopped before it had drained")
    return supervisor.ended_by


def _addresses(settings: Settings) -> list[str]:
    """Return the listening addresses of players, and of operators if they have their own."""
    operations = settings.operations_bind
    own = [] if operations is None or operations in settings.bind else [operations]
    return [*settings.bind, *own]


def _say(settings: Settings, binds: list[str]) -> None:
    log_start(settings, addresses=binds, processes=settings.processes)
    for bind in binds:
        print(f"hunt is open at {bind}/", flush=True)


def _prepare(settings: Settings, conninfo: str) -> None:
    """Migrate the embedded database, and create the demo hunt.

    It runs in a process of its own, because it uses 4 MiB of memory that the supervisor would
    keep.
    """
    configure(settings)
    postgres.forget_libpq_variables()
    running.run(_migrate, settings, conninfo)


async def _migrate(settings: Settings, conninfo: str) -> None:
    async with await Connection.connect(conninfo, autocommit=True) as conn:
        await schema.migrate(conn)
    async with open_pool(conninfo, size=1) as pool:
        hunts = Hunts(pool, arguments.key_ring(settings))
        demo = parse(resources.files("hunt").joinpath("harbour.toml").read_text("utf-8"))
        await hunts.open_new(demo, seed=new_seed(os.urandom), actor="hunt serve")


@asynccontextmanager
async def _embedded(settings: Settings, task: ForkedTask) -> AsyncIterator[Settings]:
    """Run the embedded PostgreSQL, with the schema and the demo hunt."""
    async with postgres.server(settings.data_dir) as conninfo:
        await task.run(conninfo)
        secrets = settings.jwt_secret or (jwt_secret(settings.data_dir),)
        yield replace(
            arguments.with_data_keys(settings),
            database_url=conninfo,
            listen_dsn=settings.listen_dsn or conninfo,
            jwt_secret=secrets,
            guests=True if settings.guests is None else settings.guests,
        )
