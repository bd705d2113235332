"""``hunt bench streams``: the cost of idle streams, and the fan-out of events."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hunt.bench import server_state
from hunt.bench.click_clients import ClickClients, ClickConnection
from hunt.bench.players import Player, PlayerSource
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.result import Result
from hunt.bench.run import Run, percentile
from hunt.bench.stream_clients import CombinedPoller, OpenStreams, StreamClient
from hunt.bench.target import Target
from hunt.errors import HuntError
from hunt.plurals import plural

#: Streams of one player; the default limit of a server is ten.
PER_PLAYER = 5

#: Clicks without a win after which the load fails.
TRIES = 1000

#: Seconds within which an event must reach every stream.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Size of the load."""

    streams: int  #: idle streams, >= 1
    quiet: float  #: seconds for which they are measured
    fan_out: int  #: streams with the wins of all players; 0: none
    events: int  #: number of wins sent to them


def measure(
    target: Target, load: Load, players: PlayerSource, *, processes: ServerProcesses | None = None
) -> Result:
    """Measure idle streams, then the fan-out of wins to other streams.

    Raises:
        HuntError: Streams are refused, or no click wins.
    """
    everyone = players(-(-max(load.streams, load.fan_out) // PER_PLAYER))
    server_state.position(target, everyone[0].token)  # fails early if the tokens are refused
    figures: dict[str, float | None] = {"streams": load.streams}
    problems: list[str] = []
    figures |= _idle(target, load, everyone, processes, problems)
    if load.fan_out:
        figures |= _fan_out(target, load, everyone, processes, problems)
    return Result(figures, {}, problems, Run())


def _tokens(count: int, players: list[Player]) -> list[str]:
    return [players[number % len(players)].token for number in range(count)]


def _idle(
    target: Target,
    load: Load,
    players: list[Player],
    processes: ServerProcesses | None,
    problems: list[str],
) -> dict[str, float | None]:
    ended = 0

    def heard(listener: StreamClient, text: bytes | None) -> None:
        nonlocal ended
        ended += text is None

    poller = CombinedPoller(heard)
    before, began = processes.memory() if processes else None, time.perf_counter()
    try:
        with OpenStreams(target, _tokens(load.streams, players), poller):
            opening = time.perf_counter() - began
            used, began = processes.usage() if processes else None, time.perf_counter()
            while (left := began + load.quiet - time.perf_counter()) > 0:
                poller.wait(left)
            passed = time.perf_counter() - began
            after, used_then = (
                processes.memory() if processes else None,
                processes.usage() if processes else None,
            )
    finally:
        poller.close()
    if ended:
        problems.append(f"{plural(ended, 'idle stream')} ended")
    figures: dict[str, float | None] = {
        "opened_per_second": load.streams / opening,
        "server_mib": None,
        "bytes_per_stream": None,
        "idle_cpu_percent": None,
    }
    if before is not None and after is not None:
        figures["server_mib"] = after / 2**20
        figures["bytes_per_stream"] = (after - before) / load.streams
    if used and used_then:
        figures["idle_cpu_percent"] = (used_then.server - used.server) / passed * 100
    return figures


def _fan_out(
    target: Target,
    load: Load,
    players: list[Player],
    processes: ServerProcesses | None,
    problems: list[str],
) -> dict[str, float | None]:
    reached: set[int] = set()
    times: list[float] = []

    def heard(listener: StreamClient, text: bytes | None) -> None:
        if text and b"event: wins\n" in text:
            reached.add(listener.number)
            times.append(time.perf_counter())

    poller = CombinedPoller(heard)
    spans, whole = [], []
    try:
        with (
            OpenStreams(target, _tokens(load.fan_out, players), poller, everybody=True),
            ClickClients(
                target, players, ground=server_state.ground(target), poller=poller
            ) as clicker,
        ):
            used = processes.usage() if processes else None
            for _ in range(load.events):
                reached.clear()
                times.clear()
                clicked = _win(clicker, poller, reached)
                last = time.perf_counter() + PATIENCE
                while len(reached) < load.fan_out and time.perf_counter() < last:
                    poller.wait(0.1)
                if missed := load.fan_out - len(reached):
                    problems.append(
                        f"a win did not reach {missed} of {plural(load.fan_out, 'stream')}"
                    )
                spans.append(times[-1] - times[0])
                whole.append(times[-1] - clicked)
            used_then = processes.usage() if processes else None
    finally:
        poller.close()
    spans.sort()
    whole.sort()
    figures: dict[str, float | None] = {
        "fan_out": load.fan_out,
        "fan_out_p50_ms": percentile(spans, 0.5) * 1000,
        "fan_out_max_ms": spans[-1] * 1000,
        "fan_out_click_p50_ms": percentile(whole, 0.5) * 1000,
        "cpu_us_per_delivery": None,
    }
    if used and used_then:
        deliveries = load.fan_out * load.events
        figures["cpu_us_per_delivery"] = (used_then.server - used.server) / deliveries * 1e6
    return figures


def _win(clicker: ClickClients, poller: CombinedPoller, reached: set[int]) -> float:
    """Click with one player after another until a win arrives; return the time of its click."""
    clicker.run = Run(began=time.perf_counter(), seconds=PATIENCE)
    for number in range(TRIES):
        connection = clicker.connections[number % len(clicker.connections)]
        clicked = time.perf_counter()
        clicker.click(connection, clicked)
        last = clicked + PATIENCE
        while clicker.waiting and time.perf_counter() < last:
            for each in poller.wait(0.1):
                if isinstance(each, ClickConnection):
                    clicker.receive(each)
        if clicker.won or reached:
            clicker.won = 0
            break
    else:
        raise HuntError(f"nothing was won by {TRIES} clicks: give a --hunt with better odds")
    last = time.perf_counter() + PATIENCE
    while not reached and time.perf_counter() < last:
        poller.wait(0.1)
    if not reached:
        raise HuntError("a win reached none of the streams")
    return clicked
