"""Ends streams whose tokens are not valid any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import trio

from hunt.core.tokens import Identity
from hunt.service.subscriber import Subscriber, Subscription

#: Seconds over which the ends of streams are spread whose tokens expire at the same time.
SPREAD = 0.6

#: Seconds between two looks at the streams that end soon, and where there are none.
TICK, IDLE_TICK = 0.1, 0.25

#: Seconds ahead for which the streams that end soon are known.
AHEAD = 15.0

#: Streams that are ended, and that are looked at, in one turn of the loop.
SLICE, LOOK_SLICE = 128, 4096


class Expiry:
    """Ends each stream within a second after its token has expired or lost its key.

    A stream costs nothing here until shortly before its end: every `AHEAD` seconds all
    streams are looked at, and those that end within that time are noted.

    Args:
        streams: All streams, kept current by the hub.
        clock: The wall clock, in seconds.
        valid: Returns whether the token behind an identity is still valid.
        jitter: Uniform in [0, 1), spreads the ends.
        end: Ends a stream, and removes it from `streams`; must not block.
    """

    def __init__(
        self,
        streams: Mapping[Subscriber, Subscription],
        *,
        clock: Callable[[], float],
        valid: Callable[[Identity], bool],
        jitter: Callable[[], float],
        end: Callable[[Subscriber], None],
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._valid = valid
        self._jitter = jitter
        self._end = end
        self._soon: dict[Subscriber, float] = {}  # when each is to end, by `clock`
        self._horizon = float("-inf")  # what ends before is in `_soon`
        self._keys_removed = False

    def add(self, subscriber: Subscriber, until: float) -> None:
        """Note a new stream.

        Args:
            subscriber: In `streams` already.
            until: When its token expires, by `clock`.
        """
        if until < self._horizon:
            self._note(subscriber, until)

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a stream that has ended for another reason."""
        self._soon.pop(subscriber, None)

    def keys_removed(self) -> None:
        """End the streams soon whose tokens were verified by a key that was removed."""
        self._keys_removed = True

    async def run(self) -> None:
        """End streams, until cancelled."""
        while True:
            await trio.sleep(TICK if self._soon else IDLE_TICK)
            if self._keys_removed or self._clock() + TICK >= self._horizon:
                await self._look()
            now = self._clock()
            due = [each for each, at in self._soon.items() if at <= now]
            for number, each in enumerate(due, 1):
                if self._soon.pop(each, None) is not None:  # it may have ended meanwhile
                    self._end(each)
                if number % SLICE == 0:
                    await trio.lowlevel.checkpoint()

    async def _look(self) -> None:
        """Note the streams that end before the next look."""
        now = self._clock()
        self._horizon, self._keys_removed = now + AHEAD, False
        for number, (each, subscription) in enumerate(list(self._streams.items()), 1):
            if each not in self._streams:
                continue  # it has ended meanwhile
            identity = subscription.identity
            if not self._valid(identity):
                self._note(each, now)
            elif identity.until < self._horizon:
                self._note(each, identity.until)
            if number % LOOK_SLICE == 0:
                await trio.lowlevel.checkpoint()

    def _note(self, subscriber: Subscriber, until: float) -> None:
        at = until + SPREAD * self._jitter()
        self._soon[subscriber] = min(self._soon.get(subscriber, at), at)
