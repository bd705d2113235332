"""Every metric of a worker process: one declaration each.

`hunt.metrics.node_declarations` has those of the supervisor process.
``docs/reference/metrics.md`` is generated from both: run ``python docs/generate.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import trio

from hunt.core.breaker import State
from hunt.core.hunts import Hunt
from hunt.logs import lines_lost
from hunt.metrics.metric import Metric, Value
from hunt.metrics.sources import Connections, Sources


def _connections(read: Callable[[Connections], Value]) -> Callable[[Sources], Value]:
    """Return a reader of client connections; None in a process that does not count them."""
    return lambda each: None if each.connections is None else read(each.connections)


def _of_webhooks(read: Callable[[Sources, int], float]) -> Callable[[Sources], Value]:
    """Return a reader of numbers by endpoint of a webhook, from its id."""
    return lambda each: {
        (state.webhook.hunt, str(id_)): read(each, id_)
        for id_, (state, _) in each.webhooks.states.items()
    }


def _webhook_lag(sources: Sources, id_: int) -> tuple[int, float]:
    """Return the rows and the seconds that an endpoint is behind its log."""
    hunt = sources.webhooks.states[id_][0].webhook.hunt
    return sources.webhooks.lag(id_, sources.tail.known(hunt))


def _of_prizes(read: Callable[[Hunt], Mapping[str, int]]) -> Callable[[Sources], Value]:
    """Return a reader of numbers by prize, for hunts that are open or paused."""
    return lambda each: {
        (hunt.id, prize): float(number)
        for hunt in each.hunts.values()
        if hunt.state in {"open", "paused"}
        for prize, number in read(hunt).items()
    }


def _stock(hunt: Hunt) -> dict[str, int]:
    return {each.id: each.stock for each in hunt.definition.prizes if each.stock is not None}


def _codes_left(hunt: Hunt) -> dict[str, int]:
    return {prize: hunt.stock_left.get(prize, 0) for prize in hunt.codes}


#: In the order of the exposition.  No label names a player.
METRICS: tuple[Metric[Sources], ...] = (
    Metric(
        "hunt_clicks", "counter", "clicks",
        "Clicks answered, by hunt and outcome: won, nothing, duplicate, or the reason of a"
        " refusal.",
        lambda each: each.recorder.clicks.counts, ("hunt", "outcome"),
    ),
    Metric(
        "hunt_click_seconds", "histogram", "seconds",
        "Time from the arrival of a click to its answer, refusals included.",
        lambda each: each.recorder.click_seconds,
    ),
    Metric(
        "hunt_points", "counter", "points", "Points of the prizes that players won, by hunt.",
        lambda each: each.recorder.points, ("hunt",),
    ),
    Metric(
        "hunt_prize_stock", "gauge", "prizes",
        "Total stock of a prize, granted or not, in hunts that are open or paused.",
        _of_prizes(_stock), ("hunt", "prize"), rule="greatest",
    ),
    Metric(
        "hunt_prize_stock_left", "gauge", "prizes",
        "Remaining stock of a prize, up to 2 s old, in hunts that are open or paused.",
        _of_prizes(lambda hunt: hunt.stock_left), ("hunt", "prize"), rule="least",
    ),
    Metric(
        "hunt_codes", "gauge", "codes",
        "Loaded codes of a prize, handed out or not, in hunts that are open or paused.",
        _of_prizes(lambda hunt: hunt.codes), ("hunt", "prize"), rule="greatest",
    ),
    Metric(
        "hunt_codes_left", "gauge", "codes",
        "Codes of a prize not handed out, up to 2 s old, in hunts that are open or paused.",
        _of_prizes(_codes_left), ("hunt", "prize"), rule="least",
    ),
    Metric(
        "hunt_requests", "counter", "requests",
        "Requests answered, by route template and HTTP status; clicks over WebSockets included.",
        lambda each: {(r, str(int(s))): n for (r, s), n in each.recorder.requests.items()},
        ("route", "status"),
    ),
    Metric(
        "hunt_queue_clicks", "gauge", "clicks",
        "Clicks that wait in memory for their commit; at HUNT_QUEUE_SIZE a worker refuses"
        " clicks.",
        lambda each: each.lanes.queued(),
    ),
    Metric(
        "hunt_queue_oldest_seconds", "gauge", "seconds",
        "Age of the oldest click that waits for its commit; at HUNT_QUEUE_AGE clicks are"
        " refused.",
        lambda each: each.lanes.oldest(), rule="greatest",
    ),
    Metric(
        "hunt_forwarded_clicks", "counter", "clicks",
        "Clicks that a worker forwarded to the one that commits their hunt: settled there, left to"
        " this worker's own lane, or lost with the connection and committed again.",
        lambda each: each.forwarded, ("result",),
    ),
    Metric(
        "hunt_batch_commit_seconds", "histogram", "seconds",
        "Time from sending a batch to the database to the end of its commit, retries included.",
        lambda each: each.recorder.commit_seconds,
    ),
    Metric(
        "hunt_batch_rows", "histogram", "clicks", "Clicks that one commit made durable.",
        lambda each: each.recorder.batch_rows,
    ),
    Metric(
        "hunt_batch_latency_average_seconds", "gauge", "seconds",
        "Average time of the commits of the last minute.",
        lambda each: each.recorder.window.average(), rule="mean",
    ),
    Metric(
        "hunt_batch_latency_max_seconds", "gauge", "seconds",
        "Longest time of a commit of the last minute.",
        lambda each: each.recorder.window.maximum(), rule="greatest",
    ),
    Metric(
        "hunt_commit_failures", "counter", "batches",
        "Attempts to commit a batch that failed, by kind of failure; a batch may be tried again.",
        lambda each: each.guard.failures, ("kind",),
    ),
    Metric(
        "hunt_commit_retries", "counter", "batches",
        "Batches sent to the database again after a failure.",
        lambda each: each.guard.retries,
    ),
    Metric(
        "hunt_unavailable_hunts", "gauge", "hunts",
        "Hunts that refuse clicks now because the database fails for them alone.",
        lambda each: len(each.quarantine.hunts), rule="greatest",
    ),
    Metric(
        "hunt_breaker_state", "gauge", "processes",
        "Worker processes whose circuit breaker is in this state now.",
        lambda each: {state: float(state == each.breaker.state) for state in get_args(State)},
        ("state",),
    ),
    Metric(
        "hunt_breaker_transitions", "counter", "transitions",
        "Transitions of circuit breakers, by the state that began.",
        lambda each: each.recorder.transitions, ("state",),
    ),
    Metric(
        "hunt_limited", "counter", "requests",
        "Requests refused with 429, by rate limit and by its subject: player or address.",
        lambda each: each.recorder.rate_limited, ("limit", "by"),
    ),
    Metric(
        "hunt_subscribers", "gauge", "streams",
        "Streams of events open now, by transport: sse or websocket.",
        lambda each: each.hub.counts(), ("transport",),
    ),
    Metric(
        "hunt_subscriber_queue_frames", "gauge", "events",
        "Events that wait in the queues of streams because their client reads slowly.",
        lambda each: each.hub.backlog()[0],
    ),
    Metric(
        "hunt_subscribers_behind", "gauge", "streams",
        "Streams with at least one event in their queue because their client reads slowly.",
        lambda each: each.hub.backlog()[1],
    ),
    Metric(
        "hunt_slow_subscribers", "counter", "streams",
        "Streams closed because their queue was full: the client did not read.",
        lambda each: each.recorder.slow_subscribers,
    ),
    Metric(
        "hunt_delivery_seconds", "histogram", "seconds",
        "Time from the publication of an event in this process to its write to a stream.",
        lambda each: each.recorder.delivery_seconds,
    ),
    Metric(
        "hunt_bus_lag_seconds", "gauge", "seconds",
        "Time from another process's commit to the arrival of its notice; of the newest notice.",
        lambda each: each.recorder.newest_bus_lag, rule="greatest",
    ),
    Metric(
        "hunt_bus_connected", "gauge", "processes",
        "Processes that are connected to the bus, which carries notices of commits.",
        lambda each: {each.bus: float(each.link.connected)}, ("bus",),
    ),
    Metric(
        "hunt_bus_published", "counter", "notices",
        "Notices of commits that the Valkey server has accepted.",
        lambda each: None if each.bus == "postgresql" else each.link.published,
    ),
    Metric(
        "hunt_bus_dropped", "counter", "notices",
        "Notices of commits that were not published to Valkey; the polls find the commits.",
        lambda each: None if each.bus == "postgresql" else each.link.dropped, ("reason",),
    ),
    Metric(
        "hunt_tail_reads", "counter", "reads",
        "Ranges of a log read from the table, after lost notices or for large batches.",
        lambda each: each.tail.reads,
    ),
    Metric(
        "hunt_tail_silence_seconds", "gauge", "seconds",
        "Time since the database last answered the poll of the ends of all logs.",
        lambda each: each.tail.silence(), rule="greatest",
    ),
    Metric(
        "hunt_webhook_lag_events", "gauge", "rows",
        "Rows of its log that a webhook has not sent or skipped yet, by the id of its endpoint.",
        _of_webhooks(lambda each, id_: _webhook_lag(each, id_)[0]), ("hunt", "webhook"),
        rule="greatest",
    ),
    Metric(
        "hunt_webhook_lag_seconds", "gauge", "seconds",
        "Age of the event that a webhook sends, or of the first row that waits for it.",
        _of_webhooks(lambda each, id_: _webhook_lag(each, id_)[1]), ("hunt", "webhook"),
        rule="greatest",
    ),
    Metric(
        "hunt_webhook_failed_attempts", "gauge", "attempts",
        "Failed attempts of the next event of a webhook; 0 after it was delivered.",
        _of_webhooks(lambda each, id_: each.webhooks.states[id_][0].attempts),
        ("hunt", "webhook"), rule="greatest",
    ),
    Metric(
        "hunt_webhook_dead_letters", "gauge", "events",
        "Dead letters of a webhook: events that were skipped and can be replayed.",
        _of_webhooks(lambda each, id_: each.webhooks.states[id_][0].dead), ("hunt", "webhook"),
        rule="greatest",
    ),
    Metric(
        "hunt_webhook_attempts", "counter", "requests",
        "Requests of webhooks, by class of the answer's status; none: there was no answer.",
        lambda each: each.webhooks.attempts, ("result",),
    ),
    Metric(
        "hunt_pool_connections", "gauge", "connections",
        "Connections to the database now, by state; calls wait while HUNT_POOL_SIZE are busy.",
        lambda each: each.pool(), ("state",),
    ),
    Metric(
        "hunt_connections", "gauge", "connections",
        "Connections of clients that are open now, parked ones included.",
        _connections(lambda each: each.count),
    ),
    Metric(
        "hunt_connections_evicted", "counter", "connections",
        "Idle connections of clients closed to make room for new ones.",
        _connections(lambda each: each.evicted),
    ),
    Metric(
        "hunt_connections_refused", "counter", "connections",
        "Connections of clients beyond a limit, by limit: total or address.",
        _connections(lambda each: each.refused), ("limit",),
    ),
    Metric(
        "hunt_event_loop_utilization_ratio", "gauge", "0 to 1",
        "Share of the last 10 s in which the event loop worked.",
        lambda each: each.meter.utilization(), rule="mean",
    ),
    Metric(
        "hunt_event_loop_idle_ratio", "gauge", "0 to 1",
        "Share of the last 10 s in which the event loop waited for I/O.",
        lambda each: each.meter.idle(), rule="mean",
    ),
    Metric(
        "hunt_tasks", "gauge", "tasks", "Trio tasks alive now; parked connections have none.",
        lambda _: trio.lowlevel.current_statistics().tasks_living,
    ),
    Metric(
        "hunt_faults", "counter", "faults", "Faults handled without an outage, by place and kind.",
        lambda each: each.faults.by_label(), ("where", "kind"),
    ),
    Metric(
        "hunt_log_lines_lost", "counter", "lines",
        "Log lines dropped because they could not be written fast enough.",
        lambda _: lines_lost(),
    ),
    Metric(
        "hunt_build_info", "gauge", "1", "The release of hunt as a label; the value is always 1.",
        lambda each: {each.version: 1.0}, ("version",), rule="greatest",
    ),
)  # fmt: skip
