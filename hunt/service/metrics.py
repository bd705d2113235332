"""What a process tells Prometheus.  No label carries a player."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import prometheus_client
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hunt.core.events import Outcome, Settlement
from hunt.errors import (
    Refused,
)
from hunt.service.faults import Faults
from hunt.service.meter import Window
from hunt.service.tally import Histogram, Tally

#: Seconds; from a fast commit to the deadline.
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def outcome_label(outcome: Outcome) -> str:
    """Return ``won``, ``nothing``, ``duplicate``, or the label of the refusal."""
    if isinstance(outcome, Settlement):
        if outcome.duplicate:
            return "duplicate"
        return "nothing" if outcome.reward.prize is None else "won"
    return outcome.label


class Metrics:
    """One process's numbers, in a registry of their own.

    Gauges that are read when somebody looks are given to `watch`.
    """

    def __init__(self, *, version: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        registry = self._registry
        self.window = Window(clock)  #: the commits of the last minute
        self.faults = Faults()  #: who counts faults is shown by `Faults.watch`
        registry.register(self.faults)
        self.clicks = Tally(
            "hunt_clicks", "Clicks, by what became of them.", ("hunt", "outcome"), registry
        )
        self.click_seconds = Histogram(
            "hunt_click_seconds", "From a click to its answer.", SECONDS, registry
        )
        self._commit_seconds = Histogram(
            "hunt_batch_commit_seconds", "One batch.", SECONDS, registry
        )
        self._rows = Histogram("hunt_batch_rows", "Clicks of one batch.", ROWS, registry)
        self._transitions = prometheus_client.Counter(
            "hunt_breaker_transitions", "By the state that began.", ["state"], registry=registry
        )
        self.delivery = Histogram(
            "hunt_delivery_seconds", "From the commit to the write.", SECONDS, registry
        )
        self._slow = prometheus_client.Counter(
            "hunt_slow_subscribers", "Streams cut off for not reading.", registry=registry
        )
        self._limited = prometheus_client.Counter(
            "hunt_limited", "Refused for being too fast.", ["limit", "by"], registry=registry
        )
        self._bus_lag = Gauge(
            "hunt_bus_lag_seconds", "Age of the newest notice at its arrival.", registry=registry
        )
        self.slow = 0  #: streams cut off for not reading
        self._longest_lag: float | None = None  # seconds, since somebody took it
        info = Gauge("hunt_build_info", "1, with the version.", ["version"], registry=registry)
        info.labels(version).set(1)
        self.watch(
            "hunt_batch_latency_average_seconds",
            "Commit of a batch, over the last minute.",
            self.window.average,
        )
        self.watch(
            "hunt_batch_latency_max_seconds",
            "Commit of a batch, over the last minute.",
            self.window.maximum,
        )

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read whenever somebody looks."""
        Gauge(name, text, registry=self._registry).set_function(read)

    def watch_labelled(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Add a gauge with a value for each of a closed set of labels."""
        self._registry.register(_Labelled(GaugeMetricFamily(name, text, labels=[label]), read))

    def watch_counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a counter that somebody else counts; `name` is without ``_total``."""
        self._registry.register(_Labelled(CounterMetricFamily(name, text), lambda: {"": read()}))

    def watch_counters(
        self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Add counters that somebody else counts, for each of a closed set of labels."""
        family = CounterMetricFamily(name, text, labels=[label])
        self._registry.register(_Labelled(family, read))

    def refused(self, hunt: str, refusal: Refused, seconds: float) -> None:
        """Count a click that did not get as far as a lane; `hunt` must be one that exists."""
        self.clicks.add(hunt, outcome_label(refusal))
        self.click_seconds.observe(seconds)

    def settled(self, hunt: str, outcomes: Iterable[Outcome], seconds: list[float]) -> None:
        """Count clicks and their answers; `seconds` is the caller's no more."""
        for label, count in Counter(map(outcome_label, outcomes)).items():
            self.clicks.add(hunt, label, count)
        self.click_seconds.observe_all(seconds)

    def committed(self, *, rows: int, seconds: float) -> None:
        """Count a batch."""
        self._rows.observe(rows)
        self._commit_seconds.observe(seconds)
        self.window.add(seconds)

    def breaker_changed(self, state: str) -> None:
        """Count a transition of the breaker."""
        self._transitions.labels(state).inc()

    def delivered(self, seconds: float) -> None:
        """Count an event that was written to its stream."""
        self.delivery.observe(seconds)

    def cut_off(self) -> None:
        """Count a stream that did not read."""
        self.slow += 1
        self._slow.inc()

    def limited(self, limit: str, by: str) -> None:
        """Count a refusal by a limit; `by` is ``player`` or ``address``."""
        self._limited.labels(limit, by).inc()

    def bus_lag(self, seconds: float) -> None:
        """Note how old a notice was when it came."""
        self._bus_lag.set(seconds)
        self._longest_lag = max(seconds, self._longest_lag or 0.0)

    def take_bus_lag(self) -> float | None:
        """Return the longest lag since the last call; None where no notice came."""
        longest, self._longest_lag = self._longest_lag, None
        return longest

    def render(self) -> bytes:
        """Return all of it in Prometheus's text format 0.0.4."""
        return generate_latest(self._registry)


class _Labelled(Collector):
    """A family whose values are read whenever somebody looks."""

    def __init__(
        self,
        family: GaugeMetricFamily | CounterMetricFamily,
        read: Callable[[], Mapping[str, float]],
    ) -> None:
        self._family, self._read = family, read

    def collect(self) -> Iterable[Metric]:
        self._family.samples.clear()
        for value, number in self._read().items():
            self._family.add_metric([value] if value else [], number)
        yield self._family
