"""``hunt serve``: the server, with a database of its own where none is given."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path

import click
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.utils import LifespanFailureError

from hunt.asgi import Application
from hunt.core.definition import parse
from hunt.core.fairness import new_seed
from hunt.errors import HuntError, SettingsError
from hunt.logs import configure
from hunt.settings import Settings, load
from hunt.store import embedded, schema
from hunt.store.connection import Connection
from hunt.store.hunts import Hunts
from hunt.store.pool import open_pool
from hunt.store.secret import jwt_secret

#: Connections that may wait to be accepted.  At Hypercorn's 100, a burst of
#: reconnecting streams loses SYNs, and with each a second (TRAPS, H6).
BACKLOG = 4096


@click.command()
@click.option("--bind", metavar="ADDRESS", help="Where to listen: HOST:PORT or unix:PATH.")
@click.option("--processes", type=int, metavar="N", help="Server processes.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the embedded PostgreSQL.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Settings file; hunt.toml in the working directory otherwise.",
)
def command(
    bind: str | None, processes: int | None, data_dir: Path | None, config: Path | None
) -> None:
    """Run the server, with a PostgreSQL of its own unless HUNT_DATABASE_URL is set."""
    flags = {"bind": bind, "processes": processes, "data_dir": data_dir}
    settings = load(os.environ, flags=flags, config=config, cwd=Path.cwd()).settings
    configure(settings)
    try:
        trio.run(_run, settings)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except (HuntError, LifespanFailureError, OSError, BaseExceptionGroup) as error:
        cause = _first(error)
        if isinstance(cause, KeyboardInterrupt):
            raise SystemExit(130) from None
        if isinstance(cause, OSError):
            raise HuntError(f"cannot listen on {', '.join(settings.bind)}: {cause}") from error
        if isinstance(cause, HuntError):
            raise cause from None
        raise


def _first(error: BaseException) -> BaseException:
    """Return what the nurseries and Hypercorn's lifespan wrapped."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, LifespanFailureError) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return error


async def _run(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        if settings.embedded:
            settings = await stack.enter_async_context(_embedded(settings))
        async with trio.open_nursery() as nursery:
            config = _hypercorn(settings)
            binds: list[str] = await nursery.start(
                partial(_listen, Application(lambda: settings), config)
            )
            for bind in binds:
                print(f"hunt is open at {bind}/", flush=True)


async def _listen(
    app: Application, config: Config, *, task_status: trio.TaskStatus[list[str]]
) -> None:
    await serve(app, config, task_status=task_status)


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[Settings]:
    """Run a PostgreSQL in the data folder, with the schema and the demo hunt made."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with embedded.server(settings.data_dir) as conninfo:
        async with await Connection.connect(conninfo, autocommit=True) as conn:
            await schema.migrate(conn)
        async with open_pool(conninfo, size=1) as pool:
            hunts = Hunts(pool)
            demo = parse(resources.files("hunt").joinpath("harbour.toml").read_text("utf-8"))
            if await hunts.get(demo.id) is None:
                await hunts.apply(demo, seed=new_seed(os.urandom), actor="hunt serve")
                await hunts.open(demo.id)
        secrets = settings.jwt_secret or (jwt_secret(settings.data_dir),)
        yield replace(
            settings,
            database_url=conninfo,
            listen_dsn=settings.listen_dsn or conninfo,
            jwt_secret=secrets,
            guests=True if settings.guests is None else settings.guests,
        )


def _hypercorn(settings: Settings) -> Config:
    config = Config()
    config.bind = list(settings.bind)
    config.backlog = BACKLOG
    config.accesslog = None  # hunt writes its own, with request ids
    config.loglevel = "WARNING"
    config.graceful_timeout = settings.drain_timeout
    config.include_server_header = False
    config.websocket_max_message_size = 4096
    if not settings.jwt_secret:
        raise SettingsError(
            "HUNT_JWT_SECRET is not set: give one or more secrets of at least 32 bytes"
        )
    return config
