"""``/livez``, ``/readyz`` and ``/metrics``, for load balancers and Prometheus."""

from __future__ import annotations

import os
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from hunt.core import wire
from hunt.core.proxies import Peer
from hunt.core.readiness import NodeState
from hunt.host import Host
from hunt.metrics import exposition
from hunt.metrics.registry import Registry
from hunt.play.refusals import NotReady
from hunt.play.replies import Reply, json_reply
from hunt.play.request import Request
from hunt.play.resources import READS

#: Seconds for which a page of metrics is served again.
METRICS_AGE = 1.0


class Liveness:
    """``GET /livez``: the process answers."""

    route = "/livez"
    methods = READS

    def __init__(self) -> None:
        self._reply = json_reply(wire.encode({"alive": True}))

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self._reply

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self._reply


class Probe:
    """``GET /readyz``: the node can take clicks.

    Args:
        node: Returns the readiness of the node.
    """

    route = "/readyz"
    methods = READS

    def __init__(self, node: Callable[[], NodeState]) -> None:
        self._node = node

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        node = self._node()
        if not node.ready:
            raise NotReady("; ".join(node.reasons), node.workers)
        return json_reply(wire.encode({"ready": True, "workers": node.workers}))

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)


class MetricsPage:
    """``GET /metrics``: the sums of the node, made at most once a second.

    With ``process=own`` in the query it is the metrics of this process, always made anew.

    Args:
        host: Asks the other workers.
        registry: The metrics of this process.
        clock: The monotonic clock of the machine, in seconds.
    """

    route = "/metrics"
    methods = READS

    def __init__(self, host: Host, registry: Registry, clock: Callable[[], float]) -> None:
        self._host = host
        self._registry = registry
        self._clock = clock
        self._kept: Reply | None = None
        self._until = 0.0  # time up to which it is served

    def peek(self, request: Request, peer: Peer) -> Reply | None:
        """See `hunt.play.resources.Resource`."""
        if request.query or self._clock() >= self._until:
            return None
        return self._kept

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        kept = self.peek(request, peer)
        if kept is not None:
            return kept
        total = self._host.total
        if "process=own" in request.query.split("&"):
            return _page(self._own())
        if total is None:
            page, until = self._own(), self._clock() + METRICS_AGE
        else:
            families, until = await total()
            page = exposition.render(families)
        self._kept, self._until = _page(page), until
        return self._kept

    def _own(self) -> bytes:
        """Return the metrics of this process."""
        if self._host.total is None and exposition.one_of_many():
            return exposition.labelled(self._registry.families(gauges=True), os.getpid())
        return self._registry.render()


def _page(text: bytes) -> Reply:
    return Reply(200, (("Content-Type", CONTENT_TYPE_PLAIN_0_0_4),), text)
