"""The upgrade and the way back of ``docs/how-to/upgrade.md``, during a game through HAProxy."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from hunt.store.schema import FUNCTIONS, LATEST
from tests.deploy.game import Game, playing
from tests.deploy.roles import FOLDER, Database, prepared
from tests.deploy.test_proxies import PROGRAMS, Node, restart, site
from tests.support.processes import HUNT, environment

PACKAGE = Path(__file__).parents[2] / "hunt"
VERSION = "99.0"

STEP = "alter table hunts add column rehearsal text;\n"


def next_release(folder: Path, *, step: bool) -> Path:
    """Make a next release; return the folder to put at the beginning of Python's path.

    Args:
        folder: New folder for the copy.
        step: Whether the schema has one more migration.  The text of each function differs.
    """
    copy = folder / "hunt"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for each in (copy / "store/functions").glob("*.sql"):
        each.write_text(f"{each.read_text('utf-8')}-- of the next release\n", "utf-8")
    if step:
        path = copy / f"store/migrations/{LATEST + 1:04}_rehearsal.sql"
        path.write_text(STEP, "utf-8")
    engine = copy / "engine.py"
    text, count = re.subn(
        r"^VERSION = .*$", f'VERSION = "{VERSION}"', engine.read_text("utf-8"), flags=re.MULTILINE
    )
    assert count == 1
    engine.write_text(text, "utf-8")
    return folder


def migrate(database: Database, release: Path | None) -> list[str]:
    """Run ``hunt migrate`` of a release, and grant the rights; return the applied steps."""
    options = {} if release is None else {"PYTHONPATH": str(release)}
    text = database.hunt("migrate", role="hunt_owner", **options)
    database.psql("hunt_owner", FOLDER / "grants.sql")
    return re.findall(r"^applied (.*)$", text, re.MULTILINE)


def refused_start(database: Database, release: Path, folder: Path) -> str:
    """Start a server of a release that refuses the schema; return its output."""
    environ = {
        "PYTHONPATH": str(release), "HUNT_JWT_SECRET": "x" * 32,
        "HUNT_DATABASE_URL": database.as_role("hunt_app"),
    }  # fmt: skip
    command = [*HUNT, "serve", "--bind", "127.0.0.1:0", "--data-dir", str(folder / "early")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment(environ)
    )
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr


async def version(node: Node) -> str:
    """Return the release that a node runs."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{node.port}/metrics")).text
    [found] = re.findall(r'^hunt_build_info\{version="(.*)"\} 1.0$', text, re.MULTILINE)
    return str(found)


async def replace(nodes: list[Node], release: Path | None, game: Game) -> None:
    """Replace each node by one of a release, with a drain."""
    for each in nodes:
        each.server.send(signal.SIGTERM)
        assert await each.server.wait() == 0
        await game.until_settled(5)
        each.release = release
        await restart(each)
        assert (await version(each) == VERSION) == (release is not None)
        await game.until_settled(5)


@pytest.mark.usefixtures("unmeasured")
async def test_upgrade_and_rollback_are_seen_by_no_client(tmp_path: Path) -> None:
    functions = next_release(tmp_path / "functions", step=False)
    schema = next_release(tmp_path / "schema", step=True)
    names = {f"function {each.name}" for each in FUNCTIONS}
    async with (
        prepared(tmp_path / "server") as database,
        site(PROGRAMS["haproxy"], database.as_role("hunt_app"), tmp_path) as behind,
    ):
        async with playing(behind.url) as game:
            await game.until_settled(5)
            for release in (functions, None) * 3:
                assert set(migrate(database, release)) == names
                await game.until_settled(3)

            output = refused_start(database, schema, tmp_path)
            assert f"needs {LATEST + 1}: run 'hunt migrate'" in output

            assert set(migrate(database, schema)) == names | {f"{LATEST + 1:04} rehearsal"}
            await game.until_settled(5)
            await replace(behind.nodes, schema, game)
            assert migrate(database, None) == [], "an older release leaves a newer schema alone"
            await replace(behind.nodes, None, game)
        game.check(database.as_role("hunt_app"))
