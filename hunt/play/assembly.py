"""Construction of the play API from the services of a process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping

import trio

from hunt.core.address_players import AddressPlayers
from hunt.core.bans import BanList
from hunt.core.hunts import Hunt
from hunt.core.proxies import Proxies
from hunt.core.token_verifier import TokenVerifier
from hunt.metrics.recorder import Recorder
from hunt.play.access_log import AccessLog
from hunt.play.auth import Authenticator
from hunt.play.greeting import Greeter, Log
from hunt.play.play import Play
from hunt.play.reconnect import Reconnect
from hunt.play.stream import StreamServices
from hunt.service.hub import Hub
from hunt.service.intake import Intake
from hunt.service.limits import Limits
from hunt.service.tracing import ClickTracing, Tracer
from hunt.settings import Settings


def assemble(
    settings: Settings,
    *,
    hunts: Mapping[str, Hunt],
    tokens: TokenVerifier,
    limits: Limits,
    bans: BanList,
    proxies: Proxies,
    intake: Intake,
    hub: Hub,
    log: Log,
    position: Callable[[str], int],
    metrics: Recorder,
    faults: Counter[str],
    jitter: Callable[[], float],
    tracing: ClickTracing | None,
    tracer: Tracer | None,
) -> Play:
    """Return the play API of a process.

    Args:
        settings: The settings of the server.
        hunts: Every hunt, by id; the catalogue keeps it current.
        tokens: Verifies tokens.
        limits: Rate limits of players and addresses.
        bans: The bans in force.
        proxies: Finds the client's address behind trusted proxies.
        intake: Draws clicks and puts them into their lanes.
        hub: Publishes rewards and wins to subscribers.
        log: Read for missed rewards.
        position: Returns the last seq of a hunt's log that this process has seen.
        metrics: Counts requests, refused clicks and deliveries.
        faults: Its key ``resume`` counts streams that could not be resumed.
        jitter: Returns a number in [0, 1), to spread reconnects.
        tracing: Follows traced clicks; None: none is followed.
        tracer: Exports spans; None: there are none.
    """
    reconnect = Reconnect(jitter)
    greeter = Greeter(
        log,
        position=position,
        replay_limit=settings.replay_limit,
        heartbeat=settings.heartbeat,
        reconnect=reconnect,
        faults=faults,
    )
    streams = StreamServices(
        hub=hub,
        greeter=greeter,
        metrics=metrics,
        reconnect=reconnect,
        buffer=settings.stream_buffer,
        heartbeat=settings.heartbeat,
        clock=trio.current_time,
    )
    return Play(
        hunts=hunts,
        authenticator=Authenticator(tokens, origins=settings.allowed_origins, clock=time.time),
        limits=limits,
        bans=bans,
        addresses=AddressPlayers(trio.current_time),
        proxies=proxies,
        intake=intake,
        streams=streams,
        metrics=metrics,
        access=AccessLog(settings, trio.current_time, metrics.requests, tracer),
        clock=trio.current_time,
        tracing=tracing,
    )
