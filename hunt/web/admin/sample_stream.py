"""The event stream of the operations page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hunt.core import sse
from hunt.core.breaker import Breaker
from hunt.core.hunts import Hunt
from hunt.core.tokens import Identity
from hunt.core.wire import encode
from hunt.engine import VERSION
from hunt.errors import Overloaded
from hunt.metrics.sample_buffer import KEPT, SampleBuffer
from hunt.play.reconnect import Reconnect
from hunt.service.catalogue import Catalogue
from hunt.settings import Settings
from hunt.web.admin import siblings
from hunt.web.endless_body import EndlessBody

#: Seconds to wait for the samples of sibling processes; the own sample waits as long.
SIBLING_TIMEOUT = 0.5

#: Maximum number of listed hunts; closed ones come last.
MAX_HUNTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleServices:
    """Objects of one process that its sample streams use."""

    settings: Settings
    samples: SampleBuffer
    siblings: Callable[[], list[Path]]  #: returns the sockets of sibling processes
    catalogue: Catalogue
    breaker: Breaker
    reconnect: Reconnect
    valid: Callable[[Identity], bool]  #: returns whether a token is still valid


class SampleStream(EndlessBody):
    """Response body that streams samples, hunts and the state of sibling processes.

    It counts as a watcher of the sample buffer while it is sent.

    Args:
        services: The objects that the stream shows or uses.
        authorization: ``Authorization`` header of the operator, for requests to siblings.
        identity: The operator; the stream ends when their token expires.
        resume: ``Last-Event-ID`` of the client, if it sent one.
    """

    def __init__(
        self,
        services: SampleServices,
        *,
        authorization: str,
        identity: Identity,
        resume: str | None,
    ) -> None:
        self._services = services
        self._samples = services.samples
        self._authorization = authorization
        self._identity = identity
        self._sent = self._samples.known(resume)
        self._started = self._ended = False
        self._sent_hunts = b""
        self._exits = ExitStack()

    async def __aenter__(self) -> Self:
        """Become a watcher; if there are too many, only send the time to reconnect."""
        try:
            self._exits.enter_context(self._samples.watching())
        except Overloaded:
            self._ended = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop being a watcher."""
        self._exits.close()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk, of complete events."""
        samples = self._samples
        if self._ended and self._started:
            raise StopAsyncIteration
        if self._ended:
            self._started = True
            return sse.pause(self._services.reconnect.ms())
        greeting = b"" if self._started else _hello(self._services)
        if self._started:
            await samples.wait_newer(self._sent)
        self._started = True
        events = samples.after(self._sent)
        self._sent = samples.seq
        if samples.ended:
            self._ended = True
            return greeting + events + sse.drain(self._services.reconnect.ms())
        if not self._services.valid(self._identity):
            self._ended = True
            return greeting + events + sse.pause(sse.RETRY_MS)
        return greeting + self._changed_hunts() + events + await self._processes()

    def _changed_hunts(self) -> bytes:
        """Return the hunts as an event; empty if they have not changed since the last one."""
        hunts = _hunts(self._services.catalogue, self._identity.hunts)
        if hunts == self._sent_hunts:
            return b""
        self._sent_hunts = hunts
        return sse.frame(event="hunts", data=hunts)

    async def _processes(self) -> bytes:
        """Return the newest samples of all processes of this server as an event, own first."""
        own, paths = self._samples.newest, self._services.siblings()
        responses: Sequence[bytes] = ()
        if paths:
            responses = await siblings.get(
                paths, "/ops/sample", authorization=self._authorization, timeout=SIBLING_TIMEOUT
            )
        known = [*([encode(own)] if own is not None else []), *responses]
        silent = len(paths) - len(responses)
        data = b'{"processes":[%b],"silent":%d}' % (b",".join(known), silent)
        return sse.frame(event="processes", data=data)


def _hello(services: SampleServices) -> bytes:
    """Return the greeting: the release and the limits of this process."""
    settings, breaker = services.settings, services.breaker
    hello = {
        "version": VERSION,
        "kept": KEPT,
        "queue_size": settings.queue_size,
        "pool_size": settings.pool_size,
        "breaker": {
            "slow": settings.breaker_slow,
            "limits": {
                "slow": breaker.batches,
                "timeout": breaker.timeouts,
                "unavailable": breaker.failures,
            },
        },
    }
    return sse.pause(sse.RETRY_MS) + sse.frame(event="hello", data=encode(hello))


def _hunts(catalogue: Catalogue, allowed: Collection[str] | None) -> bytes:
    """Return the hunts as JSON; `allowed` are the ids that the operator may see, None all."""
    now = catalogue.now()
    shown = [
        {
            "id": hunt.id,
            "title": hunt.definition.title,
            "state": hunt.phase(now),
            "deletable": hunt.last_seq == 0,
            **_campaign(hunt),
        }
        for hunt in catalogue.hunts.values()
        if allowed is None or hunt.id in allowed
    ]
    shown.sort(key=lambda hunt: (hunt["state"] == "closed", hunt["id"]))
    return encode({"hunts": shown[:MAX_HUNTS], "more": max(len(shown) - MAX_HUNTS, 0)})


def _campaign(hunt: Hunt) -> dict[str, object]:
    """Return the campaign of a door, for the group that the page shows it in."""
    if hunt.campaign is None:
        return {}
    return {"campaign": {"id": hunt.campaign.id, "title": hunt.campaign.title}}
