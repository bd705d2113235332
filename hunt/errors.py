"""Every error that hunt raises on purpose, sorted by what the caller can do.

Data are attributes; the message is one sentence that is safe to show to a
client, unless the class says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping


class HuntError(Exception):
    """Base of every error that hunt raises on purpose."""


# --- Correct what you gave us ------------------------------------------------


class SettingsError(HuntError):
    """The settings do not describe a server that can run."""


class KeysError(HuntError):
    """No public keys can be had there; the message completes "it cannot be used: "."""


class DefinitionError(HuntError):
    """A hunt file does not describe a hunt."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {wrong}" for field, wrong in errors.items()))
        self.errors = dict(errors)  #: field -> what is wrong with it


# --- A request is refused: nothing was recorded, unless a class says so ------


class Refused(HuntError):
    """Base of every answer to a request that is not the wanted one."""


class InvalidRequest(Refused):
    """The request is malformed (HTTP 400)."""

    def __init__(self, detail: str, *, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.errors = dict(errors or {})  #: field -> what is wrong with it


class UnsupportedType(InvalidRequest):
    """The body is not JSON, by its own word (HTTP 415)."""


class NotAuthenticated(Refused):
    """Nobody proved who they are (HTTP 401)."""


class NotAllowed(Refused):
    """Known, but not allowed here (HTTP 403)."""


class HuntNotFound(Refused):
    """There is no such hunt (HTTP 404)."""


class HuntNotOpen(Refused):
    """The hunt takes no clicks now (HTTP 409)."""

    def __init__(self, *, opens_at: str | None, closes_at: str | None) -> None:
        super().__init__("this hunt is not open now")
        self.opens_at = opens_at  #: RFC 3339, or None where it has no such time
        self.closes_at = closes_at  #: RFC 3339, or None where it has no such time


class WrongState(Refused):
    """What is there already does not allow it (HTTP 409)."""


class ClickConflict(Refused):
    """The click id was used before, for another click (HTTP 422)."""


class ClickRejected(Refused):
    """The store refused this one click, and recorded why (HTTP 422)."""


class TooFast(Refused):
    """The player clicks too fast (HTTP 429)."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__(f"too fast: try again in {retry_after:.1f} s")
        self.retry_after = retry_after  #: seconds, >= 0


class Overloaded(Refused):
    """This process cannot take the click now (HTTP 503)."""

    def __init__(self, detail: str = "not now", *, retry_after: float) -> None:
        super().__init__(f"{detail}: try again in {retry_after:.1f} s")
        self.retry_after = retry_after  #: seconds, >= 0


class CircuitOpen(Overloaded):
    """The breaker refused a call to the store."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("the database is slow or away", retry_after=retry_after)


class QueueFull(Overloaded):
    """Too many clicks wait for a commit, or the oldest has waited too long."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("too many clicks are waiting", retry_after=retry_after)


class Draining(Overloaded):
    """The process is stopping and takes no new clicks."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("this server is stopping", retry_after=retry_after)


class OutcomeUnknown(Refused):
    """The click may or may not be durable: repeat it with the same id (HTTP 504)."""

    def __init__(self, detail: str = "the outcome is unknown: repeat with the same id") -> None:
        super().__init__(detail)


# --- What a client of a server meets ------------------------------------------


class Denied(HuntError):
    """The server says no, and would say so again."""

    def __init__(
        self, status: int, detail: str, *, errors: Mapping[str, str] | None = None
    ) -> None:
        wrong = "".join(f"; {field}: {what}" for field, what in (errors or {}).items())
        super().__init__(f"{status}: {detail}{wrong}")
        self.status = status  #: of HTTP
        self.detail = detail
        self.errors = dict(errors or {})  #: field -> what is wrong with it


class Unconfirmed(HuntError):
    """No answer in time: the click may count or not, and may be sent again with its id."""


# --- What the store says; messages are for the log, not for clients ----------


class StoreError(HuntError):
    """Base of what a call to the store may raise."""


class StoreUnavailable(StoreError):
    """The store could not be asked: surely nothing was recorded."""


class ConnectTimeout(StoreUnavailable):
    """No connection in time, as of a server that is frozen: surely nothing was recorded."""


class StoreReadOnly(StoreUnavailable):
    """The server is a standby, or read-only (SQLSTATE 25006)."""


class StoreTimeout(StoreError):
    """No answer before the deadline: the outcome is unknown."""


class StoreLost(StoreError):
    """The connection was lost before the answer: the outcome is unknown."""


class StoreConflict(StoreError):
    """Deadlock or serialization failure (40P01, 40001): repeat the same call."""


class BatchTimeout(StoreError):
    """A statement or lock timeout in the server (57014, 55P03): nothing was recorded."""


class BatchRejected(StoreError):
    """Some row of the batch is not acceptable to the store: nothing was recorded."""
