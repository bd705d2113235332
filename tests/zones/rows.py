"""The rows of the table of zones: what happens to a site under a game."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import trio

from tests.zones.network import EDGE, ZONES
from tests.zones.site import PRIMARY, STANDBY, VALKEY, Site

Event = Callable[[Site], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Row:
    """One run."""

    name: str
    says: str  #: text in the table
    event: Event
    lasts: float = 0.0  #: seconds that the event stays in force
    clocks: Mapping[int, str] = field(default_factory=dict)  #: zone -> difference of its clock
    ci: bool = False  #: part of the normal test suite
    recovered: float = 8.0  #: seconds, at most, from the end of the event to the last failed click


@asynccontextmanager
async def cut_zone(site: Site) -> AsyncIterator[None]:
    """Cut off the zone with Valkey and a node."""
    site.network.cut(VALKEY)
    yield
    site.network.cut(VALKEY, cut=False)


@asynccontextmanager
async def lose_primary(site: Site) -> AsyncIterator[None]:
    """Cut off the primary's zone; fence the primary and promote its standby, as an agent does."""
    site.network.cut(PRIMARY)
    yield
    await site.primary.kill()
    await site.standby.execute("select pg_promote()")
    site.primary, site.standby = site.standby, site.primary
    # The zone comes back with its node, and without its database.
    site.network.cut(PRIMARY, cut=False)


@asynccontextmanager
async def lose_one_way(site: Site) -> AsyncIterator[None]:
    """Lose three of ten packets from the zone of Valkey to all others, and none to it."""
    for other in (EDGE, PRIMARY, STANDBY):
        site.network.lose(VALKEY, other, 0.3)
    yield
    for other in (EDGE, PRIMARY, STANDBY):
        site.network.lose(VALKEY, other, 0.0)


@asynccontextmanager
async def slow(site: Site) -> AsyncIterator[None]:
    """Have each packet between places take 200 ms."""
    site.network.delay(0.2)
    yield
    site.network.delay()


@asynccontextmanager
async def drain_zone(site: Site) -> AsyncIterator[None]:
    """Drain a zone's node, and bring it back."""
    await site.nodes[STANDBY].drain()
    yield
    await site.nodes[STANDBY].start()


@asynccontextmanager
async def upgrade(site: Site) -> AsyncIterator[None]:
    """Replace all nodes, one after the other."""
    for zone in ZONES:
        await site.nodes[zone].drain()
        await site.nodes[zone].start()
        await trio.sleep(1.5)  # until HAProxy has seen it twice
    yield


@asynccontextmanager
async def nothing(site: Site) -> AsyncIterator[None]:
    """Let the game go on."""
    yield


ROWS = {
    row.name: row
    for row in (
        Row("zone-cut", "the zone of Valkey and a node cut off for 5 s", cut_zone, 5.0, ci=True),
        Row(
            "primary-lost", "the primary's zone lost, its standby promoted after 4 s",
            lose_primary, 4.0, recovered=15.0,
        ),
        Row("one-way-loss", "30 % of packets lost one way, for 5 s", lose_one_way, 5.0),
        Row("slow", "200 ms between all zones, each way, for 5 s", slow, 5.0),
        Row("zone-drained", "a zone drained for 3 s", drain_zone, 3.0),
        Row("upgrade", "all nodes replaced, one zone after the other", upgrade),
        Row(
            "clocks", "wall clocks 5 s ahead and 5 s behind", nothing, 5.0,
            clocks={2: "+5s", 3: "-5s"},
        ),
    )
}  # fmt: skip
