"""The store: log, hunts, players, audit trail and notices on one connection pool."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import trio

from hunt.core.key_ring import KeyRing
from hunt.errors import SettingsError, StoreError
from hunt.logs import FaultLog
from hunt.store import connection_checks, schema, setting_checks, winners
from hunt.store.announcements import Announcements
from hunt.store.anomalies import StoredAnomalies
from hunt.store.audit import Audit
from hunt.store.bans import StoredBans
from hunt.store.bundles import Bundles
from hunt.store.campaign_schedule import CampaignSchedule
from hunt.store.campaign_standings import CampaignStandings
from hunt.store.campaigns import Campaigns
from hunt.store.challenges import UsedChallenges
from hunt.store.change_events import ChangeEvents
from hunt.store.codes import Codes
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.driver.servers import Servers
from hunt.store.hunts import Hunts
from hunt.store.leaderboard import StoredLeaderboard
from hunt.store.log import Log
from hunt.store.log_events import LogEvents
from hunt.store.names import StoredNames
from hunt.store.players import Players
from hunt.store.proofs import Proofs
from hunt.store.retention import Retention
from hunt.store.reward_states import RewardStates
from hunt.store.schedule import Schedule
from hunt.store.webhook_leases import WebhookLeases
from hunt.store.webhooks import Webhooks
from hunt.store.winners import Filter, Winner

#: Longest time for a connection at the start, in seconds, before the next attempt.
START = 4.0

log = FaultLog("hunt")


class Store:
    """The parts of the store, on one connection pool and one connection for notices.

    Args:
        pool: Opened and closed by the caller.
        conninfo: The servers of the pool.
        listen: The servers to listen on for notices.
        notify: Whether commits send notices to other processes.
        ring: Keys of encrypted data.
    """

    def __init__(
        self,
        pool: Pool,
        conninfo: Servers,
        listen: Servers,
        *,
        notify: bool = True,
        ring: KeyRing | None = None,
    ) -> None:
        self._pool = pool
        self._conninfo = conninfo
        self.name = os.urandom(8).hex()  #: name of this process in its notices
        self.log = Log(pool, by=self.name if notify else None, ring=ring)
        self.announcements = Announcements(pool)
        self.anomalies = StoredAnomalies(pool)
        self.hunts = Hunts(pool, ring)
        self.players = Players(pool)
        self.names = StoredNames(pool)
        self.reward_states = RewardStates(pool)
        self.retention = Retention(pool)
        self.audit = Audit(pool)
        self.log_events = LogEvents(pool)
        self.change_events = ChangeEvents(pool)
        self.ring = KeyRing(()) if ring is None else ring
        self.webhooks = Webhooks(pool, self.ring)
        numbers = count()
        self.webhook_leases = WebhookLeases(pool, lambda: f"{self.name}-{next(numbers)}")
        self.leaderboard = StoredLeaderboard(pool)
        self.codes = Codes(pool, self.ring)
        self.proofs = Proofs(pool, self.ring)
        self.bundles = Bundles(pool, self.ring)
        self.bans = StoredBans(pool)
        self.schedule = Schedule(pool, ring)
        self.campaign_schedule = CampaignSchedule(pool)
        self.used_challenges = UsedChallenges(pool)
        self.campaigns = Campaigns(pool, ring)
        self.campaign_standings = CampaignStandings(pool, ring)
        self.listening = Listener(listen).listening
        self.states = pool.states
        self.faults = pool.faults
        self.on_recovery = pool.on_recovery

    async def winners(
        self, hunt: str, wanted: Filter, *, after: int, limit: int, fields: bool = False
    ) -> tuple[list[Winner], int | None]:
        """Return a page of winners with their codes; see `hunt.store.winners.page`."""
        return await winners.page(
            self._pool, hunt, wanted, after=after, limit=limit, ring=self.ring, fields=fields
        )

    def export(
        self, hunt: str, *, after: int, limit: int, every: bool
    ) -> AsyncGenerator[list[Winner], None]:
        """Return the pages of an export; see `hunt.store.winners.pages`."""
        return winners.pages(self._pool, hunt, Filter(), after=after, limit=limit, every=every)

    async def wait_fit(self) -> None:
        """Wait until the database answers, then check its schema and settings.

        Raises:
            SettingsError: A check failed; the message says how to repair it.
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
                log.store_error("database not reachable, retrying", exc)
                await trio.sleep(0.5)
            else:
                return


@asynccontextmanager
async def open_store(
    conninfo: str,
    *,
    listen: str | None,
    size: int,
    notify: bool = True,
    ring: KeyRing | None = None,
) -> AsyncIterator[Store]:
    """Yield a store, which connects when it is first used.

    Args:
        conninfo: Connection string of libpq.
        listen: Connection string for notices; None: the same.
        size: Largest number of connections, >= 1, besides the one for notices.
        notify: Whether commits send notices to other processes; see `Store`.
        ring: Keys of encrypted data.
    """
    servers = Servers(conninfo)
    listeners = servers if listen in {None, conninfo} else Servers(listen)
    async with open_pool(servers, size=size) as pool:
        yield Store(pool, servers, listeners, notify=notify, ring=ring)
