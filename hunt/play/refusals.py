"""Refusals of requests that violate HTTP or a limit of it, on any route."""

from __future__ import annotations

from collections.abc import Sequence

from hunt.core.readiness import WorkerState
from hunt.errors import InvalidRequest, Refused


class RouteNotFound(Refused):
    """The server has no such path."""

    status, slug, title, label = 404, "no-such-path", "No such path", "not_found"


class MethodNotAllowed(Refused):
    """The path does not accept this method; `Allow` lists those that it accepts."""

    status, slug, title, label = 405, "method-not-allowed", "Method not allowed", "invalid"
    headers = ("Allow",)


class BodyTimeout(Refused):
    """The body of the request did not arrive in time."""

    status, slug, title, label = 408, "body-timeout", "Body timeout", "invalid"


class BodyTooLarge(Refused):
    """The body of the request is larger than the server accepts."""

    status, slug, title, label = 413, "body-too-large", "Body too large", "invalid"


class LineTooLong(Refused):
    """The first line of the request is longer than the server accepts."""

    status, slug, title, label = 414, "request-line-too-long", "Request line too long", "invalid"


class UpgradeRequired(Refused):
    """The path accepts only WebSocket handshakes."""

    status, slug, title, label = 426, "upgrade-required", "Upgrade required", "invalid"


class HeadTooLong(Refused):
    """The head or the trailers of the request are longer than the server accepts."""

    status, slug, title, label = 431, "request-head-too-long", "Request head too long", "invalid"


class UnsupportedCoding(Refused):
    """The request has a transfer coding other than chunked."""

    status, slug, title, label = 501, "unsupported-coding", "Unsupported transfer coding", "invalid"


class UnsupportedVersion(Refused):
    """The request uses a version of HTTP that the server does not support."""

    status, slug, title, label = 505, "unsupported-version", "Unsupported HTTP version", "invalid"


class NotReady(Refused):
    """A load balancer should send no clicks to this server now; the detail says why."""

    status, slug, title, label = 503, "not-ready", "Not ready", "not_ready"
    headers = ("Retry-After",)
    retry_after = 1.0

    def __init__(self, detail: str, workers: Sequence[WorkerState] = ()) -> None:
        super().__init__(detail)
        self.workers = list(workers)  #: state of each worker, and why it cannot take clicks


#: The refusal for an HTTP status that a framework raised.
BY_STATUS: dict[int, type[Refused]] = {
    kind.status: kind
    for kind in (
        InvalidRequest,
        RouteNotFound,
        MethodNotAllowed,
        BodyTimeout,
        BodyTooLarge,
        LineTooLong,
        UpgradeRequired,
        HeadTooLong,
        Refused,
        UnsupportedCoding,
        UnsupportedVersion,
    )
}
