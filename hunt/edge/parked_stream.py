"""An event stream on a socket of its own: parked, or with a task while its client is slow."""

from __future__ import annotations

import os

import trio

from hunt.core import sse
from hunt.edge.answers import LAST_CHUNK, chunk
from hunt.edge.heartbeats import SILENCE
from hunt.edge.lingering import discard_input
from hunt.edge.park import Park
from hunt.edge.parked_socket import ParkedSocket
from hunt.edge.sending import write_all
from hunt.play.greeting import Greeting
from hunt.play.stream import Stream
from hunt.service.subscriber import Frame, Mailbox, Reason

_HEARTBEAT = chunk(sse.HEARTBEAT)


def open_stream(park: Park, fd: int, stream: Stream, head: bytes) -> None:
    """Serve an event stream on a parked connection: subscribe first, then greet.

    Args:
        park: Watches the connection.
        fd: File descriptor of the connection; its request has been read.
        stream: Not subscribed yet.
        head: Head of the response.
    """
    parked = ParkedStream(park, fd, stream)
    park.replace_untimed(parked)
    parked.begin(head)


class ParkedStream(ParkedSocket):
    """A subscriber of the hub that owns no task while its client keeps up.

    Each frame is one write, made by the hub's task.  A write that does not fit into the
    socket wakes the stream: a task writes the rest, and frames wait in a bounded mailbox
    meanwhile.  Once the mailbox is empty, the stream is parked again.
    """

    __slots__ = ("_mailbox", "_stream", "_tick")

    def __init__(self, park: Park, fd: int, stream: Stream) -> None:
        super().__init__(park, fd)
        self._stream = stream
        self._mailbox: Mailbox | None = None  # while it is awake
        self._tick = park.heartbeats.tick  # heartbeat tick of the last write

    def begin(self, head: bytes) -> None:
        """Subscribe, and send the head and the greeting."""
        if self._stream.resume is not None:
            self._mailbox = self._stream.shared.mailbox()
        greeting = self._stream.begin(self)
        if greeting is None:
            self._stream.set_awake(True)
            self.park.start_task(self._resume, head)
        elif greeting.ends:
            self._mailbox = None
            self.finish(head + chunk(greeting.blocks))
        else:
            self.write(head + chunk(greeting.blocks))

    def offer(self, frame: Frame) -> bool:
        """See `hunt.service.subscriber.Subscriber`."""
        if self._mailbox is not None:
            return self._mailbox.offer(frame)
        if self._stream.is_new(frame):
            self.write(frame.chunk())
            self._stream.delivered(frame)
        return True

    def waiting(self) -> int:
        """See `hunt.service.subscriber.Subscriber`."""
        return 0 if self._mailbox is None else self._mailbox.waiting()

    def close(self, reason: Reason) -> None:
        """See `hunt.service.subscriber.Subscriber`."""
        if self._mailbox is not None:
            self._mailbox.close(reason)
        else:
            self.finish(chunk(self._stream.shared.farewell(reason)))

    def write(self, data: bytes) -> None:
        """Write the bytes that fit into the socket now, and start a task for the rest."""
        self._tick = self.park.heartbeats.tick
        try:
            sent = os.write(self.fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent < len(data):
            self._mailbox = self._stream.shared.mailbox()
            self._stream.set_awake(self._stream.subscriber is not None)
            self.park.start_task(self._drain, data[sent:])

    def finish(self, data: bytes) -> None:
        """Write the last bytes, and end."""
        self.write(data + LAST_CHUNK)
        if self._mailbox is not None:
            self._mailbox.close("slow")  # without another farewell
        else:
            self.end()

    async def _resume(self, head: bytes) -> None:
        """Greet a client that resumes, with the rewards that it has missed."""
        greeting: Greeting = await self._stream.greet()
        if greeting.ends and self._mailbox is not None:
            self._stream.unsubscribe()
            self._mailbox.discard()
            self._mailbox = Mailbox(1)
            self._mailbox.close("slow")
        await self._drain(head + chunk(greeting.blocks))

    async def _drain(self, rest: bytes) -> None:
        """Write `rest` and the frames that wait; then park again, or end."""
        mailbox = self._mailbox
        assert mailbox is not None, "awake"
        try:
            while True:
                await write_all(self.fd, rest)
                try:
                    rest = chunk(self._stream.gather(mailbox))
                except trio.WouldBlock:
                    self._tick, self._mailbox = self.park.heartbeats.tick, None
                    self._stream.set_awake(False)
                    mailbox.discard()
                    return
                except trio.EndOfChannel:
                    last = chunk(self._stream.shared.farewell(mailbox.reason))
                    await write_all(self.fd, last + LAST_CHUNK)
                    self.end()
                    return
        except (OSError, trio.ClosedResourceError, trio.TooSlowError):
            self.end()

    def heartbeat(self) -> int:
        """Write a heartbeat, unless something was written for almost an interval."""
        tick = self.park.heartbeats.tick
        if self._mailbox is not None:
            return tick + 1  # its task writes
        if tick - self._tick >= SILENCE:
            self.write(_HEARTBEAT)
        return self._tick + SILENCE

    def readable(self) -> None:
        """Notice that the client has disconnected; discard anything else that it sends."""
        discard_input(self)

    def end(self) -> None:
        """Unsubscribe, and close the connection."""
        self._stream.unsubscribe()
        super().end()
