"""Assembles the streams of one process, and the bus that notifies them of commits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from hunt import valkey_url
from hunt.bus.valkey import ValkeyBus
from hunt.connection_limits import connection_limits
from hunt.core.bans import BanList
from hunt.core.token_verifier import TokenVerifier
from hunt.metrics.recorder import Recorder
from hunt.service.broadcast import Broadcast
from hunt.service.catalogue import Catalogue
from hunt.service.hub import Hub
from hunt.service.streams import Streams
from hunt.service.tail import Tail
from hunt.settings import Settings
from hunt.store.log import Log


def make_streams(
    settings: Settings,
    log: Log,
    *,
    catalogue: Catalogue,
    tokens: TokenVerifier,
    bans: BanList,
    recorder: Recorder,
    went_back: Callable[[str, int], Awaitable[None]],
    advanced: Callable[[str], None],
    jitter: Callable[[], float],
) -> Streams:
    """Return the streams of one process.

    Args:
        settings: Limits of the streams.
        log: The log of commits.
        catalogue: Has every hunt; refreshed when a notice names an unknown one.
        tokens: Ends the streams of tokens that expire.
        bans: Ends the streams of banned players.
        recorder: Counts slow consumers, and measures the lag of the bus.
        went_back: Called with a hunt's id and a committed seq, if the log ends before that seq.
        advanced: Called with a hunt's id when its log may have grown; must not block.
        jitter: Uniform in [0, 1), spreads retries.
    """
    hub = Hub(
        epoch=catalogue.epoch,
        per_player=settings.max_streams_per_player,
        per_address=connection_limits(settings).per_address,
        jitter=jitter,
        clock=time.time,
        tokens=tokens,
        bans=bans,
        slow=recorder.cut_off,
    )
    tail = Tail(
        read=log.read,
        last=log.last,
        publish=hub.publish,
        wanted=hub.wanted,
        went_back=went_back,
        advanced=advanced,
        jitter=jitter,
    )
    return Streams(
        tail, hub, Broadcast(hub), refresh=catalogue.refresh_soon, bus_lag=recorder.bus_lag
    )


def make_bus(
    settings: Settings,
    streams: Streams,
    catalogue: Catalogue,
    *,
    name: str,
    jitter: Callable[[], float],
) -> ValkeyBus | None:
    """Return the bus by Valkey; None if the commits themselves send notices.

    Args:
        settings: Address of the Valkey server.
        streams: Get the notices of other processes.
        catalogue: Has every hunt.
        name: Name of this process, whose own notices are ignored.
        jitter: Uniform in [0, 1), spreads retries.
    """
    if settings.bus_url is None:
        return None
    bus = ValkeyBus(
        valkey_url.parse(settings.bus_url),
        own=name,
        notice=streams.notice,
        epoch=catalogue.epoch,
        wanted=streams.hub.hunts,
        joined=streams.tail.resync,
        jitter=jitter,
    )
    streams.hub.first = bus.follow_soon
    return bus
