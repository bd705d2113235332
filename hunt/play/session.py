"""A player's session over a WebSocket: rewards and clicks as text messages."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Protocol

import structlog

from hunt.core import websocket_messages
from hunt.core.events import Outcome, Settlement
from hunt.core.proxies import Peer
from hunt.errors import Banned, Draining, InvalidRequest, NotAuthenticated, Overloaded, Refused
from hunt.play import close_codes, contract
from hunt.play.access_log import LoggedRequest
from hunt.play.auth import EXPIRED
from hunt.play.play import Play
from hunt.play.request import Request
from hunt.play.stream import Stream
from hunt.service.subscriber import Frame, Reason, keep_latest

#: Maximum number of clicks in flight and answers not yet written, together.  At this number
#: the session reads no further message.
MAX_OUTSTANDING = 64

log = structlog.get_logger("hunt.web")


class Link(Protocol):
    """The transport of a session.  Its methods must not block."""

    def wake(self) -> None:
        """Call `Session.take` soon."""

    def close(self, code: int, reason: str) -> None:
        """Send the messages that wait, and close; later calls have no effect."""


class Session:
    """A subscriber of the hub that also takes clicks.

    Args:
        play: Decides the stream and its clicks.
        request: The handshake.
        peer: Other end of the connection.
        request_id: Id of the handshake, for the access log.
    """

    def __init__(self, play: Play, request: Request, peer: Peer, request_id: str) -> None:
        self._play = play
        self._request = request
        self._peer = peer
        self._request_id = request_id
        self._logged = LoggedRequest("CLICK", contract.SOCKET, request.trace)
        self._stream: Stream | None = None  # set before a message is heard
        self._link: Link
        self._greeted = False  # no reward is sent before the greeting
        self._waiting: deque[Frame | str] = deque()  # frames and answers, in order
        self._frames = 0  # frames in `_waiting`
        self._live: dict[str, Frame] = {}  # live events that wait, the latest of each key
        self._clicks = 0  # clicks in flight
        self._last: tuple[int, str] | None = None  # code and reason, once no click is in flight

    def begin(self, link: Link) -> Stream | None:
        """Subscribe; return the stream, or None if the session closes at once.

        The handshake of a refused client is accepted first, because a browser shows a page
        the close code, but not the status of a failed handshake.

        Args:
            link: Carries the messages.
        """
        self._link = link
        try:
            stream = self._play.open(self._request, self._peer)
            if stream.is_over:
                self.close("over")
                return None
            stream.subscribe(self, "websocket")
        except Draining:
            self.close("drain")
        except Refused as refusal:
            self._greeted = True
            if refusal.close_code == close_codes.AGAIN:
                self._reply(refusal_message(None, refusal))
            self._finish(refusal.close_code, str(refusal))
        else:
            self._stream = stream
            return stream
        return None

    async def greet(self, stream: Stream) -> None:
        """Send the log's position, and the rewards that the client has missed."""
        greeting = await stream.greet()
        if self._greeted:
            return  # it was closed meanwhile
        if greeting.ends:
            self._skip_greeting()
            why = "missed rewards cannot be read now"
            self._reply(refusal_message(None, Overloaded(why, retry_after=self._pause())))
            self._finish(close_codes.AGAIN, why)
            return
        self._waiting.extendleft(reversed(greeting.messages))
        self._greeted = True
        self._link.wake()

    def offer(self, frame: Frame) -> bool:
        """See `hunt.service.subscriber.Subscriber`."""
        if frame.key is not None:
            keep_latest(self._live, frame)
            self._link.wake()
            return True
        if self._frames >= self._play.streams.buffer:
            return False
        self._waiting.append(frame)
        self._frames += 1
        self._link.wake()
        return True

    def waiting(self) -> int:
        """See `hunt.service.subscriber.Subscriber`."""
        return self._frames + len(self._live)

    def close(self, reason: Reason) -> None:
        """See `hunt.service.subscriber.Subscriber`; clicks in flight are answered first."""
        if reason == "slow":
            self._waiting.clear()
            self._live.clear()
            self._frames = 0
            self._link.close(close_codes.TOO_SLOW, "the client read too slowly: resume")
            return
        self._skip_greeting()
        if reason == "over":
            self._finish(close_codes.OVER, "the hunt is over")
        elif reason == "expired":
            self._finish(close_codes.BAD_TOKEN, EXPIRED)
        elif reason == "banned":
            self._finish(Banned.close_code, str(Banned()))
        else:
            pause = self._pause()
            self._reply(websocket_messages.drain(pause))
            text = f"this server is stopping: reconnect in {pause} s"
            self._finish(close_codes.RESTART, text)

    def _skip_greeting(self) -> None:
        """If the greeting is not ready, send the waiting answers without it.

        Rewards are dropped, because the client cannot place them in the log without a greeting,
        and so are live events.
        """
        if not self._greeted:
            answers = [each for each in self._waiting if isinstance(each, str)]
            self._waiting, self._frames = deque(answers), 0
            self._live.clear()
            self._greeted = True

    def _finish(self, code: int, reason: str) -> None:
        """Close as soon as no click is in flight."""
        if self._last is None:
            self._last = code, reason
        self._link.wake()
        if not self._clicks:
            self._link.close(*self._last)

    def receive(self, text: str) -> None:
        """Take a message of the client."""
        try:
            said = websocket_messages.decode(text)
        except ValueError as exc:
            self._link.close(close_codes.NOT_JSON, str(exc))
        except InvalidRequest as refusal:
            self._reply(refusal_message(None, refusal))
        else:
            if isinstance(said, websocket_messages.Click):
                self._click(said.body)
            else:
                self._reply(websocket_messages.pong(said.number))

    def _click(self, body: bytes) -> None:
        stream, now = self._stream, self._play.clock()
        assert stream is not None, "messages are read after the subscription only"
        click_id = websocket_messages.click_id(body)
        self._clicks += 1
        refusal = self._play.click_on(
            stream, self._request, self._peer, body,
            partial(self._settled, click_id, now), now, closing=self._last is not None,
        )  # fmt: skip
        if refusal is None:
            return
        self._clicks -= 1
        if isinstance(refusal, NotAuthenticated):
            stream.unsubscribe()
            self.close("expired")
        self._answer(refusal_message(click_id, refusal), refusal.status, now)

    def _settled(self, click_id: str | None, since: float, outcome: Outcome) -> None:
        """Answer a click; a failure ends this session only."""
        self._clicks -= 1
        try:
            if isinstance(outcome, Settlement):
                message = websocket_messages.settled(outcome)
            else:
                message = refusal_message(click_id, outcome)
            self._answer(message, outcome.status, since)
            if self._last is not None and not self._clicks:
                self._link.close(*self._last)
        except Exception:
            # Broad, because the other clicks of the batch must get their answers.
            log.exception("click answer failed")
            self._link.close(close_codes.FAILED, "the server has a defect, which it has logged")

    def _answer(self, message: str, status: int, since: float) -> None:
        """Answer a click, and log it.

        Args:
            message: The answer.
            status: HTTP status that the same click would get.
            since: Monotonic time, in seconds, when the click arrived.
        """
        self._reply(message)
        self._play.access.answered(
            self._logged, status, request_id=self._request_id, since=since, answer=message.encode()
        )

    def _reply(self, message: str) -> None:
        self._waiting.append(message)
        self._link.wake()

    def has_capacity(self) -> bool:
        """Return whether another message may be read."""
        return self._clicks + len(self._waiting) - self._frames < MAX_OUTSTANDING

    def take(self, most: int) -> list[str]:
        """Return the next messages to send, at most `most`; empty if nothing waits."""
        taken: list[str] = []
        stream = self._stream
        while self._greeted and self._waiting and len(taken) < most:
            each = self._waiting.popleft()
            if isinstance(each, str):
                taken.append(each)
                continue
            self._frames -= 1
            assert stream is not None, "only subscribers get frames"
            if stream.is_new(each):
                taken.append(each.message())
                stream.delivered(each)
        while self._greeted and self._live and len(taken) < most:
            taken.append(self._live.pop(next(iter(self._live))).message())
        return taken

    def _pause(self) -> float:
        """Return the seconds after which the client reconnects."""
        return self._play.streams.reconnect.ms() / 1000


def refusal_message(click_id: str | None, refusal: Refused) -> str:
    """Return the message of a refusal, with the members of its problem document."""
    pause = refusal.retry_after
    return websocket_messages.refused(
        click_id,
        refusal.status,
        str(refusal),
        retry_after=None if pause is None else max(round(pause, 3), 0.001),
        errors=getattr(refusal, "errors", None),
        opens_at=getattr(refusal, "opens_at", None),
        closes_at=getattr(refusal, "closes_at", None),
    )
