"""The outcome of one attempt, and the pause before the next."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Iterator

import httpx
import trio

from hunt.core.backoff import Backoff
from hunt.errors import Denied

#: Statuses after which the same request may be sent again, beside all from 500.
AGAIN = frozenset({408, 425, 429})

#: Seconds for a connection to be made, and for a request to be answered.
PATIENCE = 10.0


class AttemptFailed(Exception):
    """An attempt has failed, and another one may succeed."""

    def __init__(self, reason: str, *, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause  #: seconds that the server asks for, >= 0


class ServerAbsent(AttemptFailed):
    """There is no server at this address, which is wrong or will have one later."""


class WrongServer(AttemptFailed):
    """What listens at this address is not to be spoken to: no other attempt can succeed."""


class HuntEnded(Exception):  # not an error: the end of the story
    """The hunt is over: there is nothing to come back for."""


def backoff() -> Backoff:
    """Return the pauses between attempts: capped, growing, fully jittered."""
    return Backoff(base=0.5, cap=10.0, jitter=random.random)


def lost(address: str, error: BaseException) -> AttemptFailed:
    """Return why there was no answer from `address`, and with that whether there may be one.

    Args:
        address: The server's, for people.
        error: Of a connection that was not made, or was lost.
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
            return ServerAbsent(f"{address}: the name of this host is not known")
        if isinstance(each, ConnectionRefusedError):
            return ServerAbsent(f"{address}: nothing listens there (connection refused)")
    if isinstance(error, httpx.RemoteProtocolError) and str(error).startswith(
        "illegal status line"
    ):
        return WrongServer(f"{address} does not speak HTTP: is it https://, or another service?")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return WrongServer(f"{address} cannot be asked: {error}")
    said = next((str(each) for each in reversed(causes) if str(each)), type(error).__name__)
    timeout = isinstance(error, httpx.TimeoutException | trio.TooSlowError)
    return AttemptFailed(f"{address} does not answer: {'too slow' if timeout else said}")


#: TLS that ends in the middle, as where the server is just stopping.
_TLS_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            for each in cause.exceptions:
                yield from _causes(each)
        else:
            yield cause
        cause = cause.__cause__ or cause.__context__


def check(response: httpx.Response) -> None:
    """Raise what a response says that is not the wanted one; its body must have been read.

    Raises:
        Lost: Not now.
        Denied: Never.
    """
    status = response.status_code
    if response.is_success:
        return
    try:
        problem = response.json()
        detail, errors = str(problem["detail"]), problem.get("errors")
    except (ValueError, KeyError, TypeError):
        detail, errors = response.reason_phrase or "no reason was given", None
    if status in AGAIN or status >= 500:
        raise AttemptFailed(
            f"{status}: {detail}", pause=_seconds(response.headers.get("Retry-After", ""))
        )
    raise Denied(status, detail, errors=errors)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
