"""Sends the requests of one webhook over one connection that is kept alive."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import trio

from hunt.core.addresses import Network, parse
from hunt.core.webhook_signature import sign
from hunt.core.webhook_target import check_url, may_connect
from hunt.core.webhooks import Answer

if TYPE_CHECKING:
    import httpcore

#: Seconds until a connect, and until a whole request with its answer, is given up.
CONNECT, TIMEOUT = 10.0, 15.0

#: Bytes of an answer that are read, so that the connection can be kept.
MOST_ANSWER = 64 * 1024

#: Seconds for which an idle connection is kept.
KEEP_ALIVE = 30.0


class AddressRefused(Exception):
    """A connection to a receiver is not permitted, or not possible; the message says why."""


class Sender:
    """Requests to one URL, one at a time; opened by `open_sender`.

    Args:
        url: The URL of the endpoint.
        pool: Has at most one connection.
        clock: The time in seconds since 1970.
    """

    def __init__(
        self, url: str, pool: httpcore.AsyncConnectionPool, clock: Callable[[], float]
    ) -> None:
        self._url = url
        self._pool = pool
        self._clock = clock

    async def send(self, id_: str, body: bytes, secrets: Iterable[str]) -> Answer:
        """Send one event, and return the answer; no failure of the receiver raises.

        Cancellation closes the connection; the receiver may have taken the event.

        Args:
            id_: Id of the event, of ASCII characters.
            body: The JSON of the event.
            secrets: Each signs the request.
        """
        began = trio.current_time()
        status, error = None, None
        with trio.move_on_after(TIMEOUT) as patience:
            status, error = await self._send(id_, body, secrets)
        if patience.cancelled_caught:
            error = f"no answer within {TIMEOUT:.0f} s"
        return Answer(status, error, trio.current_time() - began)

    async def _send(
        self, id_: str, body: bytes, secrets: Iterable[str]
    ) -> tuple[int | None, str | None]:
        import httpcore

        now = int(self._clock())
        headers = {
            "content-type": "application/json",
            "user-agent": f"hunt/{_version()}",
            "webhook-id": id_,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(secrets, id_, now, body),
        }
        status: int | None = None
        try:
            async with self._pool.stream(
                "POST",
                self._url,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                content=body,
                extensions={"timeout": {"connect": CONNECT}},
            ) as response:
                status = response.status
                size = 0
                # Read to the end to keep the connection; leaving the block early closes it.
                async for chunk in response.aiter_stream():
                    size += len(chunk)
                    if size > MOST_ANSWER:
                        break
        except AddressRefused as exc:
            return None, str(exc)
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            httpcore.UnsupportedProtocol,
            OSError,  # ssl.SSLError and socket.gaierror, too
            UnicodeError,  # a name that cannot be encoded
        ) as exc:
            if status is None:
                return None, describe(exc)
        return status, None if 200 <= status <= 299 else f"the receiver answered {status}"


@asynccontextmanager
async def open_sender(
    url: str, allow: Sequence[Network], *, clock: Callable[[], float]
) -> AsyncIterator[Sender]:
    """Yield a sender, which connects when it is first used.

    Args:
        url: The URL of the endpoint.
        allow: Networks that are permitted although they are not public.
        clock: The time in seconds since 1970.
    """
    import httpcore

    class Backend(httpcore.TrioBackend):
        """Connects to checked addresses: the name is resolved once, by us."""

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
        ) -> httpcore.AsyncNetworkStream:
            failure: Exception | None = None
            for address in await permitted(host, allow, plain=url.startswith("http://")):
                try:
                    return await super().connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                    failure = exc
            assert failure is not None
            raise failure

    if check_url(url, allow) is not None:  # the setting may have changed since it was created
        raise AddressRefused("the URL is not permitted: HUNT_WEBHOOK_ALLOW has changed")
    try:
        context = _tls()
    except OSError as exc:  # ssl.SSLError among them
        why = "cannot be read, so no certificate of a receiver can be verified"
        raise AddressRefused(f"SSL_CERT_FILE or SSL_CERT_DIR: {why}") from exc
    async with httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=1,
        max_keepalive_connections=1,
        keepalive_expiry=KEEP_ALIVE,
        network_backend=Backend(),
    ) as pool:
        yield Sender(url, pool, clock)


async def permitted(host: str, allow: Sequence[Network], *, plain: bool) -> Sequence[str]:
    """Return the addresses of a host that may be connected to, at least one.

    Args:
        host: A name or an address.
        allow: Networks that are permitted although they are not public.
        plain: The connection has no TLS.

    Raises:
        AddressRefused: There is none.
        OSError: The name cannot be resolved.
    """
    found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    texts = list(dict.fromkeys(str(each[4][0]) for each in found))
    addresses = [text for text in texts if _is_permitted(text, allow, plain=plain)]
    if not addresses:
        what = "permitted by HUNT_WEBHOOK_ALLOW" if plain else "public"
        raise AddressRefused(f"no address of the receiver is {what}")
    return addresses


def _is_permitted(text: str, allow: Sequence[Network], *, plain: bool) -> bool:
    # A zone would choose an interface of this machine.
    address = None if "%" in text else parse(text)
    return address is not None and may_connect(address, allow, plain=plain)


def describe(error: BaseException) -> str:
    """Return a failure of a receiver as one line, without its URL."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {(cause.reason or 'unknown reason').lower().replace('_', ' ')}"
        if isinstance(cause, socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
    name = type(error).__name__
    known = {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ConnectError": "no connection",
        "RemoteProtocolError": "the connection ended without a valid answer",
        "ReadError": "the connection was lost",
        "WriteError": "the connection was lost",
    }
    return known.get(name, name)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and everything that caused it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__ or error.__context__


@cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


@cache
def _version() -> str:
    return version("hunt-server")
