"""HTTP requests to the sibling worker processes of this server, over their Unix sockets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import trio

#: Seconds to wait for all responses; a process that is exiting does not respond.
TIMEOUT = 2.0

#: Maximum size of a response, in bytes.
MAX_RESPONSE = 4 * 1024 * 1024


async def get(
    siblings: Sequence[Path],
    target: str,
    *,
    authorization: str | None = None,
    timeout: float = TIMEOUT,
) -> list[bytes]:
    """Return the body of each sibling's response to a GET request.

    Siblings that fail, or do not respond within `timeout` seconds, are left out.
    """
    head = f"GET {target} HTTP/1.0\r\nHost: hunt\r\n"
    if authorization is not None:
        head += f"Authorization: {authorization}\r\n"
    return await _send_all(siblings, f"{head}\r\n".encode(), timeout)


async def post(siblings: Sequence[Path], target: str, *, authorization: str, body: bytes) -> int:
    """Send JSON to each sibling; return the number of successful responses."""
    head = (
        f"POST {target} HTTP/1.0\r\nHost: hunt\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return len(await _send_all(siblings, head.encode() + body, TIMEOUT))


async def _send_all(siblings: Sequence[Path], request: bytes, timeout: float) -> list[bytes]:
    responses: list[bytes] = []

    async def send(path: Path) -> None:
        response = await _send(path, request)
        if response is not None:
            responses.append(response)

    with trio.move_on_after(timeout):
        async with trio.open_nursery() as nursery:
            for path in siblings:
                nursery.start_soon(send, path)
    return responses


async def _send(path: Path, request: bytes) -> bytes | None:
    """Return the body of a response with status 200 or 202, else None."""
    try:
        async with await trio.open_unix_socket(str(path)) as stream:
            await stream.send_all(request)
            response = b""
            while len(response) < MAX_RESPONSE and (more := await stream.receive_some(65536)):
                response += more
    except (OSError, trio.BrokenResourceError):
        return None
    head, _, body = response.partition(b"\r\n\r\n")
    return body if head[8:12] in {b" 200", b" 202"} else None
