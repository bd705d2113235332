"""The repairs of Hypercorn's connections, against a server on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from hunt import edge
from hunt.edge import sending
from hunt.edge.worker import Worker
from tests.support.hostile_input import HOSTILE

edge.install()


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request with 200, and accept every WebSocket."""
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        body = b"x" * (1 << 24) if scope["path"] == "/large" else b"ok"
        length = str(len(body)).encode()
        headers = [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def server(**options: Any) -> AsyncIterator[tuple[str, int]]:
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = config.errorlog = None
    for name, value in options.items():
        setattr(config, name, value)
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        [bind] = await nursery.start(
            partial(serve, plain, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]
        )
        host, _, port = bind.removeprefix("http://").rpartition(":")
        yield host, int(port)
        stop.set()


async def get(address: tuple[str, int], path: str = "/") -> bytes:
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(
            f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        return await stream.receive_some(1000)


@pytest.mark.parametrize("request_bytes", HOSTILE)
async def test_hostile_request_ends_its_connection_only(request_bytes: bytes) -> None:
    with trio.fail_after(10):
        async with server() as address:
            async with await trio.open_tcp_stream(*address) as stream:
                await stream.send_all(request_bytes)
                await stream.send_eof()
                try:
                    while await stream.receive_some(65536):
                        pass
                except trio.BrokenResourceError:
                    pass  # reset is an end, too
            assert (await get(address)).startswith(b"HTTP/1.1 200")


async def test_client_that_stops_reading_does_not_delay_the_shutdown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "SEND_TIMEOUT", 0.2)
    with trio.fail_after(10):
        async with server(graceful_timeout=0.1) as address:
            stream = await trio.open_tcp_stream(*address)
            await stream.send_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            await stream.receive_some(10)  # the answer has begun, and fits into no buffer
    await stream.aclose()


async def test_contained_keeps_errors_of_a_connection_only() -> None:
    worker = Worker(None)
    with worker.contained():
        raise ValueError
    with worker.contained():
        raise ExceptionGroup("two", [ValueError(), KeyError()])
    with pytest.raises(BaseExceptionGroup), worker.contained():
        raise BaseExceptionGroup("mixed", [ValueError(), KeyboardInterrupt()])
    assert worker.faults == {"contained": 2, "send": 0}
