"""``hunt drain``: the running server finishes what it has, and ends."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import common
from hunt.errors import HuntError
from hunt.processes import control_socket


@click.command()
@common.options
def command(data_dir: Path | None, config: Path | None) -> None:
    """Tell the running server to take no more clicks, and wait until it has drained.

    Servers are found by their data folder, also those with a database elsewhere.
    """
    settings = common.read(data_dir, config).settings
    common.run(_drain, settings.data_dir)


async def _drain(data_dir: Path) -> None:
    async with control_socket.connected(data_dir) as servers:
        if not servers:
            raise HuntError(f"no server runs with data folder {data_dir}: give its --data-dir")
        for hello, stream in servers:
            if not await control_socket.drain(stream):
                raise HuntError(f"server {hello.pid} ended before it said that it has drained")
            click.echo(f"server {hello.pid} at {', '.join(hello.bind)} has drained")
