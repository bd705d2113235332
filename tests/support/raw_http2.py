"""An HTTP/2 client that sends any frames."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import h2.config
import h2.connection
import h2.events
import h2.settings
import trio

from tests.support.serving import Client, connected, token

T = TypeVar("T", bound=h2.events.Event)


class Speaker:
    """A client of HTTP/2 that may violate the protocol."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        config = h2.config.H2Configuration(client_side=True)
        self.h2 = h2.connection.H2Connection(config)
        self.seen: list[h2.events.Event] = []

    async def flush(self) -> None:
        await self.stream.send_all(self.h2.data_to_send())

    async def ask(self, method: str, path: str, *more: tuple[str, str], end: bool = True) -> int:
        number = self.h2.get_next_available_stream_id()
        headers = [
            (":method", method),
            (":authority", "hunt"),
            (":scheme", "https"),
            (":path", path),
            ("authorization", f"Bearer {token()}"),
            *more,
        ]
        self.h2.send_headers(number, headers, end_stream=end)
        await self.flush()
        return number

    async def wait(self, kind: type[T], number: int | None = None) -> T:
        """Return the first event of a kind, of a stream."""
        with trio.fail_after(5):
            while True:
                for event in self.seen:
                    if isinstance(event, kind) and getattr(event, "stream_id", None) == number:
                        self.seen.remove(event)
                        return event
                data = await self.stream.receive_some(65536)
                assert data, "the connection has ended"
                self.seen += self.h2.receive_data(bytes(data))
                await self.flush()

    async def status(self, number: int) -> str:
        response = await self.wait(h2.events.ResponseReceived, number)
        return dict(response.headers or ())[b":status"].decode()


@asynccontextmanager
async def speaking(client: Client, *, window: int | None = None) -> AsyncIterator[Speaker]:
    async with connected(client, alpn="h2") as stream:
        speaker = Speaker(stream)
        if window is not None:
            speaker.h2.local_settings = h2.settings.Settings(
                client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
            )
        speaker.h2.initiate_connection()
        await speaker.flush()
        await speaker.wait(h2.events.RemoteSettingsChanged)
        yield speaker
