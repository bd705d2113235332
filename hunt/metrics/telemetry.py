"""The telemetry of one process: metrics, samples, and measurements of its event loop."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable

import trio

from hunt.metrics.hunt_minutes import HuntMinutes
from hunt.metrics.registry import Registry
from hunt.metrics.sample_buffer import SampleBuffer
from hunt.metrics.sampler import Sampler
from hunt.metrics.sources import Sources
from hunt.metrics.stall_detector import StallDetector


class Telemetry:
    """Measures one process.

    Args:
        sources: The objects that metrics and samples are read from.
        answered: Returns when the database answered last, by Trio's clock.
        draining: Returns whether the process is draining.
    """

    def __init__(
        self,
        sources: Sources,
        *,
        answered: Callable[[], float],
        draining: Callable[[], bool],
    ) -> None:
        self.recorder = sources.recorder
        self.faults = sources.faults
        self.registry = Registry(sources)
        sampler = Sampler(
            sources,
            process=os.getpid(),
            clock=trio.current_time,
            wall=time.time,
            answered=answered,
            draining=draining,
        )
        self.samples = SampleBuffer(sampler.take, name=secrets.token_hex(4))
        self.minutes = HuntMinutes(lambda: sources.recorder.clicks.counts, time.time)
        self.meter = sources.meter  #: a Trio instrument
        self._stalls = StallDetector(time.perf_counter)
        self.faults.add("loop", self._stalls.faults)

    async def run(self) -> None:
        """Take samples and detect stalls until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._stalls.run)
            nursery.start_soon(self.minutes.run)
            nursery.start_soon(self.samples.run)
