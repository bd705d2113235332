"""The services of one process for operators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from hunt.core.log_limiter import LogLimiter
from hunt.core.readiness import NodeState
from hunt.host import Host
from hunt.metrics.telemetry import Telemetry
from hunt.service.audit_queue import AuditQueue
from hunt.service.commits import Commits
from hunt.service.drain import Drain
from hunt.service.log_news import LogNews
from hunt.service.readiness import Readiness
from hunt.service.streams import Streams
from hunt.settings import Settings
from hunt.store.audit import Entry

#: Seconds between two audit entries of refused sign-ins with the same reason.
SIGN_INS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Services for operators: audit trail, sign-ins, drain, and a view of the node."""

    audit_queue: AuditQueue[Entry]
    sign_ins: LogLimiter  #: limits the log events of refused sign-ins
    drain: Drain
    host: Host
    address: str | None  #: at which alone operators are served; None: at every address
    node: Callable[[], NodeState]  #: returns the readiness of the node


def make_operations(
    settings: Settings,
    host: Host,
    *,
    record: Callable[[Entry], Awaitable[None]],
    readiness: Readiness,
    streams: Streams,
    commits: Commits,
    telemetry: Telemetry,
    news: LogNews,
    jitter: Callable[[], float],
) -> Operations:
    """Return the services of one process for operators.

    Args:
        settings: Delay and timeout of a drain, and the address of operators.
        host: The worker process and the other workers.
        record: Records an audit entry; raises a `StoreError`.
        readiness: Reports a drain.
        streams: Ended by a drain.
        commits: Finished by a drain.
        telemetry: Shows the faults of the audit trail, and ends its samples with a drain.
        news: Ended by a drain.
        jitter: Uniform in [0, 1), spreads retries.
    """
    audit_queue = AuditQueue(record, jitter=jitter)
    telemetry.faults.add("audit", audit_queue.faults)

    def drained() -> None:
        telemetry.samples.end()
        news.end()

    drain = Drain(
        readiness=readiness,
        hub=streams.hub,
        commits=commits.joint,
        delay=settings.drain_delay,
        timeout=settings.drain_timeout,
        refusing=host.refusing,
        drained=drained,
    )
    return Operations(
        audit_queue=audit_queue,
        # An attack may last for hours, and each entry names an address: no growing pauses.
        sign_ins=LogLimiter(trio.current_time, interval=SIGN_INS, longest=SIGN_INS),
        drain=drain,
        host=host,
        address=settings.operations_bind,
        node=host.node or readiness.node,
    )
