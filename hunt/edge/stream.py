"""One event stream on a socket of its own: parked while its client keeps up, else awake."""

from __future__ import annotations

import os

import trio

from hunt.core import sse
from hunt.core.hunts import Hunt
from hunt.edge.admission import Slot
from hunt.edge.answers import LAST_CHUNK, chunk
from hunt.edge.lingering import discard_input
from hunt.edge.park import HEARTBEAT_TICKS, Park
from hunt.edge.sending import write_all
from hunt.errors import Overloaded
from hunt.play import greeting
from hunt.service.subscriber import Frame, Mailbox, Reason, Subscription

WRITE_FRAMES = 64

_HEARTBEAT = chunk(sse.HEARTBEAT)


def open_stream(
    park: Park,
    fd: int,
    hunt: Hunt,
    subscription: Subscription,
    resume: str | None,
    request_id: str,
) -> None:
    """Make a stream of a parked connection: subscribed first, then greeted.

    Args:
        park: That watches `fd`.
        fd: The connection; its request has been read.
        hunt: That exists and is not over.
        subscription: What it receives.
        resume: The last event id that the client has, as it says; ignored for everybody's wins.
        request_id: For the head of the response.
    """
    player = subscription.player
    resumes = resume is not None and player is not None
    stream = Stream(park, fd)
    park.replace_untimed(stream)
    head = park.answers.stream(request_id)
    try:
        stream.subscribe(subscription, awake=resumes)
    except Overloaded:
        stream.finish(head + chunk(sse.pause(greeting.reconnect_ms())))
        return
    if resume is None or player is None:
        begin = greeting.hello(park.engine, hunt)
        stream.sent = begin.sent
        stream.write(head + chunk(begin.blocks))
    else:
        park.start_task(stream.resume, head, hunt, player, resume)


class Stream:
    """A subscriber of the hub that owns no task while its client keeps up.

    A frame is one write, in the hub's own turn. What does not fit into the socket
    wakes the stream: it gets a bounded channel, and a task that writes from the very
    byte where that write stopped, and parks it again once the channel is empty.
    """

    __slots__ = (
        "_awake", "_mailbox", "_subscribed", "_tick", "fd", "park", "sent", "slot",
    )  # fmt: skip

    def __init__(self, park: Park, fd: int) -> None:
        self.park = park
        self.fd = fd
        self.slot: Slot  # set by the park
        self.sent = 0  # seq of the last reward; what is not newer was replayed
        self._mailbox: Mailbox | None = None  # while it is awake
        self._awake = False  # and is counted so
        self._subscribed = False
        self._tick = park.tick  # of the heartbeats, at the last write

    def subscribe(self, subscription: Subscription, *, awake: bool) -> None:
        """Receive what is published from now on.

        Raises:
            Overloaded: The hub takes no more.
        """
        if awake:
            self._mailbox = Mailbox(self.park.engine.settings.stream_buffer)
        try:
            self.park.engine.hub.add(subscription, self)
        except Overloaded:
            self._mailbox = None
            raise
        self._subscribed = True
        self._count_awake(awake)
        self.park.engine.hub.count("sse", 1)

    def offer(self, frame: Frame) -> bool:
        """See `hunt.service.subscriber.Subscriber`."""
        if self._mailbox is not None:
            return self._mailbox.offer(frame)
        if frame.kind == "reward":
            if frame.seq <= self.sent:
                return True
            self.sent = frame.seq
        self.write(frame.chunk())
        self.park.engine.metrics.delivered(trio.current_time() - frame.since)
        return True

    def close(self, reason: Reason) -> None:
        """See `hunt.service.subscriber.Subscriber`."""
        if self._mailbox is not None:
            self._mailbox.close(reason)
        else:
            self.finish(chunk(greeting.farewell(reason)))

    def write(self, data: bytes) -> None:
        """Write now what the socket takes, and the rest in a task."""
        self._tick = self.park.tick
        try:
            sent = os.write(self.fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent < len(data):
            self._mailbox = Mailbox(self.park.engine.settings.stream_buffer)
            self._count_awake(self._subscribed)
            self.park.start_task(self._drain, data[sent:])

    def finish(self, data: bytes) -> None:
        """Write the last of it, and end."""
        self.write(data + LAST_CHUNK)
        if self._mailbox is not None:
            self._mailbox.close("slow")  # without another farewell
        else:
            self.end()

    async def resume(self, head: bytes, hunt: Hunt, player: str, last_event_id: str) -> None:
        """Greet a client that comes back, with what it has missed."""
        begin = await greeting.resumed(self.park.engine, hunt, player, last_event_id)
        self.sent = begin.sent
        if begin.ends and self._mailbox is not None:
            self._unsubscribe()
            self._mailbox.discard()
            self._mailbox = Mailbox(1)
            self._mailbox.close("slow")
        await self._drain(head + chunk(begin.blocks))

    async def _drain(self, rest: bytes) -> None:
        """Write `rest`, and what has come since; then park again, or end."""
        mailbox = self._mailbox
        assert mailbox is not None, "awake"
        try:
            while True:
                await write_all(self.fd, rest)
                try:
                    frames = mailbox.gather(after=self.sent, most=WRITE_FRAMES)
                except trio.WouldBlock:
                    self._tick, self._mailbox = self.park.tick, None
                    self._count_awake(False)
                    mailbox.discard()
                    return
                except trio.EndOfChannel:
                    last = chunk(greeting.farewell(mailbox.reason))
                    await write_all(self.fd, last + LAST_CHUNK if last else LAST_CHUNK)
                    self.end()
                    return
                self.sent = max(self.sent, frames[-1].seq)
                rest = chunk(b"".join(frame.sse for frame in frames))
                now = trio.current_time()
                for frame in frames:
                    self.park.engine.metrics.delivered(now - frame.since)
        except (OSError, trio.ClosedResourceError, trio.TooSlowError):
            self.end()

    def heartbeat(self) -> None:
        """Send a heartbeat if nothing was written for almost an interval."""
        if self._mailbox is None and self.park.tick - self._tick >= HEARTBEAT_TICKS - 1:
            self.write(_HEARTBEAT)

    def readable(self) -> None:
        """Notice that the client has left; what else it sends has no meaning here."""
        discard_input(self)

    def _unsubscribe(self) -> None:
        if self._subscribed:
            self._subscribed = False
            self._count_awake(False)
            self.park.engine.hub.remove(self)
            self.park.engine.hub.count("sse", -1)

    def _count_awake(self, awake: bool) -> None:
        self.park.engine.hub.awake += awake - self._awake
        self._awake = awake

    def end(self) -> None:
        """Close the connection, and receive nothing more."""
        self._unsubscribe()
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            self.park.close(fd, watched=True)
