"""A receiver of webhooks, in the caller's own event loop."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import h11
import trio

from hunt.testing.webhook_checks import Delivered


class Taken:
    """A request."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers = headers
        self.body = body
        self.status: int | None = None
        self.json: dict[str, Any] = json.loads(body)

    @property
    def id(self) -> str:
        """The header ``webhook-id``."""
        return self.headers["webhook-id"]

    @property
    def seq(self) -> int:
        """The position of the event in the log that the endpoint follows."""
        data = self.json["data"]
        position: int = data.get("number", data["seq"])
        return position

    def __repr__(self) -> str:
        return f"<{self.id} {self.status}>"


#: Returns status, headers and body of the answer; None closes the connection without one.
Respond = Callable[[Taken], Awaitable[tuple[int, list[tuple[str, str]], bytes] | None]]


class Receiver:
    """Records requests, and answers with `status`, or as `respond` says."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.connections = 0
        self.status = 200
        self.respond: Respond = self.plain
        self.url = ""
        self._news = trio.Event()

    async def plain(self, taken: Taken) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """Return the answer with `status`."""
        return self.status, [], b"ok"

    def delivered(self) -> list[Delivered]:
        """The requests in the form of the oracle, without tests."""
        return [
            Delivered(each.id, each.seq, each.json["data"]["id"], each.status)
            for each in self.taken
            if each.json["type"] != "webhook.test"
        ]

    async def wait(self, satisfied: Callable[[], bool], seconds: float = 20) -> None:
        """Return once a condition holds; raise `trio.TooSlowError` if it does not in time."""
        with trio.fail_after(seconds):
            while not satisfied():
                self._news = trio.Event()
                await self._news.wait()

    async def wait_taken(self, count: int, seconds: float = 20) -> None:
        """Wait until `count` different events were answered with 2xx."""
        await self.wait(lambda: len(self.accepted()) >= count, seconds)

    def accepted(self) -> list[str]:
        """Ids of events answered with 2xx, in the order of their first answer."""
        good = [each.id for each in self.taken if each.status and 200 <= each.status <= 299]
        return list(dict.fromkeys(good))

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Take the requests of one connection."""
        self.connections += 1
        conn = h11.Connection(h11.SERVER)
        try:
            while await self._request(conn, stream):
                conn.start_next_cycle()
        except (h11.RemoteProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(stream)

    async def _request(self, conn: h11.Connection, stream: trio.abc.Stream) -> bool:
        headers, body = {}, b""
        while True:
            event = conn.next_event()
            if event is h11.NEED_DATA:
                conn.receive_data(bytes(await stream.receive_some(65536)))
            elif isinstance(event, h11.Request):
                headers = {name.decode(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return False
        taken = Taken(headers, body)
        self.taken.append(taken)
        self._news.set()
        answer = await self.respond(taken)
        if answer is None:
            return False
        status, more, text = answer
        sized = [*more, ("Content-Length", str(len(text)))]
        response = h11.Response(status_code=status, headers=sized)
        data = b"".join(
            conn.send(each) or b"" for each in (response, h11.Data(data=text), h11.EndOfMessage())
        )
        await stream.send_all(data)
        taken.status = status
        self._news.set()
        return conn.our_state is h11.DONE and conn.their_state is h11.DONE


@asynccontextmanager
async def receiving(
    context: ssl.SSLContext | None = None, *, port: int = 0
) -> AsyncIterator[Receiver]:
    """Yield a receiver on the loopback address."""
    receiver = Receiver()
    async with trio.open_nursery() as nursery:
        serve: Callable[..., Awaitable[Any]] = partial(
            trio.serve_tcp, receiver.serve, port, host="127.0.0.1"
        )
        if context is not None:
            serve = partial(
                trio.serve_ssl_over_tcp, receiver.serve, port, context, host="127.0.0.1",
                https_compatible=True,
            )  # fmt: skip
        [listener] = await nursery.start(serve)
        plain = getattr(listener, "transport_listener", listener)
        found = plain.socket.getsockname()[1]
        receiver.url = f"{'http' if context is None else 'https'}://127.0.0.1:{found}/hook"
        try:
            yield receiver
        finally:
            nursery.cancel_scope.cancel()
