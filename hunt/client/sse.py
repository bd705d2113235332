"""Rewards over server-sent events."""

from __future__ import annotations

import json

import httpx

from hunt.client import attempts
from hunt.client.attempts import PATIENCE, AttemptFailed, HuntEnded, WrongServer
from hunt.client.rewards import OnMessage
from hunt.core.sse import RETRY_MS, Parser
from hunt.settings import Settings

#: Seconds without a byte after which a connection counts as dead: 2.5 of the server's default
#: heartbeats.  A server with ``HUNT_HEARTBEAT`` above this needs the WebSocket transport.
SILENCE = 2.5 * Settings().heartbeat


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
        headers = {} if after is None else {"Last-Event-ID": after}
        timeout = httpx.Timeout(PATIENCE, read=SILENCE)
        retry = RETRY_MS
        parser = Parser()
        try:
            async with self._http.stream(
                "GET", self._path, headers=headers, timeout=timeout
            ) as response:
                if response.status_code == 204:
                    raise HuntEnded
                if response.status_code != 200:
                    await response.aread()
                    attempts.check(response)
                if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                    raise WrongServer("this is not a stream of events")
                async for chunk in response.aiter_raw():
                    for event in parser.feed(chunk):
                        retry = retry if event.retry is None else event.retry
                        if event.event:
                            await on_message(event.event, json.loads(event.data))
        except httpx.TransportError as exc:
            lost = attempts.lost(str(self._http.base_url).rstrip("/"), exc)
            lost.pause = retry / 1000
            raise lost from exc
        except ValueError:
            raise WrongServer("these are not the messages of a server of hunt") from None
        raise AttemptFailed("the stream has ended", pause=retry / 1000)
