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
from hunt.metrics.counters import Histogram, LabelledCounter
from hunt.metrics.event_loop import Window
from hunt.metrics.families import CUMULATIVE, Family, Rule, Sample
from hunt.metrics.faults import Faults

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


#: The rules of gauges that prometheus_client makes.  Open and allowed descriptors are
#: both added, so that their ratio is right; the start is that of the node.
PROCESS_RULES: Mapping[str, Rule] = {
    "process_virtual_memory_bytes": "sum",
    "process_resident_memory_bytes": "sum",
    "process_open_fds": "sum",
    "process_max_fds": "sum",
    "process_start_time_seconds": "earliest",
    "python_info": "greatest",
}


class Metrics:
    """One process's numbers, in registries of their own.

    Gauges that are read when somebody looks are given to `watch`.  Each gauge says by
    which rule those of a node's workers become one; counters and histograms are added.
    """

    def __init__(self, *, version: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry = CollectorRegistry()  # of what lasts, see `Family`
        self._gauges = CollectorRegistry()
        self._rules = dict(PROCESS_RULES)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=self._gauges)
        self.window = Window(clock)  #: the commits of the last minute
        self.faults = Faults()  #: who counts faults is shown by `Faults.watch`
        registry.register(self.faults)
        self.clicks = LabelledCounter(
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
        self._bus_lag = self._gauge(
            "hunt_bus_lag_seconds", "Age of the newest notice at its arrival.", rule="greatest"
        )
        self.slow = 0  #: streams cut off for not reading
        self._longest_lag: float | None = None  # seconds, since somebody took it
        info = self._gauge("hunt_build_info", "1, with the version.", "version", rule="greatest")
        info.labels(version).set(1)
        self.watch(
            "hunt_batch_latency_average_seconds",
            "Commit of a batch, over the last minute.",
            self.window.average,
            rule="mean",
        )
        self.watch(
            "hunt_batch_latency_max_seconds",
            "Commit of a batch, over the last minute.",
            self.window.maximum,
            rule="greatest",
        )

    def _gauge(self, name: str, text: str, *labels: str, rule: Rule) -> Gauge:
        self._rules[name] = rule
        return Gauge(name, text, labels, registry=self._gauges)

    def watch(self, name: str, text: str, read: Callable[[], float], *, rule: Rule) -> None:
        """Add a gauge that is read whenever somebody looks.

        Args:
            name: Of the metric.
            text: Its help.
            read: Returns the value.
            rule: How the values of a node's workers become one.
        """
        self._gauge(name, text, rule=rule).set_function(read)

    def watch_labelled(
        self,
        name: str,
        text: str,
        label: str,
        read: Callable[[], Mapping[str, float]],
        *,
        rule: Rule,
    ) -> None:
        """Add a gauge with a value for each of a closed set of labels; else as `watch`."""
        self._rules[name] = rule
        self._gauges.register(_Labelled(GaugeMetricFamily(name, text, labels=[label]), read))

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
        return generate_latest(self._registry) + generate_latest(self._gauges)

    def families(self, *, gauges: bool) -> list[Family]:
        """Return what the supervisor adds up.

        Args:
            gauges: With those of the moment, too.
        """
        found = list(self._registry.collect())
        if gauges:
            found += self._gauges.collect()
        return [self._family(each) for each in found]

    def _family(self, metric: Metric) -> Family:
        rule = "sum" if metric.type in CUMULATIVE else self._rules[metric.name]
        samples = [
            Sample(each.name, tuple(sorted(each.labels.items())), float(each.value))
            for each in metric.samples
        ]
        return Family(
            name=metric.name,
            kind=metric.type,
            text=metric.documentation,
            rule=rule,
            samples=samples,
        )


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
