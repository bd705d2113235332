"""A PostgreSQL of one test, which can be stopped, frozen, killed and filled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import starmap
from pathlib import Path
from typing import Any

import trio
from psycopg.conninfo import make_conninfo

from hunt.bench.process_usage import descendants, process_table
from hunt.core.events import Reward
from hunt.embedded.cluster import SOCKET, Cluster
from hunt.embedded.data_folder import make_private, open_cluster
from hunt.store import schema
from hunt.store.driver.connection import Connection
from hunt.subprocesses import wait_exit
from hunt.testing.stored_log import PrizeCount, StoredLog
from tests.faults import codes
from tests.support import stored_chain
from tests.support.pg_hba import trusting

OPTIONS = {"max_connections": "60", "shared_buffers": "32MB", "deadlock_timeout": "200ms"}

ROWS = """
    select r.seq, r.click_id::text, r.player, r.prize, r.points, hunt_time(r.at),
           r.x, r.y, r.sold_out
      from rewards r join hunts h on h.number = r.hunt where h.id = %s
"""
STOCKS = """
    select z.id, z.granted, p -> 'stock', p -> 'per_player'
      from hunts h join prizes z on z.hunt = h.number
      join jsonb_array_elements(h.definition -> 'prizes') p on p ->> 'id' = z.id
     where h.id = %s and (p -> 'stock' <> 'null' or p -> 'per_player' <> 'null')
"""
VOIDS = """
    select c.seq, c.at from reward_changes c join hunts h on h.number = c.hunt
     where h.id = %s and c.state = 'void'
"""


class Postgres:
    """One cluster, and its server while it runs.

    Args:
        folder: Folder for its data; made if missing.
        options: Settings of PostgreSQL.
    """

    def __init__(self, folder: Path, options: Mapping[str, str] | None = None) -> None:
        make_private(folder)
        self.folder = folder
        self.options = {**OPTIONS, **trusting(folder), **(options or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self.cluster: Cluster = open_cluster(folder)

    @property
    def socket(self) -> str:
        """The path of its socket."""
        return str(self.cluster.socket_folder / SOCKET)

    @property
    def conninfo(self) -> str:
        """The connection string, without a proxy."""
        return make_conninfo(host=str(self.cluster.socket_folder), dbname="hunt", user="hunt")

    async def init(self) -> None:
        """Make the cluster with the schema, and leave it stopped."""
        await self.cluster.init()
        await self.start()
        async with await self.connect() as conn:
            await schema.migrate(conn)
        await self.stop()

    def copy(self, template: Path) -> None:
        """Copy the data of another cluster, which is stopped."""
        subprocess.run(["cp", "-a", template, self.folder], check=True)
        self.cluster = open_cluster(self.folder)

    async def base_backup(self, folder: Path, *options: str) -> None:
        """Copy the running cluster to `folder` (pg_basebackup)."""
        folder.mkdir(mode=0o700)
        if self.cluster.launcher.user is not None:
            os.chown(folder, *self.cluster.launcher.user)
        program = self.cluster.programs / "pg_basebackup"
        await self.cluster.launcher.run(
            [program, "-D", folder, "-d", self.conninfo, "--checkpoint=fast", *options]
        )

    async def follow(self, primary: Postgres, *, synchronous: bool) -> None:
        """Become a standby of `primary`, which then waits for it with each commit, or not."""
        await primary.base_backup(self.cluster.path, "-R", "-X", "stream")
        self.cluster = open_cluster(self.folder)  # it runs as the user of the primary
        await self.start()
        if synchronous:
            await primary.execute("alter system set synchronous_standby_names = '*'")
            await primary.execute("select pg_reload_conf()")
        state = "sync" if synchronous else "async"
        with trio.fail_after(10):
            while [(state,)] != await primary.execute(
                "select sync_state from pg_stat_replication where state = 'streaming'"
            ):
                await trio.sleep(0.02)

    async def stop_sending(self) -> None:
        """Make the standby lag behind from now on."""
        [[pid]] = await self.execute("select pid from pg_stat_replication")
        os.kill(pid, signal.SIGSTOP)

    async def kill(self) -> None:
        """Kill all processes at once, like the loss of a machine."""
        process, self.process = self.process, None
        assert process is not None
        self._signal(process.pid, signal.SIGKILL)
        await self.cluster.stop(process)

    def restore(self, backup: Path) -> None:
        """Replace the data of the stopped cluster by those of `backup`."""
        shutil.rmtree(self.cluster.path)
        shutil.move(backup, self.cluster.path)

    async def start(self) -> None:
        """Start the server; return once it accepts connections."""
        await self.cluster.recover()
        self.process = await self.cluster.start(self.options)

    async def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT is fast, SIGQUIT immediate (as ``pg_ctl stop -m``)."""
        process, self.process = self.process, None
        if process is None:
            return
        with trio.CancelScope(shield=True):
            self._signal(process.pid, signal.SIGCONT)
            process.send_signal(how)
            with trio.move_on_after(20):
                await wait_exit(process.pid)
            await self.cluster.stop(process)

    def processes(self) -> list[int]:
        """Return the ids of the postmaster and of all its child processes."""
        assert self.process is not None
        return sorted(descendants([self.process.pid], process_table()))

    def freeze(self) -> None:
        """Stop all processes (SIGSTOP); the kernel still acknowledges packets."""
        assert self.process is not None
        self._signal(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the stopped processes."""
        if self.process is not None:
            self._signal(self.process.pid, signal.SIGCONT)

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        # The postmaster first, so that it starts no process in between.
        for each in (pid, *sorted(descendants([pid], process_table()) - {pid})):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    async def connect(self) -> Connection:
        """Return a connection in autocommit mode, without a proxy."""
        return await Connection.connect(self.conninfo, application_name="rig", autocommit=True)

    async def execute(
        self, query: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[Any]:
        """Run one statement; return its rows."""
        async with await self.connect() as conn:
            cursor = await conn.execute(query, values or None)
            return await cursor.fetchall() if cursor.description else []

    async def terminate(self, where: str = "true") -> int:
        """End the backends of hunt for which `where` holds; return how many there were."""
        rows = await self.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            f" where application_name = 'hunt' and {where}"
        )
        return len(rows)

    async def books(self, hunt: str) -> StoredLog:
        """Return the stored log of a hunt, from one snapshot."""
        async with await self.connect() as conn, conn.transaction():
            await conn.execute("set transaction isolation level repeatable read")
            cursor = await conn.execute("select epoch, last_seq from hunts where id = %s", [hunt])
            found = await cursor.fetchone()
            assert found is not None
            rows = await (await conn.execute(ROWS, [hunt])).fetchall()
            stocks = await (await conn.execute(STOCKS, [hunt])).fetchall()
            voids = await (await conn.execute(VOIDS, [hunt])).fetchall()
            stored = await codes.stored(conn, hunt)
            cursor = await conn.execute(stored_chain.QUERY, [hunt])
            chain = stored_chain.of(await cursor.fetchone(), codes.RING)
        return StoredLog(
            hunt=hunt,
            epoch=found[0],
            last_seq=found[1],
            rows=list(starmap(Reward, rows)),
            stocks=[
                PrizeCount(prize=prize, granted=granted, stock=stock, per_player=per_player)
                for prize, granted, stock, per_player in stocks
            ],
            voids=dict(voids),
            codes=stored,
            chain=chain,
        )


@asynccontextmanager
async def running(
    folder: Path, template: Path | None, options: Mapping[str, str] | None = None
) -> AsyncIterator[Postgres]:
    """Run a copy of the cluster `template` for the block; remove it at the end."""
    postgres = Postgres(folder, options)
    try:
        if template is None:
            await postgres.init()
        else:
            postgres.copy(template)
        await postgres.start()
        yield postgres
    finally:
        await postgres.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)
