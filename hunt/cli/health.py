"""``hunt health``: ask the running server whether it is alive or ready."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import click

from hunt.cli import arguments, server_address
from hunt.errors import HuntError

#: Seconds for the connection and for each read of the answer.
TIMEOUT = 5.0


@click.command(epilog=arguments.examples("hunt health", "hunt health --ready"))
@click.option("--ready", is_flag=True, help="Ask whether the node can take clicks (/readyz).")
@server_address.option
@arguments.options
def command(ready: bool, url: str | None, data_dir: Path | None, config: Path | None) -> None:
    """Ask the running server whether it is alive; exit status 1 if it is not.

    Use it as the health check of a container; it needs no shell and no other program.
    """
    server = server_address.address(url, data_dir, config)
    path = "/readyz" if ready else "/livez"
    status = _status(server, path)
    if status != 200:
        raise HuntError(f"{server}{path}: answered {status}; see the server's log")
    click.echo(f"{server} is {'ready' if ready else 'alive'}")


def _status(server: str, path: str) -> int:
    """Return the status of the answer.

    Raises:
        HuntError: There was none.
    """
    parts = urlsplit(server)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT)
    try:
        connection.request("GET", parts.path.rstrip("/") + path, headers={"Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        said = str(error) or type(error).__name__
        raise HuntError(f"{server}{path}: no answer ({said}); is the server running?") from error
    finally:
        connection.close()
