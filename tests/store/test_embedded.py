from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from hunt.store import embedded
from hunt.store.connection import Connection

HOLD = """
import sys, trio
from pathlib import Path
from hunt.store import embedded

async def main():
    async with embedded.server(Path(sys.argv[1])) as conninfo:
        print(conninfo, flush=True)
        await trio.sleep_forever()

trio.run(main)
"""


async def ask(conninfo: str, query: str) -> object:
    conn = await Connection.connect(conninfo, autocommit=True)
    try:
        row = await (await conn.execute(query)).fetchone()
    finally:
        conn.close_now()
    assert row is not None
    return row[0]


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgresql" / "postmaster.pid").read_text().split()[0])


def gone(pid: int) -> bool:
    """Whether a process has ended; one that its new parent has yet to reap counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_starts_keeps_its_data_and_leaves_nothing_running(tmp_path: Path) -> None:
    data = tmp_path / "with a space"
    async with embedded.server(data) as conninfo:
        pid = postmaster(data)
        await ask(conninfo, "select 1 from (select set_config('a.b', 'c', false)) x")
        conn = await Connection.connect(conninfo, autocommit=True)
        await conn.execute("create table kept as select 7 as n")
        conn.close_now()
        assert await ask(conninfo, "show fsync") == "on"
        assert str(await ask(conninfo, "show server_version")).startswith("18")
        assert not await ask(conninfo, "show listen_addresses")
    assert gone(pid)
    async with embedded.server(data) as conninfo:
        assert await ask(conninfo, "select n from kept") == 7


async def test_a_second_process_uses_the_running_one(tmp_path: Path) -> None:
    async with embedded.server(tmp_path) as first:
        pid = postmaster(tmp_path)
        async with embedded.server(tmp_path) as second:
            assert await ask(second, "select 1") == 1
            assert postmaster(tmp_path) == pid
        assert await ask(first, "select 2") == 2


async def test_is_gone_when_its_owner_is_killed_and_starts_again(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline()
    pid = postmaster(tmp_path)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    async with embedded.server(tmp_path) as conninfo:
        assert await ask(conninfo, "select 1") == 1
        assert postmaster(tmp_path) != pid
        assert gone(pid)


async def test_its_death_ends_the_scope(tmp_path: Path) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(Exception), allow_unwrapped=True, flatten_subgroups=True
    ):
        with trio.fail_after(20):
            async with embedded.server(tmp_path):
                os.kill(postmaster(tmp_path), signal.SIGKILL)
                await trio.sleep_forever()
