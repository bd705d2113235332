"""Errors that clients of a server raise."""

from __future__ import annotations

from collections.abc import Mapping

from hunt.errors.base import HuntError


class Denied(HuntError):
    """The server refused a request; a retry would be refused, too."""

    def __init__(
        self, status: int, detail: str, *, errors: Mapping[str, str] | None = None
    ) -> None:
        wrong = "".join(f"; {field}: {what}" for field, what in (errors or {}).items())
        super().__init__(f"{status}: {detail}{wrong}")
        self.status = status  #: the HTTP status
        self.detail = detail
        self.errors = dict(errors or {})  #: field -> error message


class Unreachable(HuntError):
    """There is no hunt server at this address, or none that can be trusted."""


class Unconfirmed(HuntError):
    """No answer in time: the click may be recorded; a retry with the same id is safe."""
