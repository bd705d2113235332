"""Closed and open loops: the schedule of clicks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

from hunt.bench.click_clients import ClickClients
from hunt.bench.poller import Poller
from hunt.bench.run import Run

#: Seconds to wait for answers after the last click.
PATIENCE = 30.0

_TICK = 0.25  # seconds between two updates of the progress

Progress = Callable[[Run, float], None]


def no_progress(run: Run, now: float) -> None:
    """Show no progress."""


def closed_loop(
    clicker: ClickClients, poller: Poller[Any], seconds: float, progress: Progress = no_progress
) -> Run:
    """Click on every connection; click again as soon as the answer arrives."""
    run = clicker.run = Run(began=perf_counter(), seconds=seconds)
    end = run.began + seconds
    tick = run.began + _TICK
    for each in clicker.connections:
        clicker.click(each, perf_counter())
    click, receive = clicker.click, clicker.receive
    while clicker.waiting:
        ready = poller.wait(_TICK)
        for each in ready:
            if receive(each) and (now := perf_counter()) < end:
                click(each, now)
        if not ready or perf_counter() > tick:
            tick = perf_counter() + _TICK
            progress(run, tick)
            if tick > end + PATIENCE:
                break
    return run


def open_loop(
    clicker: ClickClients,
    poller: Poller[Any],
    seconds: float,
    rate: float,
    progress: Progress = no_progress,
) -> Run:
    """Click at a constant rate, independent of the answers.

    A click waits if no connection is free, and its latency counts from its scheduled time.
    Slow answers therefore cannot hide the delay of later clicks (coordinated omission).
    """
    run = clicker.run = Run(began=perf_counter(), seconds=seconds)
    free = deque(clicker.connections)
    total, number = max(int(seconds * rate), 1), 0
    last, tick = run.began + seconds + PATIENCE, run.began + _TICK
    due = run.began
    while number < total or clicker.waiting:
        now = perf_counter()
        while due <= now and free and number < total:
            clicker.click(free.popleft(), due)
            number += 1
            due = run.began + number / rate
        pause = due - now if free and number < total else _TICK
        free.extend(each for each in poller.wait(min(pause, _TICK)) if clicker.receive(each))
        if now > tick:
            tick = now + _TICK
            progress(run, now)
            if now > last:
                break
    run.unsent = total - number
    return run
