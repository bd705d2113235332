"""Hypercorn's HTTP/2, such that one stream harms neither the others nor the process."""

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

#: As in HTTP/1 (RFC 9112, 3.2); Hypercorn could not decode another one.
_TARGET = re.compile(rb"[!-~]+")


class HTTP2(H2Protocol):
    """Serves requests; it has no sockets, and waits for no client that takes nothing."""

    _turned_away = False  # a request, because the connection is beyond the limit

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        """Begin, without saying that WebSockets may come this way.

        So browsers open theirs over HTTP/1.1; Hypercorn's would agree to deflate (H5).
        """
        del self.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
        await super().initiate(headers, settings)

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        """Pass on what came, but for what Hypercorn has no answer to.

        A body may go on arriving when its request was answered already (413, 401):
        Hypercorn looks for a stream that is gone, and its error ends them all.
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
        if self._turned_away:
            self.connection.close_connection()
            await self._flush()
            await self.send(Closed())

    def _refusal(self, request: RequestReceived) -> problems.Problem | None:
        """Return the answer to a request that the application does not get; None: it does."""
        method, path = _pseudo(request, b":method"), _pseudo(request, b":path")
        assert isinstance(self.context, Worker), "edge.install replaces both"
        slot = self.connection_state[SLOT]
        if (problem := refusal(self.context, slot, method, path)) is not None:
            self._turned_away = True
            return problem
        if method == b"CONNECT":
            return problems.problem(405, "this server is no proxy")
        if not _TARGET.fullmatch(path):
            return problems.problem(400, "the path of the request is not valid")
        return None

    def _answer(self, request: RequestReceived, problem: problems.Problem) -> None:
        """Answer a request that the application does not get."""
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
        """Send for a stream, whose client has to open its window in time (H3).

        Flow control is the client's: one that never opens the window would keep a
        stream, its task and its place among the connections for ever.
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
        """Tell the application of the end of a stream, even where its connection ends now.

        One that is not told waits for ever, and its connection for it.
        """
        with trio.move_on_after(sending.SEND_TIMEOUT, shield=True):
            await super()._close_stream(stream_id)

    async def _send_in_time(self, event: Event) -> bool:
        """Send; return False where that took too long, and the stream is reset."""
        with trio.move_on_after(sending.SEND_TIMEOUT) as scope:
            await super().stream_send(event)
        if not scope.cancelled_caught:
            return True
        with suppress(ProtocolError):  # it has gone, and the connection with it perhaps
            self.connection.reset_stream(event.stream_id, ErrorCodes.CANCEL)
        await self._flush()
        await self._close_stream(event.stream_id)
        # The buffer lets go of whoever waits for it when it finds its stream gone.
        await self._window_updated(event.stream_id)
        return False


def _pseudo(request: RequestReceived, name: bytes) -> bytes:
    return dict(request.headers or ()).get(name, b"")
