"""Knows each player's streams, and gives every event to those it concerns."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import trio
from msgspec import Struct

from hunt.core import messages, sse
from hunt.core.events import Reward
from hunt.core.wire import mask
from hunt.errors import Draining, Overloaded

Reason = Literal["slow", "drain", "over"]

#: Seconds between two frames of everybody's wins.
WINS_INTERVAL = 0.1

#: Wins in one such frame, at most: the newest.
WINS_SIZE = 50

#: Streams that get a frame, or are closed, in one turn of the loop.
SLICE = 256


class Frame(Struct, gc=False):
    """An event, encoded once and shared by all who get it."""

    kind: Literal["reward", "wins"]
    seq: int  #: of a reward; 0 for wins
    sse: bytes  #: whole blocks of an event stream
    since: float  #: when it was published, by Trio's clock
    _chunk: bytes | None = None

    def chunk(self) -> bytes:
        """Return the blocks as a chunk of HTTP/1.1 (RFC 9112, 7.1); made once."""
        if self._chunk is None:
            self._chunk = b"%x\r\n%b\r\n" % (len(self.sse), self.sse)
        return self._chunk

    def message(self) -> str:
        """Return the event as a message of a socket."""
        # A block of ours has one line of data, its last; only players with a socket pay.
        return messages.message(self.kind, self.sse[self.sse.index(b"data: ") + 6 : -2])


class Subscriber(Protocol):
    """What the hub knows of a stream: a socket, or a channel and a task."""

    def offer(self, frame: Frame) -> bool:
        """Take a frame; False where it cannot, and is then cut off.  Must not block."""

    def close(self, reason: Reason) -> None:
        """Take nothing more; what was taken may still be delivered.  Must not block."""


class Mailbox:
    """A subscriber that another task reads, through a bounded channel."""

    def __init__(self, buffer: int) -> None:
        self._send, self._receive = trio.open_memory_channel[Frame](buffer)
        self.reason: Reason | None = None  #: why it ends; None while it is open

    def offer(self, frame: Frame) -> bool:
        """See `Subscriber`."""
        try:
            self._send.send_nowait(frame)
        except (trio.WouldBlock, trio.BrokenResourceError):
            return False
        return True

    def close(self, reason: Reason) -> None:
        """See `Subscriber`."""
        self.reason = reason
        self._send.close()

    async def receive(self) -> Frame:
        """Return the next frame.

        Raises:
            trio.EndOfChannel: It was closed, and all it took has been received;
                `reason` says why.
        """
        return await self._receive.receive()

    def receive_nowait(self) -> Frame:
        """Return the next frame, if there is one.

        Raises:
            trio.WouldBlock: Nothing waits.
            trio.EndOfChannel: As for `receive`.
        """
        return self._receive.receive_nowait()

    def gather(self, first: Frame | None = None, *, after: int, most: int) -> list[Frame]:
        """Return up to `most` frames that wait, without rewards up to seq `after`.

        Args:
            first: A frame that was received already.
            after: What the client knows.
            most: Frames, >= 1.

        Raises:
            trio.WouldBlock: There is nothing to return.
            trio.EndOfChannel: As for `receive`, and there is nothing to return.
        """
        frames: list[Frame] = []
        try:
            while len(frames) < most:
                frame = self._receive.receive_nowait() if first is None else first
                first = None
                if frame.kind != "reward" or frame.seq > after:
                    frames.append(frame)
        except (trio.WouldBlock, trio.EndOfChannel):
            if not frames:
                raise
        return frames

    def discard(self) -> None:
        """Drop both ends, and what was not received."""
        self._send.close()
        self._receive.close()


class Hub:
    """Copies rewards to their players' streams, and wins to everybody's.

    A subscriber that cannot take a frame is cut off, so that it delays nobody;
    its client comes back with ``Last-Event-ID``.  No method but `run` can block,
    so all subscribers see the same order.

    Args:
        epoch: Returns the epoch of a hunt's log.
        per_player: Streams of one player in one hunt, >= 1, at most.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
        slow: Told of each subscriber that was cut off.
    """

    def __init__(
        self,
        *,
        epoch: Callable[[str], str],
        per_player: int,
        jitter: Callable[[], float],
        slow: Callable[[], None] = lambda: None,
    ) -> None:
        self._epoch = epoch
        self._per_player = per_player
        self._jitter = jitter
        self._slow = slow
        self._players: dict[str, dict[str, list[Subscriber]]] = {}  # hunt -> player -> streams
        # hunt -> streams, in a dict because thousands may leave at once
        self._everybody: dict[str, dict[Subscriber, None]] = {}
        self._wins: dict[str, deque[Reward]] = {}  # hunt -> since the last frame
        self._won = trio.Event()
        self._counts: Counter[str] = Counter()
        self.awake = 0  #: event streams that have a task now; the others are parked
        self._closed = False

    def add(self, hunt: str, player: str | None, subscriber: Subscriber) -> None:
        """Give a subscriber what is published from now on.

        Args:
            hunt: Its id.
            player: Whose rewards; None for everybody's wins.
            subscriber: Must not be there already.

        Raises:
            Draining: The hub has closed.
            Overloaded: The player has too many streams.
        """
        if self._closed:
            raise Draining(retry_after=1 + self._jitter())
        if player is None:
            self._everybody.setdefault(hunt, {})[subscriber] = None
            return
        streams = self._players.setdefault(hunt, {}).setdefault(player, [])
        if len(streams) >= self._per_player:
            raise Overloaded("too many streams", retry_after=5 + self._jitter())
        streams.append(subscriber)

    def remove(self, hunt: str, player: str | None, subscriber: Subscriber) -> None:
        """Forget a subscriber; changes nothing where it was cut off before."""
        if player is None:
            self._everybody.get(hunt, {}).pop(subscriber, None)
            return
        players = self._players.get(hunt, {})
        streams = players.get(player, [])
        if subscriber in streams:
            streams.remove(subscriber)
        if not streams:
            players.pop(player, None)

    @contextmanager
    def subscribe(
        self, hunt: str, player: str | None, *, buffer: int, transport: str
    ) -> Iterator[Mailbox]:
        """Receive, in order, what is published from now on; raises as `add` does.

        Args:
            hunt: Its id.
            player: Whose rewards; None for everybody's wins.
            buffer: Frames, >= 1, that may wait before the subscriber is cut off.
            transport: ``sse`` or ``websocket``, for the count.
        """
        mailbox = Mailbox(buffer)
        self.add(hunt, player, mailbox)
        self.count(transport, 1)
        has_task = transport == "sse"
        self.awake += has_task
        try:
            yield mailbox
        finally:
            self.awake -= has_task
            self.count(transport, -1)
            self.remove(hunt, player, mailbox)
            mailbox.discard()

    def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
        """Give rewards, by ascending seq, to their players; cannot block."""
        players = self._players.get(hunt)
        if players:
            now = trio.current_time()
            for reward in rewards:
                streams = players.get(reward.player)
                if streams:
                    block = sse.reward(self._epoch(hunt), reward)
                    self._offer(
                        hunt, reward.player, streams, Frame("reward", reward.seq, block, now)
                    )
        if self._everybody.get(hunt):
            won = [reward for reward in rewards if reward.prize is not None]
            if won:
                self._wins.setdefault(hunt, deque(maxlen=WINS_SIZE)).extend(won)
                self._won.set()

    def _offer(
        self, hunt: str, player: str | None, streams: Sequence[Subscriber], frame: Frame
    ) -> None:
        for subscriber in tuple(streams):
            if not subscriber.offer(frame):
                self.remove(hunt, player, subscriber)
                subscriber.close("slow")
                self._slow()

    def wanted(self, hunt: str) -> bool:
        """Return whether there is any stream of a hunt."""
        return bool(self._players.get(hunt) or self._everybody.get(hunt))

    def end(self, hunt: str, reason: Reason = "over") -> None:
        """Close every stream of a hunt that is over, or has to be asked for again."""
        for subscriber in self._pop(hunt):
            subscriber.close(reason)

    async def close(self) -> None:
        """Let every subscriber deliver what it took, and then end; in slices.

        Cancelled, it leaves the rest as they are, but takes no new ones.
        """
        self._closed = True
        for hunt in {*self._players, *self._everybody}:
            for number, subscriber in enumerate(self._pop(hunt)):
                subscriber.close("drain")
                if number % SLICE == SLICE - 1:
                    await trio.lowlevel.checkpoint()

    def _pop(self, hunt: str) -> list[Subscriber]:
        """Forget all subscribers of a hunt, and return them."""
        streams = [*self._players.pop(hunt, {}).values(), list(self._everybody.pop(hunt, {}))]
        return [subscriber for each in streams for subscriber in each]

    def count(self, transport: str, change: int) -> None:
        """Count a stream that has opened (1) or is gone (-1)."""
        self._counts[transport] += change

    def counts(self) -> dict[str, int]:
        """Return how many subscribers there are, by transport."""
        return dict(self._counts)

    async def run(self) -> None:
        """Send everybody's wins, gathered for `WINS_INTERVAL`, until cancelled."""
        while True:
            await self._won.wait()
            await trio.sleep(WINS_INTERVAL)
            self._won = trio.Event()
            wins, self._wins = self._wins, {}
            now = trio.current_time()
            for hunt, rewards in wins.items():
                block = sse.wins(hunt, [_masked(reward) for reward in rewards])
                frame = Frame("wins", 0, block, now)
                streams = list(self._everybody.get(hunt, {}))
                for start in range(0, len(streams), SLICE):
                    still = self._everybody.get(hunt, {})
                    reached = [each for each in streams[start : start + SLICE] if each in still]
                    self._offer(hunt, None, reached, frame)
                    await trio.lowlevel.checkpoint()


def _masked(reward: Reward) -> dict[str, object]:
    return {
        "player": mask(reward.player),
        "prize": reward.prize,
        "points": reward.points,
        "at": reward.at,
    }
