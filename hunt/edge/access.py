"""Lines of the access log for what is served below Quart: the same as the routes write."""

from __future__ import annotations

import trio

from hunt.edge.request import Request
from hunt.service.access import AccessLog

#: The template of a socket's path, as the routes have it.
SOCKET = "/v1/hunts/<hunt_id>/socket"


def log_request(
    access: AccessLog,
    request: Request,
    status: int,
    request_id: str,
    since: float,
    answer: bytes | None,
) -> None:
    """Log a stream, or a click if it is one of those that are logged.

    Args:
        access: The log.
        request: As it was read.
        status: Of the answer.
        request_id: In the head of the answer.
        since: Trio's time at which the request came.
        answer: Head and body; None where the body is a stream.
    """
    if request.length is not None and not access.click():
        return
    access.write(
        "GET" if request.length is None else "POST",
        f"/v1/hunts/<hunt_id>/{request.kind}",
        status,
        request_id=request_id,
        seconds=trio.current_time() - since,
        size=None if answer is None else len(answer) - answer.index(b"\r\n\r\n") - 4,
    )


def log_socket(access: AccessLog, request_id: str) -> None:
    """Log the handshake of a socket, which was accepted just now."""
    access.write("GET", SOCKET, 101, request_id=request_id, seconds=0.0)


def log_socket_click(
    access: AccessLog, message: str, status: int, request_id: str, since: float
) -> None:
    """Log a click over a socket, if it is one of those that are logged.

    Args:
        access: The log.
        message: The answer.
        status: That the same click would get by HTTP.
        request_id: Of the handshake.
        since: Trio's time at which the click came.
    """
    if access.click():
        seconds, size = trio.current_time() - since, len(message.encode())
        access.write("CLICK", SOCKET, status, request_id=request_id, seconds=seconds, size=size)
