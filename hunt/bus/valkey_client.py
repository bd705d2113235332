"""Clients of Valkey and Redis, made from an address with coredis."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import starmap
from typing import TYPE_CHECKING, Any, Protocol, cast

import trio

from hunt.errors import SettingsError
from hunt.valkey_url import ValkeyURL

if TYPE_CHECKING:
    from coredis import Redis, RedisCluster

#: Seconds to connect, and seconds to wait for the answer to a command.
PATIENCE = 1.0

#: Seconds to open a client, which may try several hosts.
OPEN = 5.0

#: Seconds of silence after which a subscription sends a ping.
PING = 2.0

#: Options of every subscription.
_OPTIONS: Any = {
    "ignore_subscribe_messages": True,
    "retry_policy": None,  # it would hide that messages were lost
    "subscription_timeout": PATIENCE,
    "max_idle_seconds": PING,
}

_MISSING = "HUNT_BUS_URL: the package coredis is missing: pip install 'hunt-server[valkey]'"


class Subscription(Protocol):
    """Channels that messages are received from; a class of coredis."""

    async def subscribe(self, *channels: str) -> None:
        """Receive what is published to channels from now on."""

    async def unsubscribe(self, *channels: str) -> None:
        """Leave channels."""

    async def get_message(self) -> object:
        """Return the next message, a mapping with the payload at ``data``, or None."""


class Client(Protocol):
    """A client that is connected."""

    async def ping(self) -> None:
        """Return once the server has answered."""

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish messages, each a channel and a payload; return once all were taken."""

    def subscription(self) -> AbstractAsyncContextManager[Subscription]:
        """Return a subscription without channels."""


class _Single:
    """A client of one server."""

    def __init__(self, client: Redis[bytes]) -> None:
        self._client = client

    async def ping(self) -> None:
        await self._client.ping()

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        async with self._client.pipeline(transaction=False) as pipeline:
            for channel, payload in messages:
                pipeline.publish(channel, payload)

    def subscription(self) -> AbstractAsyncContextManager[Subscription]:
        return cast("AbstractAsyncContextManager[Subscription]", self._client.pubsub(**_OPTIONS))


class _Cluster:
    """A client of a cluster, which carries a message in the shard of its channel only."""

    def __init__(self, client: RedisCluster[bytes]) -> None:
        self._client = client

    async def ping(self) -> None:
        await self._client.ping()

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        async def publish(channel: str, payload: bytes) -> None:
            await self._client.spublish(channel, payload)

        async with trio.open_nursery() as nursery:
            for channel, payload in messages:
                nursery.start_soon(publish, channel, payload)

    def subscription(self) -> AbstractAsyncContextManager[Subscription]:
        made = self._client.sharded_pubsub(**_OPTIONS)
        return cast("AbstractAsyncContextManager[Subscription]", made)


def check_fit(url: ValkeyURL) -> None:
    """Check that a client can be made, without a connection.

    Raises:
        SettingsError: The package coredis is missing, or the certificates cannot be read.
    """
    try:
        import coredis  # takes a third of a second, and most servers do not need it
    except ImportError:
        raise SettingsError(_MISSING) from None
    assert coredis
    # coredis logs errors that it also raises, and the bus logs those.
    logging.getLogger("coredis").setLevel(logging.CRITICAL)
    _context(url)


def _context(url: ValkeyURL) -> ssl.SSLContext | None:
    if not url.tls:
        return None
    try:
        return ssl.create_default_context(cafile=url.ca)
    except OSError as exc:  # ssl.SSLError among them
        why = exc.strerror or "not certificates in PEM"
        raise SettingsError(f"HUNT_BUS_URL: the file of ca cannot be used: {why}") from None


@asynccontextmanager
async def open_client(url: ValkeyURL) -> AsyncIterator[Client]:
    """Connect to a server while the scope is open.

    Raises:
        Exception: Any of coredis, or a group of them: it cannot connect, or lost the server.
    """
    import coredis
    from coredis.connection import TCPLocation
    from coredis.retry import NoRetryPolicy

    options: Any = {
        "username": url.username,
        "password": url.password,
        "stream_timeout": PATIENCE,
        "connect_timeout": PATIENCE,
        "ssl_context": _context(url),
    }
    # No retries: the bus makes its own, and must know of each failure.
    client_options: Any = {"retry_policy": NoRetryPolicy(), "verify_version": False}
    with trio.fail_after(OPEN) as opening:
        nodes = list(starmap(TCPLocation, url.hosts))
        if url.kind == "cluster":
            async with coredis.RedisCluster(
                startup_nodes=nodes, **options, **client_options
            ) as cluster:
                await cluster.ping()
                opening.deadline = float("inf")
                yield _Cluster(cast("RedisCluster[bytes]", cluster))
            return
        options["db"] = url.database
        if url.kind == "sentinel":
            async with coredis.Sentinel(
                nodes, **options, retry_policy=NoRetryPolicy()
            ) as sentinels:
                async with sentinels.primary_for(url.service) as client:
                    await client.ping()
                    opening.deadline = float("inf")
                    yield _Single(client)
            return
        [(host, port)] = url.hosts
        async with coredis.Redis(host=host, port=port, **options, **client_options) as client:
            await client.ping()
            opening.deadline = float("inf")
            yield _Single(client)


def sentence(error: BaseException) -> str:
    """Return the first error in a group, as one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(f"{type(error).__name__}: {error}".split())
