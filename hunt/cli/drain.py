"""``hunt drain``: shut the running server down gracefully."""

from __future__ import annotations

from pathlib import Path

import click

from hunt.cli import arguments, running
from hunt.errors import HuntError
from hunt.processes import control_socket


@click.command(epilog=arguments.examples("hunt drain", "hunt drain --data-dir /var/lib/hunt"))
@arguments.options
def command(data_dir: Path | None, config: Path | None) -> None:
    """Shut the running server down gracefully, and wait until it has drained.

    The server refuses new clicks and finishes those in flight. This command finds the server
    by its data folder, even if its database is elsewhere.
    """
    settings = arguments.read(data_dir, config).settings
    running.run(_drain, settings.data_dir)


async def _drain(data_dir: Path) -> None:
    async with control_socket.connected(data_dir) as servers:
        if not servers:
            raise HuntError(
                f"{data_dir}: no server runs with this data folder; give its --data-dir"
            )
        for hello, stream in servers:
            if not await control_socket.drain(stream):
                raise HuntError(f"server {hello.pid}: ended before it had drained")
            click.echo(f"server {hello.pid} at {', '.join(hello.bind)} has drained")
