"""The server's other processes, asked over their own sockets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import trio

#: Seconds to wait for the others; one that is just ending does not answer.
TIMEOUT = 2.0

#: Bytes of one answer, at most.
MAX_ANSWER = 4 * 1024 * 1024


async def get(
    siblings: Sequence[Path],
    target: str,
    *,
    authorization: str | None = None,
    timeout: float = TIMEOUT,
) -> list[bytes]:
    """Return what each says at `target`; those that are gone, or take too long, say nothing."""
    head = f"GET {target} HTTP/1.0\r\nHost: hunt\r\n"
    if authorization is not None:
        head += f"Authorization: {authorization}\r\n"
    return await _ask(siblings, f"{head}\r\n".encode(), timeout)


async def post(siblings: Sequence[Path], target: str, *, authorization: str, body: bytes) -> int:
    """Send JSON to each; return how many took it."""
    head = (
        f"POST {target} HTTP/1.0\r\nHost: hunt\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return len(await _ask(siblings, head.encode() + body, TIMEOUT))


async def _ask(siblings: Sequence[Path], request: bytes, timeout: float) -> list[bytes]:
    answers: list[bytes] = []

    async def ask(path: Path) -> None:
        answer = await _exchange(path, request)
        if answer is not None:
            answers.append(answer)

    with trio.move_on_after(timeout):
        async with trio.open_nursery() as nursery:
            for path in siblings:
                nursery.start_soon(ask, path)
    return answers


async def _exchange(path: Path, request: bytes) -> bytes | None:
    """Return the body of an answer of 200 or 202, None where there is none."""
    try:
        async with await trio.open_unix_socket(str(path)) as stream:
            await stream.send_all(request)
            answer = b""
            while len(answer) < MAX_ANSWER and (more := await stream.receive_some(65536)):
                answer += more
    except (OSError, trio.BrokenResourceError):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if head[8:12] in {b" 200", b" 202"} else None
