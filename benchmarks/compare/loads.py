"""The loads that each server gets in its turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import serving
from benchmarks.compare import wrk
from benchmarks.compare.contender import Contender, Running
from hunt.bench import clicks, game, streams
from hunt.bench.result import Result

#: A load in one turn.
Turn = Callable[[Running], Result]


def closed(connections: int, seconds: float, warmup: float, tokens: Path | None) -> Turn:
    """Return a closed loop of clicks.

    Args:
        connections: Each a player of its own.
        seconds: > 0.
        warmup: Seconds of the same load before, >= 0.
        tokens: A file for wrk to read; None is our own generator.
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
    """Return streams on which nothing happens; memory counts from before the first one."""
    load = streams.Load(streams=count, quiet=quiet, fan_out=0, events=1)

    def turn(running: Running) -> Result:
        return streams.measure(running.target, load, serving.PLAYERS, processes=running.processes)

    return turn


def afresh(contender: Contender, *, turn: Turn) -> Result:
    """Take a turn on a server that was started for it alone."""
    with contender.started() as running:
        return turn(running)
