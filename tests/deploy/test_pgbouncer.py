"""The configuration of PgBouncer in ``deploy``, run by the real daemon."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
import trio
from psycopg.conninfo import make_conninfo

from hunt.store.driver import limits
from tests.deploy.game import playing
from tests.deploy.roles import Database, prepared
from tests.deploy.test_proxies import substitute
from tests.support.pgbouncer import Bouncer, find_program
from tests.support.processes import free_port

FOLDER = Path(__file__).parents[2] / "deploy/pgbouncer"
PASSWORD = "bouncer-password"


@contextmanager
def bounced(database: Database, folder: Path) -> Iterator[tuple[Bouncer, str]]:
    """Run PgBouncer before a server; yield it, and the connection string of ``hunt_app``."""
    port = free_port()
    text = substitute(
        (FOLDER / "pgbouncer.ini").read_text("utf-8"),
        {
            r"host=db\.example port=5432": f"host={database.cluster.socket_folder} port=5432",
            r"0\.0\.0\.0": "127.0.0.1",
            r"6432": str(port),
            r"/etc/pgbouncer/userlist\.txt": str(folder / "userlist.txt"),
            r"default_pool_size = 190": "default_pool_size = 100",
        },
    )
    config, users = folder / "pgbouncer.ini", folder / "userlist.txt"
    config.write_text(text, "utf-8")
    users.write_text(f'"hunt_app" "{PASSWORD}"\n', "utf-8")
    users.chmod(0o644)
    bouncer = Bouncer(config, port, [database.cluster.socket_folder])
    bouncer.start()
    try:
        yield (
            bouncer,
            make_conninfo(
                host="127.0.0.1", port=port, dbname="hunt", user="hunt_app", password=PASSWORD
            ),
        )
    finally:
        bouncer.stop(signal.SIGTERM)


@pytest.mark.usefixtures("unmeasured")
async def test_game_survives_a_stop_and_a_crash_of_pgbouncer(tmp_path: Path) -> None:
    find_program()
    async with prepared(tmp_path / "server") as database:
        database.psql("hunt", FOLDER / "limits.sql")
        database.open_hunt()
        with bounced(database, tmp_path) as (bouncer, conninfo):
            database.hunt("doctor", HUNT_DATABASE_URL=conninfo)  # fails at a finding
            async with database.node(HUNT_DATABASE_URL=conninfo) as server:
                async with playing(server.url) as game:
                    await game.until_settled(20)
                    for how in (signal.SIGTERM, signal.SIGKILL):
                        await trio.to_thread.run_sync(bouncer.stop, how)
                        await trio.to_thread.run_sync(bouncer.start)
                        await game.until_settled(20)
                game.check(database.as_role("hunt_app"), refused=True)
                async with httpx.AsyncClient() as client:
                    metrics = (await client.get(f"{server.url}/metrics")).text
        lost = re.search(r'hunt_faults_total{kind="lost",where="listener"} (\S+)', metrics)
        assert lost is not None
        assert float(lost[1]) >= 2, "it listened through PgBouncer"


async def test_sessions_behind_pgbouncer_have_the_limits_of_hunt(tmp_path: Path) -> None:
    find_program()
    async with prepared(tmp_path / "server") as database:
        database.psql("hunt", FOLDER / "limits.sql")
        with bounced(database, tmp_path) as (_, conninfo), psycopg.connect(conninfo) as connection:
            wanted = {
                "lock_timeout": limits.LOCK,
                "statement_timeout": limits.STATEMENT,
                "idle_in_transaction_session_timeout": limits.IDLE,
                "client_connection_check_interval": limits.CHECK,
            }
            for name, seconds in wanted.items():
                [found] = connection.execute(
                    "select extract(epoch from current_setting(%s)::interval)::float8", (name,)
                ).fetchone() or [None]
                assert found == seconds, name
