"""The whole application on a real socket, in the test's own event loop."""

from __future__ import annotations

import os
import socket
import ssl
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from hunt import edge
from hunt.application import Application
from hunt.core import tokens
from hunt.core.definition import Definition, Peak, Prize
from hunt.core.maps import Map
from hunt.core.sse import Event, Parser
from hunt.edge import worker
from hunt.edge.park import Park
from hunt.edge.worker import Worker
from hunt.engine import Engine
from hunt.settings import Settings
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support import certificates

edge.install()

SECRET = b"web-secret-web-secret-web-secret"
HARBOUR = Definition(
    "harbour", "Harbour night", Map.sized(100, 50), None, None, 0.0,
    (
        Prize("coin", "Coin", 5, 1.0, 3, None),
        Prize("chest", "Chest", 9, Peak(0.0, (7, 9), 3), None, None),
    ),
)  # fmt: skip


#: Whether the server under test serves hot requests below Quart; see ``conftest``.
fast_lane = True

#: Whether the connection to it uses TLS.
tls = False


class Client(httpx.AsyncClient):
    """A client of the server under test, with access to its engine."""

    engine: Engine
    worker: Worker | None = None
    tls: ssl.SSLContext | None = None  #: TLS context of the client; None: cleartext

    def park(self) -> Park | None:
        return None if self.worker is None else self.worker.park

    async def click(self, **fields: Any) -> httpx.Response:
        body = {"id": str(uuid.uuid4()), "x": 1, "y": 2} | fields
        return await self.post("/v1/hunts/harbour/clicks", json=body)


def token(player: str = "ada", **options: Any) -> str:
    options = {"ttl": 24 * 3600, "now": datetime.now(UTC)} | options
    return tokens.sign((SECRET,), player, **options)


def reward_in(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the reward in the answer to a click, as histories and streams show it."""
    return {name: each for name, each in answer.items() if name not in {"duplicate", "receipt"}}


def bearer(player: str = "ada", **options: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(player, **options)}"}


@asynccontextmanager
async def serving(
    database: str, *, over_tls: bool | None = None, graceful: float = 1, **options: Any
) -> AsyncIterator[Client]:
    """Serve the hunt ``harbour`` and yield a client that speaks for ada."""
    over_tls = tls if over_tls is None else over_tls
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        await hunts.apply(HARBOUR, seed=os.urandom(32), actor="test")
        await hunts.open("harbour")
    settings = Settings(
        **{"database_url": database, "jwt_secret": (SECRET,), "guests": True, "click_rate": 0.0}
        | {"fast_lane": fast_lane}
        | {"breaker_slow": 5.0, "queue_age": 10.0}  # as slow as a busy machine may be
        | options
    )
    app = Application(lambda: settings)
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = graceful
    context = certificates.client() if over_tls else None
    verify = context or False  # cleartext needs no certificates
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        with certificates.written() as (certificate, key):
            if over_tls:
                config.certfile, config.keyfile = certificate, key
            [url] = await nursery.start(partial(serve, app, config, shutdown_trigger=stop.wait))
        async with Client(base_url=url, headers=bearer(), timeout=10, verify=verify) as client:
            client.tls = context
            assert app._engine is not None
            client.engine = app._engine
            # Tests give the tail rewards that are in no table: the log must not appear to go back.
            client.engine.streams.tail._went_back = None
            client.worker = worker.current()
            yield client
        stop.set()


@asynccontextmanager
async def connected(
    client: Client, *, receive: int | None = None, alpn: str | None = None
) -> AsyncIterator[trio.SocketStream]:
    """Yield a connection, over TLS if the server uses it.

    Args:
        client: A client of the server.
        receive: Bounds the bytes that the client's kernel takes for it.
        alpn: Protocols to offer in the handshake.
    """
    plain = socket.socket()
    if receive is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    url = client.base_url
    made = trio.socket.from_stdlib_socket(plain)
    await made.connect((url.host, url.port))
    async with trio.SocketStream(made) as stream:
        if client.tls is None:
            yield stream
            return
        context = certificates.client(alpn)
        secure = trio.SSLStream(stream, context, server_hostname=url.host, https_compatible=True)
        async with secure:
            yield secure  # type: ignore[misc]  # the tests ask no more of it than of the other


@asynccontextmanager
async def stream(
    client: Client, path: str = "/v1/hunts/harbour/events", *, live: bool = False, **options: Any
) -> AsyncIterator[Stream]:
    async with client.stream("GET", path, timeout=10, **options) as response:
        yield Stream(response, live)


#: Kinds of events that most tests of streams leave out.
LIVE = frozenset({"state", "stock", "announcement", "head"})


class Stream:
    """Events, one at a time; live events only if `live`."""

    def __init__(self, response: httpx.Response, live: bool) -> None:
        self.response = response
        self._live = live
        self.raw = b""
        self._chunks = response.aiter_raw()
        self._parser = Parser()
        self._events: list[Event] = []

    async def next(self) -> Event:
        while not self._events:
            await self.more()
        return self._events.pop(0)

    async def more(self) -> None:
        with trio.fail_after(10):
            chunk = await anext(self._chunks)
        self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        self.raw += chunk
        found = self._parser.feed(chunk)
        self._events += [each for each in found if self._live or each.event not in LIVE]

    async def rest(self) -> list[Event]:
        with trio.fail_after(10):
            async for chunk in self._chunks:
                self._take(chunk)
        rest, self._events = self._events, []
        return rest


def park_of(client: Client) -> Park:
    found = client.park()
    assert found is not None
    return found


async def open_breaker(client: Client) -> None:
    breaker = client.engine.commits.breaker
    breaker.cooldown = breaker.cap = 60
    breaker.read_only(breaker.admit())
    client.engine.commits.prober.observe()


def pass_time(client: Client, seconds: float) -> None:
    """Set the process's wall clock, by which tokens expire, forward."""
    engine = client.engine
    engine.tokens._clock = engine.streams.hub.expiry._clock = lambda: time.time() + seconds
