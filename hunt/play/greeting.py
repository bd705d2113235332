"""Greetings of event streams and WebSockets: the log's position, and missed rewards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import trio
from msgspec import Struct

from hunt.core import live, sse, websocket_messages
from hunt.core.cache import Cache
from hunt.core.events import Reward
from hunt.core.hunts import Hunt
from hunt.core.live import LiveEvent
from hunt.errors import StoreError
from hunt.logs import FaultLog
from hunt.play.reconnect import Reconnect

#: Maximum time that a client waits for its missed rewards, in seconds.
PATIENCE = 3.0

#: Number of resumes that read the table at the same time.  The others wait for their turn,
#: so that the connection pool keeps connections for commits.
REPLAYS = 4

#: Size of the cache of greetings, and the estimated size of each with its hunt, in bytes.
HELLOS_SIZE, HELLO_SIZE = 1_600_000, 16_000

log = FaultLog("hunt.web")


class Log(Protocol):
    """The reads of the log of rewards that a resume needs."""

    async def last(self) -> Mapping[str, int]:
        """Return the last seq of each hunt."""

    async def history(self, hunt: str, player: str, after: int, limit: int, /) -> Sequence[Reward]:
        """Return up to `limit` rewards of a player with seq > `after`, by ascending seq."""


class Greeting(Struct, kw_only=True):
    """The start of one stream, or of several that begin at the same position."""

    hunt: str
    epoch: str
    seq: int  #: last seq in the log
    resumed: bool
    heartbeat: float  #: seconds of silence, > 0, after which an event stream sends a heartbeat
    sent: int  #: last seq that the client knows; only later rewards follow
    live: Sequence[LiveEvent] = ()  #: what is now, beside the log
    reset: str | None = None  #: why the stream cannot be resumed
    missed: Sequence[Reward] = ()  #: rewards since the client's last event id, by ascending seq
    retry_ms: int | None = None  #: the stream ends, and the client reconnects after this
    _blocks: bytes | None = None

    @property
    def ends(self) -> bool:
        """Whether the stream ends with the greeting."""
        return self.retry_ms is not None

    @property
    def blocks(self) -> bytes:
        """The first blocks of an event stream; encoded once."""
        if self._blocks is None:
            self._blocks = self._encoded()
        return self._blocks

    def _encoded(self) -> bytes:
        if self.retry_ms is not None:
            return sse.pause(self.retry_ms)
        blocks = [
            sse.hello(
                self.hunt, self.epoch, self.seq, resumed=self.resumed, heartbeat=self.heartbeat
            )
        ]
        if self.reset is not None:
            blocks.append(sse.reset(self.reset))
        blocks += [sse.frame(event=each.kind, data=each.data) for each in self.live]
        blocks += [sse.reward(self.epoch, reward) for reward in self.missed]
        return b"".join(blocks)

    @property
    def messages(self) -> list[str]:
        """The first messages of a WebSocket; none if it ends."""
        if self.ends:
            return []
        first = [websocket_messages.hello(self.hunt, self.epoch, self.seq, self.resumed)]
        if self.reset is not None:
            first.append(websocket_messages.reset(self.reset))
        first += [websocket_messages.message(each.kind, each.data) for each in self.live]
        return first + [websocket_messages.reward(reward) for reward in self.missed]


class Greeter:
    """Makes greetings.

    Args:
        log: Read for missed rewards.
        position: Returns the last seq of a hunt's log that this process has seen.
        replay_limit: Maximum number of missed rewards that a resumed stream begins with.
        heartbeat: Seconds of silence, > 0, after which an event stream sends a heartbeat.
        reconnect: Chooses delays for clients that cannot resume now.
        faults: Its key ``resume`` counts streams that could not be resumed.
    """

    def __init__(
        self,
        log: Log,
        *,
        position: Callable[[str], int],
        replay_limit: int,
        heartbeat: float,
        reconnect: Reconnect,
        faults: Counter[str],
    ) -> None:
        self.replays = trio.Semaphore(REPLAYS)
        self._log = log
        self._position = position
        self._replay_limit = replay_limit
        self._heartbeat = heartbeat
        self._reconnect = reconnect
        self._faults = faults
        # The last ones, by hunt.
        self._hellos: Cache[str, tuple[Hunt, Greeting]] = Cache(
            HELLOS_SIZE, lambda _, kept: HELLO_SIZE
        )

    def hello(self, hunt: Hunt, *, reset: str | None = None) -> Greeting:
        """Return the greeting of a stream that is not resumed.

        Args:
            hunt: The hunt.
            reset: Why the stream cannot be resumed; None if the client did not ask for it.
        """
        seq = self._position(hunt.id)
        # Many streams begin at the same position after a restart.
        kept = None if reset is not None else self._hellos.get(hunt.id)
        if kept is not None and kept[0] is hunt and kept[1].seq == seq:
            return kept[1]
        greeting = Greeting(
            hunt=hunt.id, epoch=hunt.epoch, seq=seq, resumed=False, heartbeat=self._heartbeat,
            sent=seq, live=live.events(hunt), reset=reset,
        )  # fmt: skip
        if reset is None:
            self._hellos.put(hunt.id, (hunt, greeting))
        return greeting

    def pause(self, hunt: Hunt) -> Greeting:
        """Return the greeting of a stream that ends at once; its client reconnects later."""
        return Greeting(
            hunt=hunt.id, epoch=hunt.epoch, seq=0, resumed=False, heartbeat=self._heartbeat,
            sent=0, retry_ms=self._reconnect.ms(),
        )  # fmt: skip

    async def resumed(self, hunt: Hunt, player: str, last_event_id: str) -> Greeting:
        """Return the greeting of a resumed stream, which must be subscribed already.

        After a temporary failure the greeting tells the client when to reconnect, and the
        stream ends.  A browser would never reconnect after an error status.
        """
        missed: Sequence[Reward] | None = None
        why = f"no answer within {PATIENCE:g} s"
        try:
            after = sse.parse_event_id(last_event_id, hunt.epoch)
            with trio.move_on_after(PATIENCE):
                missed = await self._missed(hunt.id, player, after)
        except ValueError as exc:
            return self.hello(hunt, reset=str(exc))
        except StoreError as exc:
            why = str(exc)
        if missed is None:
            self._faults["resume"] += 1
            log.warning("stream not resumed", error=why)
            return self.pause(hunt)
        return Greeting(
            hunt=hunt.id,
            epoch=hunt.epoch,
            seq=self._position(hunt.id),
            resumed=True,
            heartbeat=self._heartbeat,
            sent=missed[-1].seq if missed else after,
            live=live.events(hunt),
            missed=missed,
        )

    async def _missed(self, hunt: str, player: str, after: int) -> Sequence[Reward]:
        """Return the player's rewards with seq > `after`.

        Raises:
            ValueError: They cannot be replayed; the message is the reason.
            StoreError: They cannot be read now.
        """
        async with self.replays:
            if after > self._position(hunt):
                # The id may come from a process that is ahead of this one, so ask the table.
                last = (await self._log.last()).get(hunt, 0)
                if after > last:
                    raise ValueError("ahead of the log")
            missed = await self._log.history(hunt, player, after, self._replay_limit + 1)
        if len(missed) > self._replay_limit:
            raise ValueError("too far behind")
        return missed
