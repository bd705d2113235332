"""Hypercorn's HTTP/2, repaired: a stream cannot harm other streams or the process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

import trio
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived
from h2.events import Event as H2Event
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed
from hypercorn.protocol.events import Body, Data, EndBody, EndData, Event
from hypercorn.protocol.h2 import H2Protocol

from hunt.edge import sending
from hunt.edge.answers import problem_headers
from hunt.edge.over_limit import refusal
from hunt.edge.worker import SLOT, Worker
from hunt.play import problems

#: A valid request target, as in HTTP/1 (RFC 9112, 3.2); Hypercorn cannot decode others.
_TARGET = re.compile(rb"[!-~]+")


class HTTP2(H2Protocol):
    """Serves requests without WebSockets; sends to a client that reads nothing time out."""

    _over_limit = False  # a request was refused: the connection closes

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        """Begin without announcing WebSockets over HTTP/2.

        Browsers then open them over HTTP/1.1; Hypercorn's would accept deflate (H5).
        """
        del self.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
        await super().initiate(headers, settings)

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        """Handle events of the client; drop those that Hypercorn cannot handle.

        A body may still arrive after its request was answered (413, 401).  Hypercorn would
        look for a stream that no longer exists, and the error would end all streams.
        """
        for event in events:
            if isinstance(event, DataReceived) and event.stream_id not in self.streams:
                assert event.stream_id is not None
                length = event.flow_controlled_length or 0
                self.connection.acknowledge_received_data(length, event.stream_id)
            elif isinstance(event, RequestReceived) and (problem := self._refusal(event)):
                self._answer(event, problem)
            else:
                await super()._handle_events([event])
        await self._flush()
        if self._over_limit:
            self.connection.close_connection()
            await self._flush()
            await self.send(Closed())

    def _refusal(self, request: RequestReceived) -> problems.Problem | None:
        """Return the problem of a request that must not reach the application, else None."""
        method, path = _pseudo(request, b":method"), _pseudo(request, b":path")
        assert isinstance(self.context, Worker), "edge.install replaces both"
        slot = self.connection_state[SLOT]
        if (problem := refusal(self.context, slot, method, path)) is not None:
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

    async def stream_send(self, event: Event) -> None:
        """Send a part of a response; the client has to open its window in time (H3).

        The client controls the flow.  By never opening the window, it could keep a stream and
        its task for ever, and its place within the connection limit.
        """
        if isinstance(event, Body | Data):
            kind, data = type(event), event.data
            for start in range(0, len(data), sending.PIECE):
                piece = data[start : start + sending.PIECE]
                if not await self._send_in_time(kind(event.stream_id, piece)):
                    return
        elif isinstance(event, EndBody | EndData):
            await self._send_in_time(event)
        else:
            await super().stream_send(event)

    async def _close_stream(self, stream_id: int) -> None:
        """Tell the application that a stream has ended, even while its connection ends.

        Without that, the application and its connection would wait for ever.
        """
        with trio.move_on_after(sending.SEND_TIMEOUT, shield=True):
            await super()._close_stream(stream_id)

    async def _send_in_time(self, event: Event) -> bool:
        """Send an event; after `SEND_TIMEOUT`, reset the stream and return False."""
        with trio.move_on_after(sending.SEND_TIMEOUT) as scope:
            await super().stream_send(event)
        if not scope.cancelled_caught:
            return True
        with suppress(ProtocolError):  # the stream, or its connection, has ended
            self.connection.reset_stream(event.stream_id, ErrorCodes.CANCEL)
        await self._flush()
        await self._close_stream(event.stream_id)
        # Wakes tasks that wait for the window; they find that the stream has ended.
        await self._window_updated(event.stream_id)
        return False


def _pseudo(request: RequestReceived, name: bytes) -> bytes:
    return dict(request.headers or ()).get(name, b"")
