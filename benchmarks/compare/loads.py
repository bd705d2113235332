"""The loads of the comparison."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import serving
from benchmarks.compare import wrk
from benchmarks.compare.contender import Contender, Running
from hunt.bench import clicks, game, streams
from hunt.bench.result import Result

#: Applies a load to a server for one turn.
Turn = Callable[[Running], Result]


def closed(connections: int, seconds: float, warmup: float, tokens: Path | None) -> Turn:
    """Return a closed loop of clicks.

    Args:
        connections: Number of connections, each with its own player.
        seconds: > 0.
        warmup: Seconds of the same load before, >= 0.
        tokens: File for wrk to read; None: hunt's generator.
    """
    load = clicks.Load(connections=connections, seconds=seconds, warmup=warmup)

    def turn(running: Running) -> Result:
        running.contender.database.settle()
        if tokens is not None:
            return wrk.measure(running, load, serving.PLAYERS, tokens)
        return clicks.measure(running.target, load, serving.PLAYERS, processes=running.processes)

    return turn


def played(players: int, rate: float, seconds: float) -> Turn:
    """Return an open loop of clicks by players who listen to their streams."""
    load = game.Load(players=players, rate=rate, seconds=seconds)

    def turn(running: Running) -> Result:
        running.contender.database.settle()
        return game.measure(running.target, load, serving.PLAYERS, processes=running.processes)

    return turn


def idle(count: int, quiet: float) -> Turn:
    """Return idle streams; their memory is the growth since before the first one."""
    load = streams.Load(streams=count, quiet=quiet, fan_out=0, events=1)

    def turn(running: Running) -> Result:
        return streams.measure(running.target, load, serving.PLAYERS, processes=running.processes)

    return turn


def afresh(contender: Contender, *, turn: Turn) -> Result:
    """Take a turn on a server that is started for this turn."""
    with contender.started() as running:
        return turn(running)
