"""All that an engine needs of PostgreSQL, opened together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from hunt.errors import SettingsError, StoreError
from hunt.logs import FaultLog
from hunt.store import connection_checks, schema, setting_checks
from hunt.store.audit import Audit
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.driver.servers import Servers
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.log import Log
from hunt.store.players import Players

#: Seconds to connect in, at the start, before it is tried again.
START = 4.0

log = FaultLog("hunt")


class Store:
    """Log, hunts, players and notices, on one pool and one connection to listen on.

    Args:
        pool: The caller's, to open and to close.
        conninfo: Where the pool connects to.
        listen: Where notices come from.
    """

    def __init__(self, pool: Pool, conninfo: Servers, listen: Servers) -> None:
        self._pool = pool
        self._conninfo = conninfo
        self.name = os.urandom(8).hex()  #: of this process, in its notices
        self.log = Log(pool, by=self.name)
        self.hunts = Hunts(pool)
        self.players = Players(pool)
        self.audit = Audit(pool)
        self.leaderboard = StoredLeaderboard(pool)
        self.listening = Listener(listen).listening
        self.states = pool.states
        self.faults = pool.faults
        self.on_recovery = pool.on_recovery

    async def wait_fit(self) -> None:
        """Return once the database answers, with the schema and the durability it must have.

        Raises:
            SettingsError: It answers, and has not.
        """
        while True:
            try:
                async with self._pool.connection(timeout=START, insist=True) as conn:
                    if lacking := await schema.lacking(conn):
                        raise SettingsError(f"{lacking}: run 'hunt migrate'")
                    found = [
                        *await setting_checks.check(conn),
                        await connection_checks.prepared(self._conninfo),
                    ]
                for finding in found:
                    if not finding.ok:
                        raise SettingsError(f"{finding.detail}: {finding.cure}")
            except StoreError as exc:
                log.warning("waiting for the database", error=str(exc))
                await trio.sleep(0.5)
            else:
                return


@asynccontextmanager
async def open_store(conninfo: str, *, listen: str | None, size: int) -> AsyncIterator[Store]:
    """Yield a store; connects to nothing by itself.

    Args:
        conninfo: As of libpq.
        listen: Where notices come from, if not from there.
        size: Connections, >= 1, at most, besides the one that listens.
    """
    servers = Servers(conninfo)
    listeners = servers if listen in {None, conninfo} else Servers(listen)
    async with open_pool(servers, size=size) as pool:
        yield Store(pool, servers, listeners)
