"""Rewards over server-sent events."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import httpx
import trio

from hunt.client import attempts
from hunt.client.attempts import PATIENCE, AttemptFailed, HuntEnded, WrongServer
from hunt.client.rewards import OnMessage
from hunt.core.sse import RETRY_MS, Parser
from hunt.settings import Settings

#: A connection without a byte for this many heartbeats counts as dead.
HEARTBEATS = 2.5

#: A connection without a byte for this many seconds counts as dead; for longer, if the server
#: announces longer heartbeats.
SILENCE = HEARTBEATS * Settings().heartbeat


class SseSource:
    """A `hunt.client.rewards.Source` over server-sent events.

    Args:
        http: HTTP client with the address of the server and the token.
        hunt: Id of the hunt.
    """

    def __init__(self, http: httpx.AsyncClient, hunt: str) -> None:
        self._http = http
        self._path = f"/v1/hunts/{hunt}/events"

    async def listen(self, after: str | None, on_message: OnMessage) -> None:
        """See `hunt.client.rewards.Source`."""
        retry, silence, over = RETRY_MS, SILENCE, False
        parser = Parser()
        try:
            async with AsyncExitStack() as stack:
                with trio.fail_after(silence):
                    response = await stack.enter_async_context(self._get(after))
                await check_stream(response)
                chunks = response.aiter_raw()
                while True:
                    with trio.fail_after(silence):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    for event in parser.feed(chunk):
                        retry = retry if event.retry is None else event.retry
                        if event.event:
                            what = json.loads(event.data)
                            silence = silence_of(what) if event.event == "hello" else silence
                            over = over or _is_over(event.event, what)
                            await on_message(event.event, what)
        except (httpx.TransportError, trio.TooSlowError) as exc:
            lost = attempts.lost(str(self._http.base_url).rstrip("/"), exc)
            lost.pause = retry / 1000
            raise lost from exc
        except ValueError:
            raise WrongServer("the messages are not those of a hunt server") from None
        if over:
            raise HuntEnded
        raise AttemptFailed("the stream has ended", pause=retry / 1000)

    def _get(self, after: str | None) -> AbstractAsyncContextManager[httpx.Response]:
        """Return the request of a stream."""
        headers = {} if after is None else {"Last-Event-ID": after}
        timeout = httpx.Timeout(PATIENCE, read=None)
        return self._http.stream("GET", self._path, headers=headers, timeout=timeout)


def silence_of(hello: object) -> float:
    """Return the seconds without a byte after which the connection counts as dead.

    Raises:
        ValueError: This is not the ``hello`` of a hunt server.
    """
    heartbeat = hello.get("heartbeat", 0) if isinstance(hello, dict) else None
    if not isinstance(heartbeat, int | float):
        raise ValueError("not a hello")
    return max(SILENCE, HEARTBEATS * heartbeat)


def _is_over(kind: str, what: object) -> bool:
    """Return whether a message tells that the hunt has ended."""
    return kind == "state" and isinstance(what, dict) and what.get("state") == "over"


async def check_stream(response: httpx.Response) -> None:
    """Raise unless a response is an event stream.

    Raises:
        HuntEnded: There is nothing more to stream.
        AttemptFailed: A retry may succeed.
        Denied: No retry can succeed.
    """
    if response.status_code == 204:
        raise HuntEnded
    if response.status_code != 200:
        with trio.fail_after(PATIENCE):
            await response.aread()
        attempts.check(response)
    if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
        raise WrongServer("the response is not an event stream")
