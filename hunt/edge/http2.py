"""Hypercorn's HTTP/2 with repairs, so that a stream cannot harm other streams or the process.

Fast-path requests are served by `Exchanges`; Hypercorn serves all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress

import trio
from h2.events import DataReceived, PriorityUpdated, RequestReceived, StreamEnded, StreamReset
from h2.events import Event as H2Event
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed
from hypercorn.events import Event as ConnectionEvent

from hunt.edge.answers import problem_headers
from hunt.edge.exchanges import Exchanges
from hunt.edge.http2_responses import Responses
from hunt.edge.over_limit import refusal
from hunt.edge.worker import SLOT, Worker
from hunt.play import problems

#: A valid request target, as in HTTP/1 (RFC 9112, 3.2); Hypercorn cannot decode others.
_TARGET = re.compile(rb"[!-~]+")


class HTTP2(Responses):
    """Serves requests without WebSockets; sends to a client that reads nothing time out."""

    _over_limit = False  # a request was refused: the connection closes
    _exchanges: Exchanges | None = None  # None: the fast lane is off

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        """Begin without announcing WebSockets over HTTP/2.

        Browsers then open them over HTTP/1.1; Hypercorn's would accept deflate (H5).
        """
        del self.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
        park = self._worker.park
        if park is not None:
            slot = self.connection_state[SLOT]
            self._exchanges = Exchanges(park, slot, self, secure=self.ssl)
        self._unsent = trio.Event()  # set while an answer waits for `_send_answers`
        await super().initiate(headers, settings)
        self.task_group.spawn(self._send_answers)

    async def handle(self, event: ConnectionEvent) -> None:
        """Handle input, or the end of the connection."""
        await super().handle(event)
        if self.closed:
            if self._exchanges is not None:
                self._exchanges.drop_all()
            self._unsent.set()

    def idle_since(self, idle: float | None) -> float | None:
        """Return the time since which no request is in flight; None while one is.

        Args:
            idle: The same time, without regard to requests of the fast lane.
        """
        if idle is None or self._exchanges is None:
            return idle
        return None if self._exchanges.busy else max(idle, self._exchanges.last)

    async def wait_unused(self, idle: Callable[[], float | None], limit: float) -> None:
        """Return once no request has been in flight for `limit` seconds.

        Args:
            idle: See `idle_since`.
            limit: Seconds, > 0.
        """
        while True:
            since = self.idle_since(idle())
            await trio.sleep_until((trio.current_time() if since is None else since) + limit)
            if since is not None and since == self.idle_since(idle()):
                return

    async def finish(self) -> None:
        """Return once the requests in flight are answered; the client is told to send no more."""
        if self._exchanges is not None:
            await self._exchanges.wait_answered()
        with suppress(ProtocolError):
            self.connection.close_connection()  # h2 sends nothing else after this
        await self._flush()

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        """Handle events of the client; drop those that Hypercorn cannot handle."""
        for event in events:
            if not self._handle_fast(event):
                await super()._handle_events([event])
        await self._flush()
        if self._over_limit:
            self.connection.close_connection()
            await self._flush()
            await self.send(Closed())

    def _handle_fast(self, event: H2Event) -> bool:
        """Handle an event of the fast lane or of a refused request; return False for others."""
        exchanges = self._exchanges
        match event:
            case RequestReceived():
                if (problem := self._refusal(event)) is not None:
                    self._answer(event, problem)
                    return True
                if exchanges is None or self.context.terminated.is_set():
                    return False
                assert event.stream_id is not None
                return exchanges.begin(event.stream_id, event.headers)
            case DataReceived(stream_id=int(stream_id)):
                fast = exchanges is not None and stream_id in exchanges
                if not fast and stream_id in self.streams:
                    return False
                # A body may still arrive after its request was answered (413, 401).  Hypercorn
                # would look for a stream that no longer exists; the error would end all streams.
                length = event.flow_controlled_length or 0
                self.connection.acknowledge_received_data(length, stream_id)
                if exchanges is not None and fast:
                    exchanges.receive(stream_id, event.data)
                return True
            case StreamEnded(stream_id=int(stream_id)) if exchanges and stream_id in exchanges:
                exchanges.complete(stream_id)
                return True
            case StreamReset(stream_id=int(stream_id)) if exchanges and stream_id in exchanges:
                exchanges.drop(stream_id)
                return stream_id not in self.stream_buffers
            case PriorityUpdated(stream_id=int(stream_id)):
                # Hypercorn would remember the priority of a stream that has ended, for ever.
                ended = stream_id <= self.connection.highest_inbound_stream_id
                return ended and stream_id not in self.stream_buffers
        return False

    @property
    def _worker(self) -> Worker:
        assert isinstance(self.context, Worker), "edge.install replaces both"
        return self.context

    def _refusal(self, request: RequestReceived) -> problems.Problem | None:
        """Return the problem of a request that must not reach the application, else None."""
        method, path = _pseudo(request, b":method"), _pseudo(request, b":path")
        slot = self.connection_state[SLOT]
        if (problem := refusal(self._worker, slot, method, path)) is not None:
            self._over_limit = True
            return problem
        if method == b"CONNECT":
            return problems.problem(405, "this server is not a proxy")
        if not _TARGET.fullmatch(path):
            return problems.problem(400, "the path of the request is not valid")
        return None

    def _answer(self, request: RequestReceived, problem: problems.Problem) -> None:
        """Answer a request that does not reach the application."""
        stream_id = request.stream_id
        assert stream_id is not None
        headers = [(b":status", b"%d" % problem.status), *problem_headers(problem)]
        headers += self.config.response_headers("h2")
        window = self.connection.local_flow_control_window(stream_id)
        silent = _pseudo(request, b":method") == b"HEAD" or window < len(problem.body)
        if silent:
            headers = [each for each in headers if each[0] != b"content-length"]
        self.connection.send_headers(stream_id, headers, end_stream=silent)
        if not silent:
            self.connection.send_data(stream_id, problem.body, end_stream=True)


def _pseudo(request: RequestReceived, name: bytes) -> bytes:
    return dict(request.headers or ()).get(name, b"")
