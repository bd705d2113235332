"""The size of an installation for a load, computed from measured costs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from msgspec import Struct

#: Seconds between two heartbeats of a stream, by default.
HEARTBEAT = 15.0

#: Nodes, at least, so that one may fail.
LEAST_NODES = 2

#: Nodes, at most, that are tried.
MOST_NODES = 10_000


class Pace(Struct, frozen=True):
    """Costs of a click at one rate of clicks to one hunt in one process."""

    rate: float  #: clicks a second
    server_ms: float  #: CPU of hunt for 1,000 clicks, in milliseconds
    postgres_ms: float  #: CPU of PostgreSQL for 1,000 clicks, in milliseconds


class Figures(Struct, frozen=True):
    """Measured costs."""

    paces: Sequence[Pace]  #: by rising rate, >= 2
    one_hunt: float  #: highest rate of one hunt that was reached, in clicks a second
    process_mib: float  #: memory of a process without streams
    stream_bytes: float  #: memory of one more stream
    process_streams: int  #: streams of the process that was measured
    heartbeat_us: float  #: CPU of one heartbeat, in microseconds
    delivery_us: float  #: CPU of one event to one stream, in microseconds
    request_bytes: float  #: of a click's request, with its token
    response_bytes: float
    event_bytes: float  #: of a reward on the player's stream
    heartbeat_bytes: float
    wal_bytes: float  #: write-ahead log of one click


class Load(Struct, frozen=True):
    """The load of an installation, and its machines."""

    players: int  #: players with a connection for clicks
    clicks: float  #: a second, all players together
    streams: int  #: open event streams
    hunts: int  #: hunts that share the clicks evenly, >= 1
    cores: int  #: cores of a node, >= 1; a process for each
    utilization: float  #: share of these cores that may be used, in (0, 1]
    pool: int  #: connections of the pool of one process


class Size(Struct, frozen=True):
    """An installation; rates are per second, of all nodes together."""

    nodes: int
    processes: int  #: of all nodes
    server_cores: float  #: used
    postgres_cores: float  #: used
    process_mib: float  #: memory of one process
    node_mib: float  #: memory of the processes of one node
    client_connections: int  #: to all nodes
    descriptors: int  #: file descriptors of one process, for clients
    postgres_connections: int
    inbound_bytes: float  #: from clients
    outbound_bytes: float  #: to clients
    wal_bytes: float  #: to each standby
    beyond: Sequence[str]  #: parts of the load that exceed the measurements


def size(figures: Figures, load: Load) -> Size:
    """Return the smallest installation for a load.

    More processes share a hunt's clicks in smaller batches, which cost more.

    Raises:
        ValueError: No number of nodes is enough.
    """
    for nodes in range(LEAST_NODES, MOST_NODES):
        processes = nodes * load.cores
        server, postgres = _cores(figures, load, processes)
        streams = math.ceil(load.streams / processes)
        if server <= processes * load.utilization and streams <= figures.process_streams:
            break
    else:
        raise ValueError(f"{MOST_NODES} nodes are not enough")
    clients = load.players + load.streams
    process_mib = figures.process_mib + streams * figures.stream_bytes / 2**20
    return Size(
        nodes=nodes,
        processes=processes,
        server_cores=server,
        postgres_cores=postgres,
        process_mib=process_mib,
        node_mib=process_mib * load.cores,
        client_connections=clients,
        descriptors=math.ceil(clients / processes),
        postgres_connections=processes * (load.pool + 1),  # one listens
        inbound_bytes=load.clicks * figures.request_bytes,
        outbound_bytes=load.clicks * (figures.response_bytes + figures.event_bytes)
        + load.streams / HEARTBEAT * figures.heartbeat_bytes,
        wal_bytes=load.clicks * figures.wal_bytes,
        beyond=_beyond(figures, load),
    )


def costs(paces: Sequence[Pace], rate: float) -> tuple[float, float]:
    """Return CPU of hunt and of PostgreSQL for one click, in seconds.

    Between two measured rates the cost follows the logarithm of the rate; beyond them it is
    that of the nearest one.

    Args:
        paces: By rising rate.
        rate: Clicks a second to one hunt in one process.
    """
    if rate <= paces[0].rate:
        return paces[0].server_ms / 1e6, paces[0].postgres_ms / 1e6
    for below, above in itertools.pairwise(paces):
        if rate <= above.rate:
            share = math.log(rate / below.rate) / math.log(above.rate / below.rate)
            return (
                (below.server_ms + share * (above.server_ms - below.server_ms)) / 1e6,
                (below.postgres_ms + share * (above.postgres_ms - below.postgres_ms)) / 1e6,
            )
    return paces[-1].server_ms / 1e6, paces[-1].postgres_ms / 1e6


def _cores(figures: Figures, load: Load, processes: int) -> tuple[float, float]:
    """Return the cores that hunt and PostgreSQL use with a number of processes."""
    server, postgres = costs(figures.paces, load.clicks / load.hunts / processes)
    delivered = load.clicks * min(load.streams / max(load.players, 1), 1.0)
    beside = load.streams / HEARTBEAT * figures.heartbeat_us + delivered * figures.delivery_us
    return load.clicks * server + beside / 1e6, load.clicks * postgres


def _beyond(figures: Figures, load: Load) -> list[str]:
    found = []
    if load.clicks / load.hunts > figures.one_hunt:
        found.append(
            f"one hunt: at most {figures.one_hunt:,.0f} clicks/s were measured, because its "
            "batches commit one after the other; use more hunts"
        )
    if load.hunts == 1 and load.clicks > 0 and load.clicks < figures.paces[0].rate:
        found.append(f"fewer than {figures.paces[0].rate:,.0f} clicks/s were not measured")
    return found
