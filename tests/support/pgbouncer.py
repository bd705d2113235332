"""A PgBouncer between hunt and PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.embedded.launcher import Launcher
from tests.support.processes import free_port

CONFIG = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {here}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
"""
FORGETS = "max_prepared_statements = 0\n"  # releases before 1.21 cannot track prepared statements


@contextmanager
def pooled(database: str, folder: Path, *, mode: str) -> Iterator[str]:
    """Run a PgBouncer; yield a connection string through it.

    Skip the test if PgBouncer is not installed, unless skipping is forbidden.

    Args:
        database: Connection string of the server behind it.
        folder: Folder for its files.
        mode: ``transaction`` or ``session``.
    """
    program = find_program()
    server = conninfo_to_dict(database)
    here = free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        CONFIG.format(
            host=server.get("host", "127.0.0.1"),
            port=server.get("port", 5432),
            user=server.get("user"),
            here=here,
            mode=mode,
        )
        + (FORGETS if _version(program) >= (1, 21) else "")
    )
    reached = [Path(str(server["host"]))] if str(server["host"]).startswith("/") else []
    bouncer = Bouncer(config, here, reached)
    bouncer.start()
    try:
        yield make_conninfo("", host="127.0.0.1", port=here, dbname=server["dbname"], user="hunt")
    finally:
        bouncer.stop(signal.SIGTERM)


class Bouncer:
    """A PgBouncer that can be ended and started again.

    Args:
        config: Its configuration file.
        port: The port in that file.
        reached: Folders of sockets that it must be able to reach.
    """

    def __init__(self, config: Path, port: int, reached: Sequence[Path]) -> None:
        # It refuses to run as root, and must reach a socket in a private folder.
        user = (65534, 65534) if os.geteuid() == 0 else None
        config.chmod(0o644)
        self._config, self._port = config, port
        self._launcher = Launcher(
            config.with_name("pgbouncer.log"), user, (config.parent, *reached)
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; return once it accepts connections."""
        self._process = self._launcher.start([find_program(), str(self._config)])
        while not _answers(self._port):
            assert self._process.poll() is None, self._launcher.tail()

    def stop(self, how: signal.Signals) -> None:
        """End it, and wait for that."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_program() -> str:
    """Return the path of PgBouncer; skip the test without it, unless skipping is forbidden."""
    path = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        if os.environ.get("HUNT_TEST_REQUIRE") == "all":
            pytest.fail("Debian's pgbouncer is not installed")
        pytest.skip("Debian's pgbouncer is not installed")
    return path


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in said.stdout.split()[1].split("."))


def _answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(0.2)
        return client.connect_ex(("127.0.0.1", port)) == 0
