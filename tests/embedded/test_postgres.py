from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import trio
from psycopg import pq
from structlog.testing import capture_logs

from hunt.embedded import postgres
from hunt.store.driver.connection import Connection
from tests.faults.rig import disk
from tests.support.embedded_postgres import HOLD, ask, gone, postmaster


async def test_server_starts_keeps_its_data_and_ends_completely(tmp_path: Path) -> None:
    data = tmp_path / "with a space"
    async with postgres.server(data) as conninfo:
        pid = postmaster(data)
        await ask(conninfo, "select 1 from (select set_config('a.b', 'c', false)) x")
        conn = await Connection.connect(conninfo, autocommit=True)
        await conn.execute("create table kept as select 7 as n")
        conn.close_now()
        assert await ask(conninfo, "show fsync") == "on"
        assert str(await ask(conninfo, "show server_version")).startswith("18")
        assert not await ask(conninfo, "show listen_addresses")
    assert gone(pid)
    async with postgres.server(data) as conninfo:
        assert await ask(conninfo, "select n from kept") == 7


async def test_second_process_uses_the_running_server(tmp_path: Path) -> None:
    async with postgres.server(tmp_path) as first:
        pid = postmaster(tmp_path)
        async with postgres.server(tmp_path) as second:
            assert await ask(second, "select 1") == 1
            assert postmaster(tmp_path) == pid
        assert await ask(first, "select 2") == 2


async def test_server_ends_when_its_owner_is_killed_and_starts_again(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline()
    pid = postmaster(tmp_path)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    async with postgres.server(tmp_path) as conninfo:
        assert await ask(conninfo, "select 1") == 1
        assert postmaster(tmp_path) != pid
        assert gone(pid)


async def test_killed_server_is_started_again_at_the_same_address(tmp_path: Path) -> None:
    async with postgres.server(tmp_path) as conninfo:
        before = postmaster(tmp_path)
        os.kill(before, signal.SIGKILL)
        await wait_answer(conninfo)
        after = postmaster(tmp_path)
        assert after != before
    assert gone(after)


async def test_restarts_are_spaced_out_and_logged(tmp_path: Path) -> None:
    async with postgres.server(tmp_path, jitter=lambda: 1.0) as conninfo:
        control = tmp_path / "postgresql" / "global" / "pg_control"
        with capture_logs() as lines:
            control.rename(tmp_path / "pg_control")
            os.kill(postmaster(tmp_path), signal.SIGKILL)
            with trio.fail_after(60):
                while len(lines) < 4:
                    await trio.sleep(0.05)
            (tmp_path / "pg_control").rename(control)
            with trio.fail_after(60):  # the server answers before its start is logged
                while lines[-1]["event"] != "embedded postgresql restarted":
                    await trio.sleep(0.05)
            await wait_answer(conninfo)
    said = [(each["event"], each.get("retry_in")) for each in lines]
    failed = "embedded postgresql start failed"
    assert said[:4] == [
        ("embedded postgresql exited", 0.4), (failed, 0.8), (failed, 1.6), (failed, 3.2),
    ]  # fmt: skip
    assert said[-1] == ("embedded postgresql restarted", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
async def test_server_on_a_full_disk_is_started_again_until_there_is_space(tmp_path: Path) -> None:
    data, filler = tmp_path / "disk" / "data", tmp_path / "disk" / "filler"
    with disk(tmp_path / "disk", 150):
        async with postgres.server(data, jitter=lambda: 1.0) as conninfo:
            with capture_logs() as lines:
                fill(filler)
                os.kill(postmaster(data), signal.SIGKILL)
                with trio.fail_after(60):
                    while len(lines) < 4:
                        fill(filler)  # a server that ends frees disk space
                        await trio.sleep(0.05)
                assert [each.get("retry_in") for each in lines[:4]] == [0.4, 0.8, 1.6, 3.2]
                assert len(list(data.glob("postgresql.*.conf*"))) <= 3, "nothing is left behind"
                filler.unlink()
                await wait_answer(conninfo)


def fill(file: Path) -> None:
    """Write to `file` until the disk is full."""
    with suppress(OSError), file.open("ab", buffering=0) as filler:
        for size in (2**20, 1):
            with suppress(OSError):
                while True:
                    filler.write(b"x" * size)


async def wait_answer(conninfo: str) -> None:
    """Return once the server answers."""
    with trio.fail_after(60):
        while True:
            try:
                assert await ask(conninfo, "select 1") == 1
            except psycopg.OperationalError:
                await trio.sleep(0.05)
            else:
                return


def hostile_variables() -> dict[str, str]:
    """Return every variable of libpq, with values that would redirect or stop a client."""
    names = [each.envvar.decode() for each in pq.Conninfo.get_defaults() if each.envvar]
    names += ["PGSERVICEFILE", "PGSYSCONFDIR", "PGDATA", "PGLOCALEDIR", "PGDATESTYLE", "PGTZ"]
    values = {
        "PGPORT": "1", "PGHOST": "127.0.0.1", "PGHOSTADDR": "127.0.0.1", "PGOPTIONS": "-c nosuch=1",
        "PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "scram-sha-256",
        "PGGSSENCMODE": "require", "PGSSLMODE": "verify-full", "PGSSLNEGOTIATION": "direct",
        "PGCLIENTENCODING": "SQL_ASCII", "PGCONNECT_TIMEOUT": "x", "PGREQUIREPEER": "bin",
        "PGMINPROTOCOLVERSION": "3.9", "PGUSER": "nobody", "PGDATABASE": "postgres",
    }  # fmt: skip
    return {name: values.get(name, "nonsense") for name in names}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the data folder of a server of another process, started with hostile variables."""
    folder = tmp_path_factory.mktemp("running")
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdout=subprocess.PIPE,
        env=os.environ | hostile_variables(),
    )
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline()
    yield folder
    owner.kill()
    owner.wait()


@pytest.mark.parametrize("name", hostile_variables())
async def test_variables_of_libpq_are_ignored(
    name: str, running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, hostile_variables()[name])
    async with postgres.server(running) as conninfo:
        assert await ask(conninfo, "select current_user || current_database()") == "hunthunt"
        assert await ask(conninfo, "show client_encoding") == "UTF8"
        assert name not in os.environ, "server processes would inherit it"
