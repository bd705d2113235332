"""One client's stream of events, independent of the transport that carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from hunt.core import sse
from hunt.core.hunts import Hunt
from hunt.errors import Overloaded
from hunt.metrics.recorder import Recorder
from hunt.play.greeting import Greeter, Greeting
from hunt.play.reconnect import Reconnect
from hunt.service.hub import Hub
from hunt.service.subscriber import Frame, Mailbox, Reason, Subscriber, Subscription

#: Maximum number of frames in one write.
WRITE_FRAMES = 64


class StreamServices:
    """Everything that the streams of a process share.

    Args:
        hub: Publishes rewards and wins to subscribers.
        greeter: Makes the first blocks of each stream.
        metrics: Counts deliveries and slow consumers.
        reconnect: Chooses delays for clients whose streams end.
        buffer: Number of frames, >= 1, that may wait for a client before it is disconnected.
        heartbeat: Seconds of silence, > 0, after which a stream sends a heartbeat.
        clock: Monotonic time, in seconds.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        greeter: Greeter,
        metrics: Recorder,
        reconnect: Reconnect,
        buffer: int,
        heartbeat: float,
        clock: Callable[[], float],
    ) -> None:
        self.hub = hub
        self.greeter = greeter
        self.metrics = metrics
        self.reconnect = reconnect
        self.buffer = buffer
        self.heartbeat = heartbeat
        self.clock = clock

    def open(self, hunt: Hunt, subscription: Subscription, last_event_id: str | None) -> Stream:
        """Return a stream, not subscribed yet.

        Args:
            hunt: An existing hunt.
            subscription: Events that the stream receives, and its player.
            last_event_id: Last event id of the client, as the client gave it; None: the
                stream is not resumed.  Ignored for everybody's wins.
        """
        resume = None if subscription.everybody else last_event_id
        return Stream(self, hunt, subscription, resume)

    def mailbox(self) -> Mailbox:
        """Return a new mailbox that holds `buffer` frames."""
        return Mailbox(self.buffer)

    def farewell(self, reason: Reason | None) -> bytes:
        """Return the last blocks of an event stream; empty for a slow consumer."""
        if reason == "drain":
            return sse.drain(self.reconnect.ms())
        if reason in {"over", "expired", "banned"}:
            return sse.pause(self.reconnect.ms())
        return b""


class Stream(Struct):
    """One client's stream: subscribe it, send its greeting, then the frames that follow."""

    shared: StreamServices
    hunt: Hunt  #: as it was when the stream opened
    subscription: Subscription
    resume: str | None  #: last event id that the client knows; None: not resumed
    sent: int = 0  #: last seq sent; rewards up to it are in the greeting
    subscriber: Subscriber | None = None  #: while it is subscribed
    transport: Literal["sse", "websocket"] = "sse"
    awake: bool = False  #: it has a task now, and is counted so

    @property
    def is_over(self) -> bool:
        """Whether the hunt had ended when the stream opened."""
        return self.hunt.has_ended

    def subscribe(
        self, subscriber: Subscriber, transport: Literal["sse", "websocket"] = "sse"
    ) -> None:
        """Give `subscriber` everything that is published from now on.

        Raises:
            Overloaded: The player or the address has too many streams, or the process drains.
        """
        self.shared.hub.add(self.subscription, subscriber)
        self.shared.hub.count(transport, 1)
        self.subscriber, self.transport = subscriber, transport
        if transport == "websocket":
            self.shared.hub.queues.add(subscriber)

    def unsubscribe(self) -> None:
        """Receive nothing more; a second call changes nothing."""
        if self.subscriber is not None:
            self.set_awake(False)
            self.shared.hub.remove(self.subscriber)
            self.shared.hub.count(self.transport, -1)
            self.subscriber = None

    def set_awake(self, awake: bool) -> None:
        """Count the stream, which is subscribed, as one that has a task or as a parked one."""
        hub = self.shared.hub
        hub.awake += awake - self.awake
        self.awake = awake
        if self.subscriber is not None:
            (hub.queues.add if awake else hub.queues.discard)(self.subscriber)

    def begin(self, subscriber: Subscriber) -> Greeting | None:
        """Subscribe an event stream, and return its greeting.

        Returns:
            The greeting; it ends the stream if it cannot be subscribed now.  None if missed
            rewards must be read first: then await `greet`.
        """
        try:
            self.subscribe(subscriber)
        except Overloaded:
            return self.shared.greeter.pause(self.hunt)
        if self.resume is not None:
            return None
        greeting = self.shared.greeter.hello(self.hunt)
        self.sent = greeting.sent
        return greeting

    async def greet(self) -> Greeting:
        """Return the greeting, with the rewards that the client has missed."""
        greeter, player = self.shared.greeter, self.subscription.identity.player
        if self.resume is None:
            greeting = greeter.hello(self.hunt)
        else:
            greeting = await greeter.resumed(self.hunt, player, self.resume)
        self.sent = greeting.sent
        return greeting

    def is_new(self, frame: Frame) -> bool:
        """Return whether the client lacks a frame; a reward counts as sent from now on."""
        if frame.kind == "reward":
            if frame.seq <= self.sent:
                return False
            self.sent = frame.seq
        return True

    def gather(self, mailbox: Mailbox, first: Frame | None = None) -> bytes:
        """Return the blocks of waiting frames, up to `WRITE_FRAMES`; count them as delivered.

        Args:
            mailbox: Holds the frames.
            first: A frame that was received already.

        Raises:
            trio.WouldBlock: No new frame waits.
            trio.EndOfChannel: The mailbox is closed and empty.
        """
        frames = mailbox.gather(first, after=self.sent, most=WRITE_FRAMES)
        now = self.shared.clock()
        for frame in frames:
            self.sent = max(self.sent, frame.seq)
            if frame.key is None:
                self.shared.metrics.delivered(now - frame.since)
        return b"".join(frame.sse for frame in frames)

    def delivered(self, frame: Frame) -> None:
        """Count a frame that was written to the client, unless it is a live event."""
        if frame.key is None:
            self.shared.metrics.delivered(self.shared.clock() - frame.since)
