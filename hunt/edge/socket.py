"""One player's socket: rewards as they happen, and clicks, over one connection."""

from __future__ import annotations

from collections import deque
from functools import partial

import structlog
import trio

from hunt.core import websocket_messages
from hunt.core.events import Outcome, Settlement
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer
from hunt.edge import websocket
from hunt.edge.access import log_socket, log_socket_click
from hunt.edge.upgrade import Upgraded
from hunt.edge.websocket import WebSocket
from hunt.engine import Engine
from hunt.errors import (
    Draining,
    InvalidRequest,
    NotAuthenticated,
    Overloaded,
    Refused,
)
from hunt.play import auth, endpoints, greeting
from hunt.service.subscriber import Frame, Reason, Subscription
from hunt.web.routes import sockets

#: written, together.  Whoever sends more is not read any further.
MAX_OUTSTANDING = 64

#: Seconds that a close in good order may take on the way down, below the frames.
SHUT_TIMEOUT = 1.0

EXPIRED = "the token has expired, or its key was removed: connect with a new one"

log = structlog.get_logger("hunt.web")


async def serve(engine: Engine, stream: trio.abc.Stream, upgraded: Upgraded) -> None:
    """Serve a connection from its handshake, which was admitted, to its end.

    Who may not come in is let in and sent out, because a browser shows its page the
    code of a close, and nothing of a handshake that failed.

    Args:
        engine: Whose hub and lanes.
        stream: The connection; closed at the end.
        upgraded: What it was upgraded by.
    """
    handshake = upgraded.handshake
    log_socket(engine.access, handshake.request_id)
    socket = Socket(engine, stream, handshake.asked, upgraded.peer, handshake.request_id)
    try:
        await socket.run(handshake.accepted(), upgraded.received)
    finally:
        with trio.move_on_after(SHUT_TIMEOUT):
            if socket.in_order:
                await stream.aclose()
            else:
                await trio.aclose_forcefully(stream)


class Socket:
    """A subscriber of the hub, and the session of a `WebSocket`."""

    def __init__(
        self,
        engine: Engine,
        stream: trio.abc.Stream,
        asked: endpoints.Asked,
        peer: Peer,
        request_id: str = "",
    ) -> None:
        self._engine = engine
        self._request_id = request_id
        self._asked = asked
        self._peer = peer
        self._subscription: Subscription | None = None  # set before anything is heard
        self._web = WebSocket(stream, self, heartbeat=engine.settings.heartbeat)
        self._greeted = False  # before that nothing else is said
        self._sent = 0  # seq of the last reward; what is not newer was replayed
        self._waiting: deque[Frame | str] = deque()  # in the order in which it happened
        self._frames = 0  # of them; the others are answers
        self._clicks = 0  # that wait for their outcome
        self._last: tuple[int, str] | None = None  # the close, once no click waits

    @property
    def _hunt(self) -> Hunt:
        return self._engine.hunts[self._asked.hunt]  # as it is now: hunts change

    @property
    def _identity(self) -> auth.Identity:
        assert self._subscription is not None, "who is not let in is not heard"
        return self._subscription.identity

    @property
    def in_order(self) -> bool:
        """Whether the client has said its close, and so knows ours."""
        return self._web.answered

    async def run(self, head: bytes, received: bytes) -> None:
        """Serve the socket until its end."""
        hub = self._engine.hub
        if not self._subscribe():
            await self._web.run(head, received)
            return
        hub.count("websocket", 1)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._greet)
                await self._web.run(head, received)
                nursery.cancel_scope.cancel()
        finally:
            hub.count("websocket", -1)
            hub.remove(self)
            if self._web.stalled:
                self._engine.metrics.cut_off()
            log.debug("a socket has ended", hunt=self._asked.hunt, code=self._web.code)

    def _subscribe(self) -> bool:
        """Receive what is published from now on; False where that may not be."""
        try:
            hunt, subscription = endpoints.stream(self._engine, self._asked, self._peer)
            assert not subscription.everybody, "admitted: nobody asked for everybody's wins"
            self._subscription = subscription
            if not hunt.has_ended:
                self._engine.hub.add(subscription, self)
                return True
            self.close("over")
        except Draining:
            self.close("drain")
        except Refused as refusal:
            self._greeted = True
            if refusal.close_code == websocket.AGAIN:
                self._reply(sockets.refused(None, refusal))
            self._finish(refusal.close_code, str(refusal))
        return False

    async def _greet(self) -> None:
        """Say where the log stands, and what the client has missed."""
        resume = self._asked.last_event_id
        if resume is None:
            begin = greeting.hello(self._engine, self._hunt)
        else:
            begin = await greeting.resumed(self._engine, self._hunt, self._identity.player, resume)
        if self._greeted:
            return  # it was closed meanwhile
        if begin.ends:
            self._bid_farewell()
            self._reply(sockets.refused(None, Overloaded("not now", retry_after=_pause())))
            self._finish(websocket.AGAIN, "what was missed cannot be read now")
            return
        self._sent = begin.sent
        self._waiting.extendleft(reversed(begin.messages))
        self._greeted = True
        self._web.wake()

    def offer(self, frame: Frame) -> bool:
        """See `hunt.service.subscriber.Subscriber`."""
        if self._frames >= self._engine.settings.stream_buffer:
            return False
        self._waiting.append(frame)
        self._frames += 1
        self._web.wake()
        return True

    def close(self, reason: Reason) -> None:
        """See `hunt.service.subscriber.Subscriber`; clicks that wait get their answer first."""
        if reason == "slow":
            self._waiting.clear()
            self._frames = 0
            self._web.close(websocket.TOO_SLOW, "too slow: what was missed can be resumed")
            return
        self._bid_farewell()
        if reason == "over":
            self._finish(websocket.OVER, "the hunt is over")
        elif reason == "expired":
            self._finish(websocket.BAD_TOKEN, EXPIRED)
        else:
            pause = _pause()
            self._reply(websocket_messages.drain(pause))
            self._finish(websocket.RESTART, f"this server is stopping: come back in {pause} s")

    def _bid_farewell(self) -> None:
        """Say what is to be said without the greeting, where it is not ready.

        No reward goes out without it: the client would take it for the next one.
        """
        if not self._greeted:
            answers = [each for each in self._waiting if isinstance(each, str)]
            self._waiting, self._frames = deque(answers), 0
            self._greeted = True

    def _finish(self, code: int, reason: str) -> None:
        """Close as soon as no click waits for its outcome."""
        if self._last is None:
            self._last = code, reason
        self._web.wake()
        if not self._clicks:
            self._web.close(*self._last)

    def heard(self, text: str) -> None:
        """See `hunt.edge.websocket.Session`."""
        try:
            said = websocket_messages.decode(text)
        except ValueError as exc:
            self._web.close(websocket.NOT_JSON, str(exc))
        except InvalidRequest as refusal:
            self._reply(sockets.refused(None, refusal))
        else:
            if isinstance(said, websocket_messages.Click):
                self._click(said.body)
            else:
                self._reply(websocket_messages.pong(said.number))

    def _click(self, body: bytes) -> None:
        click_id, identity = websocket_messages.click_id(body), self._identity
        now = trio.current_time()
        try:
            if not self._engine.tokens.hold(identity):
                self._engine.hub.remove(self)
                self.close("expired")
                refusal = NotAuthenticated(EXPIRED)
                endpoints.count_refused(self._engine, self._asked.hunt, refusal, now)
                raise refusal
            if self._last is not None:
                raise Draining(retry_after=_pause())
            settled = partial(self._settled, click_id, now)
            key = endpoints.address(self._engine, self._peer, self._asked.forwarded)
            endpoints.take(self._engine, self._hunt, identity.player, key, body, settled, now)
            self._clicks += 1
        except Refused as refusal:
            self._answer(sockets.refused(click_id, refusal), refusal.status, now)

    def _answer(self, message: str, status: int, since: float) -> None:
        """Answer a click that came at `since`, with what would be `status` by HTTP."""
        self._reply(message)
        log_socket_click(self._engine.access, message, status, self._request_id, since)

    def _settled(self, click_id: str | None, since: float, outcome: Outcome) -> None:
        """Answer a click; what goes wrong ends this socket only."""
        self._clicks -= 1
        try:
            if isinstance(outcome, Settlement):
                self._answer(websocket_messages.settled(outcome), 200, since)
            else:
                shown = endpoints.shown(self._engine, self._hunt.id, outcome)
                self._answer(sockets.refused(click_id, shown), shown.status, since)
            if self._last is not None and not self._clicks:
                self._web.close(*self._last)
        except Exception:
            # Broad, because the other clicks of the batch want their answers.
            log.exception("a click could not be answered")
            self._web.close(websocket.FAILED, "something went wrong here")

    def _reply(self, message: str) -> None:
        self._waiting.append(message)
        self._web.wake()

    def room(self) -> bool:
        """See `hunt.edge.websocket.Session`."""
        return self._clicks + len(self._waiting) - self._frames < MAX_OUTSTANDING

    def take(self, most: int) -> list[str]:
        """See `hunt.edge.websocket.Session`."""
        taken: list[str] = []
        now = trio.current_time()
        while self._greeted and self._waiting and len(taken) < most:
            each = self._waiting.popleft()
            if isinstance(each, str):
                taken.append(each)
                continue
            self._frames -= 1
            if each.seq > self._sent:
                self._sent = each.seq
                taken.append(each.message())
                self._engine.metrics.delivered(now - each.since)
        return taken


def _pause() -> float:
    """Return the seconds after which a client shall come back."""
    return greeting.reconnect_ms() / 1000
