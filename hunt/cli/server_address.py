"""The address of the server that a command connects to."""

from __future__ import annotations

from pathlib import Path

import click

from hunt import url_values
from hunt.cli import arguments, running
from hunt.errors import HuntError
from hunt.processes import control_socket

option = click.option(
    "--url",
    envvar="HUNT_URL",
    show_envvar=True,
    help="Address of the server; the default is the server that runs with the data folder.",
)

#: Wildcard address -> an address to connect to.
_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def address(url: str | None, data_dir: Path | None, config: Path | None) -> str:
    """Return the URL of the server to use.

    Args:
        url: Address from the user; None: find the running server.
        data_dir: Data folder of the server; None: from the settings.
        config: Settings file; None: the default.

    Raises:
        UsageError: The URL is malformed.
        HuntError: The server has no TCP port.
    """
    if url is not None:
        return _checked(url)
    settings = arguments.read(data_dir, config).settings
    binds = running.run(_running, settings.data_dir)
    if not binds:
        binds = [f"http://{bind}" for bind in settings.bind if not bind.startswith("unix:")]
    for bind in binds:
        host, _, port = bind.removeprefix("http://").rpartition(":")
        if bind.startswith("http://") and port != "0":
            return f"http://{_ANY.get(host, host)}:{port}"
    raise HuntError(
        "server address: not known, because the server has no TCP port; give --url or HUNT_URL"
    )


async def _running(data_dir: Path) -> list[str]:
    """Return the addresses of the servers that run with this data folder."""
    async with control_socket.connected(data_dir) as servers:
        return [bind for hello, _ in servers for bind in hello.bind]


def _checked(url: str) -> str:
    try:
        return url_values.server(url)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="--url") from None
