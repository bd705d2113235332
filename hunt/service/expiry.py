"""Ends streams whose tokens are no longer valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import trio

from hunt.core.tokens import Identity
from hunt.service.subscriber import Subscriber, Subscription

#: Streams whose tokens expire at the same time end at random moments within this many seconds.
SPREAD = 0.6

#: Seconds between two checks: while some stream ends soon, and otherwise.
TICK, IDLE_TICK = 0.1, 0.25

#: A stream that ends within this many seconds is noted as ending soon.
AHEAD = 15.0

#: Number of streams that are ended, or scanned, between two checkpoints.
SLICE, SCAN_SLICE = 128, 4096


class Validity(Protocol):
    """Tells whether tokens are still valid, as `hunt.core.tokens.Tokens`."""

    generation: int  #: rises when a key is removed

    def hold(self, identity: Identity) -> bool:
        """Return whether the token behind `identity` is still valid."""


class Expiry:
    """Ends each stream within a second after its token has expired or lost its key.

    Every `AHEAD` seconds all streams are scanned, and those that end within that time are
    noted; the other streams cost nothing.

    Args:
        streams: All streams, kept current by the hub.
        clock: The wall clock, in seconds.
        tokens: Tells whether the token behind an identity is still valid.
        jitter: Uniform in [0, 1), spreads the ends.
        end: Ends a stream, and removes it from `streams`; must not block.
    """

    def __init__(
        self,
        streams: Mapping[Subscriber, Subscription],
        *,
        clock: Callable[[], float],
        tokens: Validity,
        jitter: Callable[[], float],
        end: Callable[[Subscriber], None],
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._tokens = tokens
        self._jitter = jitter
        self._end = end
        self._soon: dict[Subscriber, float] = {}  # stream -> its end, by `clock`
        self._horizon = float("-inf")  # every stream that ends earlier is in `_soon`
        self._generation = tokens.generation  # at the last scan

    def add(self, subscriber: Subscriber, until: float) -> None:
        """Note a new stream.

        Args:
            subscriber: A stream that is in `streams` already.
            until: The expiry of its token, by `clock`.
        """
        if until < self._horizon:
            self._note(subscriber, until)

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a stream that has ended for another reason."""
        self._soon.pop(subscriber, None)

    async def run(self) -> None:
        """End streams, until cancelled."""
        while True:
            await trio.sleep(TICK if self._soon else IDLE_TICK)
            key_removed = self._tokens.generation != self._generation
            if key_removed or self._clock() + TICK >= self._horizon:
                await self._scan()
            now = self._clock()
            due = [each for each, at in self._soon.items() if at <= now]
            for number, each in enumerate(due, 1):
                if self._soon.pop(each, None) is not None:  # it may have ended meanwhile
                    self._end(each)
                if number % SLICE == 0:
                    await trio.lowlevel.checkpoint()

    async def _scan(self) -> None:
        """Note the streams that end before the next scan."""
        now = self._clock()
        self._horizon, self._generation = now + AHEAD, self._tokens.generation
        for number, (each, subscription) in enumerate(list(self._streams.items()), 1):
            if each not in self._streams:
                continue  # it has ended meanwhile
            identity = subscription.identity
            if not self._tokens.hold(identity):
                self._note(each, now)
            elif identity.until < self._horizon:
                self._note(each, identity.until)
            if number % SCAN_SLICE == 0:
                await trio.lowlevel.checkpoint()

    def _note(self, subscriber: Subscriber, until: float) -> None:
        at = until + SPREAD * self._jitter()
        self._soon[subscriber] = min(self._soon.get(subscriber, at), at)
