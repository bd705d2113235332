"""Classification of failed attempts: retry, give up, or report a refusal."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Iterator

import httpx
import trio

from hunt.core.backoff import Backoff
from hunt.errors import Denied

#: Statuses below 500 after which the same request is retried.  After 500 and more it always is.
RETRIED = frozenset({408, 425, 429})

#: Seconds until a connect or a request times out.
PATIENCE = 10.0


class AttemptFailed(Exception):
    """An attempt failed; a retry may succeed."""

    def __init__(self, reason: str, *, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause  #: seconds, >= 0, that the server asks to wait


class ServerAbsent(AttemptFailed):
    """No server listens at this address, at least not yet."""


class WrongServer(AttemptFailed):
    """The program at this address is not a hunt server, or not trusted; no retry can succeed."""


class HuntEnded(Exception):  # a signal, not an error
    """The hunt has ended; its streams send nothing more."""


def backoff() -> Backoff:
    """Return the pauses between attempts."""
    return Backoff(base=0.5, cap=10.0, jitter=random.random)


def lost(address: str, error: BaseException) -> AttemptFailed:
    """Classify the error of an attempt that got no answer.

    Args:
        address: Address of the server, for the message.
        error: Error of the connect, or of the lost connection.
    """
    causes = list(_causes(error))
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return WrongServer(f"{address}: its certificate is not trusted: {each.verify_message}")
        if isinstance(each, ssl.SSLError) and not isinstance(each, _TLS_ENDED):
            if each.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
                return WrongServer(f"{address} does not speak TLS: try http://")
            return WrongServer(f"{address}: TLS failed: {(each.reason or str(each)).lower()}")
        if isinstance(each, socket.gaierror) and each.errno != socket.EAI_AGAIN:
            return ServerAbsent(f"{address}: the host name is unknown")
        if isinstance(each, ConnectionRefusedError):
            return ServerAbsent(f"{address}: no server listens there (connection refused)")
    if isinstance(error, httpx.RemoteProtocolError) and str(error).startswith(
        "illegal status line"
    ):
        return WrongServer(f"{address} does not speak HTTP: is it https://, or another service?")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return WrongServer(f"{address} is not a usable address: {error}")
    said = next((str(each) for each in reversed(causes) if str(each)), type(error).__name__)
    timeout = isinstance(error, httpx.TimeoutException | trio.TooSlowError)
    return AttemptFailed(f"{address} does not answer: {'too slow' if timeout else said}")


#: TLS connections that end without a shutdown, for example because the server is stopping.
_TLS_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and the chain of its causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            for each in cause.exceptions:
                yield from _causes(each)
        else:
            yield cause
        cause = cause.__cause__ or cause.__context__


def check(response: httpx.Response) -> None:
    """Raise the error of a response that is not a success.

    Args:
        response: A response whose body was read.

    Raises:
        AttemptFailed: A retry may succeed.
        Denied: No retry can succeed.
    """
    status = response.status_code
    if response.is_success:
        return
    try:
        problem = response.json()
        detail, errors = str(problem["detail"]), problem.get("errors")
    except (ValueError, KeyError, TypeError):
        detail, errors = response.reason_phrase or "no reason was given", None
    if status in RETRIED or status >= 500:
        raise AttemptFailed(
            f"{status}: {detail}", pause=_seconds(response.headers.get("Retry-After", ""))
        )
    raise Denied(status, detail, errors=errors)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
