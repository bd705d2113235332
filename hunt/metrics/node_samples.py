"""Samples of a node: those of all its worker processes at one moment, put together."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from hunt.metrics.sampler import Sample, duration

#: Seconds after which the newest sample of a process no longer counts: the process has ended,
#: or does not respond.
STALE = 3.0


class NodeSample(Struct, frozen=True):
    """One second of all worker processes of a node; None means that nothing was measured."""

    at: float  #: seconds since the epoch
    processes: int  #: number of processes that it contains, >= 1
    clicks: float  #: clicks per second that were answered with 200
    refused: float  #: other clicks per second
    click_p50: float | None  #: seconds, of the clicks of this second
    click_p99: float | None
    delivery_p50: float | None  #: seconds, from the commit to the write
    delivery_p99: float | None
    batch_average: float  #: seconds, of the commits of the last minute
    batch_max: float
    utilization: float  #: of the event loops, on average, 0 to 1
    busiest: float  #: utilization of the busiest event loop
    queue: int  #: clicks that wait for a commit
    oldest: float  #: age of the oldest of them, in seconds
    pool: Mapping[str, int]  #: connections to the database, by state
    breakers: Mapping[str, int]  #: processes by the state of their breaker
    parked: int  #: event streams without a task
    awake: int  #: event streams with a task
    sockets: int  #: open WebSockets
    cut_off: int  #: slow consumers that the running processes have disconnected
    bus_lag: float | None  #: the longest of this second, in seconds
    database: float  #: seconds since the last answer of the database, where that is longest


def together(samples: Sequence[Sample]) -> NodeSample:
    """Return the sample of a node.

    Quantiles are those of all clicks, from the sums of the buckets.

    Args:
        samples: One sample of each process, at least one; the first gives the time.
    """
    clicks = [sum(bucket) for bucket in zip(*(each.click_counts for each in samples), strict=True)]
    deliveries = [
        sum(bucket) for bucket in zip(*(each.delivery_counts for each in samples), strict=True)
    ]
    batches = sum(each.batches for each in samples)
    waited = sum(each.batch_average * each.batches for each in samples)
    pool: Counter[str] = Counter()
    for each in samples:
        pool.update(each.pool)
    return NodeSample(
        at=samples[0].at,
        processes=len(samples),
        clicks=round(sum(each.clicks for each in samples), 1),
        refused=round(sum(each.refused for each in samples), 1),
        click_p50=duration(clicks, 0.5),
        click_p99=duration(clicks, 0.99),
        delivery_p50=duration(deliveries, 0.5),
        delivery_p99=duration(deliveries, 0.99),
        batch_average=round(waited / batches, 6) if batches else 0.0,
        batch_max=max(each.batch_max for each in samples),
        utilization=round(sum(each.utilization for each in samples) / len(samples), 4),
        busiest=max(each.utilization for each in samples),
        queue=sum(each.queue for each in samples),
        oldest=max(each.oldest for each in samples),
        pool=pool,
        breakers=Counter(each.breaker.state for each in samples),
        parked=sum(each.parked for each in samples),
        awake=sum(each.awake for each in samples),
        sockets=sum(each.sockets for each in samples),
        cut_off=sum(each.cut_off for each in samples),
        bus_lag=max((each.bus_lag for each in samples if each.bus_lag is not None), default=None),
        database=max(each.database for each in samples),
    )


def history(processes: Sequence[Sequence[Sample]]) -> Iterator[NodeSample]:
    """Yield the samples of a node over time, oldest first.

    There is one for each sample of the process with the most samples, from the newest sample
    of each process at that moment.

    Args:
        processes: The samples of each process, oldest first; at least one process.
    """
    longest = max(processes, key=len)
    others = [([sample.at for sample in each], each) for each in processes if each is not longest]
    for sample in longest:
        beside = [sample]
        for times, each in others:
            newest = bisect_right(times, sample.at) - 1
            if newest >= 0 and times[newest] > sample.at - STALE:
                beside.append(each[newest])
        yield together(beside)
