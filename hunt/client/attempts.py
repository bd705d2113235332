"""What has become of one attempt, and how long to wait before the next."""

from __future__ import annotations

import random

import httpx

from hunt.core.backoff import Backoff
from hunt.errors import Denied

#: Statuses after which the same request may be sent again, beside all from 500.
AGAIN = frozenset({408, 425, 429})

#: Seconds for a connection to be made, and for a request to be answered.
PATIENCE = 10.0


class Lost(Exception):
    """An attempt has come to nothing, and another one may go better."""

    def __init__(self, reason: str, *, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause  #: seconds that the server asks for, >= 0


class Over(Exception):  # not an error: the end of the story
    """The hunt is over: there is nothing to come back for."""


def backoff() -> Backoff:
    """Return the pauses between attempts: capped, growing, fully jittered."""
    return Backoff(base=0.5, cap=10.0, jitter=random.random)


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
        raise Lost(f"{status}: {detail}", pause=_seconds(response.headers.get("Retry-After", "")))
    raise Denied(status, detail, errors=errors)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
