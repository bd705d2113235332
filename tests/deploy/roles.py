"""A real PostgreSQL with the settings and roles of ``deploy/postgres``."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from tests.deploy.game import SECRET
from tests.faults.postgres import Postgres
from tests.support.processes import HUNT, Server, environment, free_port, running

FOLDER = Path(__file__).parents[2] / "deploy/postgres"

#: A hunt with a stock and a limit per player.
HUNT_FILE = """
[hunt]
id = "harbour"
title = "Harbour night"
map = { width = 100, height = 80 }

[[prize]]
id = "coin"
title = "Coin"
points = 5
odds = 0.5
stock = 20
per_player = 5
"""

#: Of the nodes.  The breaker and the queue have the margin that a busy machine needs.
NODE = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_BREAKER_SLOW": "5", "HUNT_QUEUE_AGE": "10"}


def settings_of(name: str) -> dict[str, str]:
    """Return the settings in a file of ``deploy/postgres``."""
    text = (FOLDER / name).read_text("utf-8")
    found = re.findall(r"^(\w+) = ('(?:[^'])*'|\S+)$", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(found) == len(lines), "each line is a comment or a setting"
    return {key: value.strip("'") for key, value in found}


class Database(Postgres):
    """A server of its own, whose database ``hunt`` has the roles of hunt."""

    def as_role(self, role: str) -> str:
        """Return the connection string of a role."""
        return make_conninfo(self.conninfo, user=role)

    def psql(self, role: str, script: Path) -> str:
        """Run a script of SQL as an operator does; return its output."""
        done = subprocess.run(
            [self.cluster.programs / "psql", "-X", "-q", "-d", self.as_role(role), "-f", script],
            capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def hunt(self, *arguments: str, role: str = "hunt_app", **options: str) -> str:
        """Run a command of hunt as a role; return its output.

        Args:
            arguments: Words of the command.
            role: The role of the database.
            options: Settings.
        """
        done = subprocess.run(
            [*HUNT, *arguments], capture_output=True, text=True, check=False, cwd=self.folder,
            env=environment(NODE | {"HUNT_DATABASE_URL": self.as_role(role)} | options),
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def open_hunt(self) -> None:
        """Create and open the hunt ``harbour``."""
        file = self.folder / "harbour.toml"
        file.write_text(HUNT_FILE, "utf-8")
        self.hunt("apply", str(file))
        self.hunt("open", "harbour")

    def prepare(self) -> None:
        """Make roles, schema and rights, in the order of the documentation."""
        self.psql("hunt", FOLDER / "roles.sql")
        self.hunt("migrate", role="hunt_owner")
        self.psql("hunt_owner", FOLDER / "grants.sql")

    @asynccontextmanager
    async def node(self, *prefix: str, name: str = "node", **options: str) -> AsyncIterator[Server]:
        """Run a node with two workers as ``hunt_app``.

        Args:
            prefix: Words before the command of the server, in place of this Python.
            name: Name of its folder.
            options: Settings of PostgreSQL.
        """
        port, folder = free_port(), self.folder / name
        folder.mkdir(exist_ok=True)
        environ = NODE | {"HUNT_DATABASE_URL": self.as_role("hunt_app")} | options
        arguments = [*(prefix or HUNT), "serve", "--bind", f"127.0.0.1:{port}",
                     "--processes", "2", "--data-dir", str(folder)]  # fmt: skip
        with (folder / "node.log").open("ab") as log:
            async with running(arguments, f"http://127.0.0.1:{port}", environ, log=log) as server:
                yield server


@asynccontextmanager
async def prepared(folder: Path, **options: str) -> AsyncIterator[Database]:
    """Run a server with the settings and the roles of ``deploy/postgres``.

    Args:
        folder: Folder for its data.
        options: Settings in place of those of the file.
    """
    given = settings_of("postgresql.conf") | {"archive_mode": "off"} | options
    database = Database(folder, given)
    await database.cluster.init()
    await database.start()
    try:
        database.prepare()
        yield database
    finally:
        await database.stop()
