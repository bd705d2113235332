"""The event stream of the operations page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import msgspec
import trio

from hunt.core import sse
from hunt.core.breaker import Breaker
from hunt.core.hunts import Hunt
from hunt.core.tokens import Identity
from hunt.core.wire import encode
from hunt.engine import VERSION
from hunt.errors import Overloaded
from hunt.metrics.node_samples import NodeSample, history, together
from hunt.metrics.sample_buffer import INTERVAL, KEPT, SampleBuffer
from hunt.metrics.sampler import Sample
from hunt.play.reconnect import Reconnect
from hunt.service.catalogue import Catalogue
from hunt.settings import Settings
from hunt.web.admin import siblings
from hunt.web.endless_body import EndlessBody

T = TypeVar("T")

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
    """Response body that streams samples of the node and of its processes, and the hunts.

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
        missed = samples.seq - self._sent
        if samples.ended:
            self._ended = True
            return greeting + sse.drain(self._services.reconnect.ms())
        if not self._services.valid(self._identity):
            self._ended = True
            return greeting + sse.pause(sse.RETRY_MS)
        past = await self._past(missed) if greeting and missed else []
        return greeting + self._changed_hunts() + await self._present(past)

    def _changed_hunts(self) -> bytes:
        """Return the hunts as an event; empty if they have not changed since the last one."""
        hunts = _hunts(self._services.catalogue, self._identity.hunts)
        if hunts == self._sent_hunts:
            return b""
        self._sent_hunts = hunts
        return sse.frame(event="hunts", data=hunts)

    async def _past(self, count: int) -> list[NodeSample]:
        """Return the samples of the node before the present one, oldest first.

        Args:
            count: Largest number of samples of each process.
        """
        own = self._samples.last(count)  # before others add one
        responses = await self._ask_siblings(
            f"/ops/kept?count={min(count, KEPT)}", siblings.TIMEOUT
        )
        processes = [_decoded(each, list[Sample]) for each in [own, *responses]]
        present = processes[0][-1].at - INTERVAL / 2 if processes[0] else 0.0
        past = []
        for sample in history([each for each in processes if each is not None]):
            if sample.at < present:
                past.append(sample)
            if len(past) % 50 == 0:
                await trio.lowlevel.checkpoint()  # so that clicks need not wait
        return past

    async def _present(self, past: Sequence[NodeSample]) -> bytes:
        """Return the newest samples of all processes, own first, and those of the node.

        Args:
            past: Samples of the node that the client has not got yet, oldest first.
        """
        own, paths = self._samples.newest, self._services.siblings()
        if own is None:
            return b""
        self._sent, event_id = self._samples.seq, self._samples.event_id()
        responses = await self._ask_siblings("/ops/sample", SIBLING_TIMEOUT)
        data = b'{"processes":[%b],"silent":%d}' % (
            b",".join([encode(own), *responses]),
            len(paths) - len(responses),
        )
        others = [_decoded(each, Sample) for each in responses]
        node = [*past, together([own, *(each for each in others if each)])]
        return sse.frame(event="processes", data=data) + sse.frame(
            id=event_id, event="node", data=encode(node)
        )

    async def _ask_siblings(self, target: str, timeout: float) -> Sequence[bytes]:
        paths = self._services.siblings()
        if not paths:
            return ()
        return await siblings.get(paths, target, authorization=self._authorization, timeout=timeout)


def _decoded(body: bytes, kind: type[T]) -> T | None:
    """Decode a response of a sibling; None if it is of another release."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError:
        return None


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
