"""A player of a server, known by a token."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import msgspec
import trio

from hunt.client import attempts
from hunt.client.attempts import PATIENCE, AttemptFailed, ServerAbsent, WrongServer
from hunt.client.credential import Credential, Token
from hunt.client.reward import Answer
from hunt.client.rewards import Rewards
from hunt.client.sse import SseSource
from hunt.client.websocket import WebSocketSource
from hunt.core import ids
from hunt.errors import Unconfirmed, Unreachable

Notice = Callable[[str, dict[str, Any]], None]


def _ignore(kind: str, what: dict[str, Any]) -> None:
    """Take a notice that nobody wants."""


class Client:
    """Speaks for one player; made by `open_client`."""

    def __init__(
        self,
        url: str,
        credential: Credential,
        http: httpx.AsyncClient,
        context: ssl.SSLContext | None,
        *,
        wait: bool,
    ) -> None:
        self._url = url
        self._credential = credential
        self._http = http
        self._context = context
        self._wait = wait  # for a server that is not there; else only once it has answered

    async def hunt(
        self, hunt: str, *, patience: float = 60.0, notice: Notice = _ignore
    ) -> dict[str, Any]:
        """Return what players may know of a hunt: its map, its prizes, its times.

        Args:
            hunt: Its id.
            patience: Seconds, > 0, after which it is not asked again.
            notice: Told of ``lost`` where it will be asked again.

        Raises:
            Denied: There is no such hunt.
            Unreachable: There is no server of hunt at the address.
            Unconfirmed: No answer within `patience` seconds.
        """
        path = f"/v1/hunts/{hunt}"
        shown: dict[str, Any] = await self._ask("GET", path, patience=patience, notice=notice)
        return shown

    async def click(
        self,
        hunt: str,
        x: float,
        y: float,
        *,
        id: str | None = None,  # ruff: ignore[builtin-argument-shadowing] - the word of the wire
        patience: float = 60.0,
        notice: Notice = _ignore,
    ) -> Answer:
        """Click, and return what came of it once that is durable.

        It is sent again, under one id, until there is an answer; so it counts once.

        Args:
            hunt: Its id.
            x: Map units.
            y: Map units.
            id: A UUID, to go on with a click that was not confirmed; None for a new one.
            patience: Seconds, > 0, after which it is not sent again.
            notice: Told of ``lost`` where it will be sent again.

        Raises:
            Denied: It does not count, and never will.
            Unreachable: There is no server of hunt at the address.
            Unconfirmed: No answer in time; with the click's id in its message.
        """
        body = {"id": id or _new_id(), "x": x, "y": y}
        try:
            path = f"/v1/hunts/{hunt}/clicks"
            answer = await self._ask("POST", path, body, patience=patience, notice=notice)
        except Unconfirmed as exc:
            raise Unconfirmed(f"click {body['id']}: {exc}") from exc
        try:
            return msgspec.convert(answer, Answer)
        except msgspec.ValidationError:
            raise Unreachable(f"{self._url} answers, but not as a server of hunt does") from None

    async def _ask(
        self, method: str, path: str, body: object = None, *, patience: float, notice: Notice
    ) -> Any:  # ruff: ignore[any-type] - JSON
        """Return the answer's JSON; asks again, with the same body, where that may help."""
        pauses = attempts.backoff()
        end = trio.current_time() + patience
        while True:
            try:
                response = await self._http.request(method, path, json=body)
                self._wait = True
                attempts.check(response)
                return response.json()
            except httpx.TransportError as exc:
                lost = attempts.lost(self._url, exc)
            except AttemptFailed as exc:
                lost = exc
            except ValueError:  # not JSON
                lost = WrongServer(f"{self._url} answers, but not as a server of hunt does")
            if isinstance(lost, WrongServer) or (isinstance(lost, ServerAbsent) and not self._wait):
                raise Unreachable(str(lost)) from lost
            pause = lost.pause + pauses.next()
            if trio.current_time() + pause > end:
                raise Unconfirmed(f"gave up after {patience:g} s: {lost}") from lost
            notice("lost", {"reason": str(lost), "retry_after": round(pause, 3)})
            await trio.sleep(pause)

    @asynccontextmanager
    async def rewards(
        self,
        hunt: str,
        *,
        after: str | None = None,
        transport: Literal["socket", "sse"] = "socket",
        notice: Notice = _ignore,
    ) -> AsyncIterator[Rewards]:
        """Follow the player's rewards for as long as the block runs.

        The block is entered once the server has greeted, so that nothing is missed of
        what happens in it.  Whatever happens to the connection, it comes back, and goes
        on after the last reward that was taken: an iteration ends only with the hunt, or
        by `Denied`.

        Args:
            hunt: Its id.
            after: The `Rewards.position` to go on from; None begins now.
            transport: A WebSocket, or server-sent events.
            notice: Told of what is no reward: ``hello``, ``reset``, ``drain``, and ``lost``
                where it will reconnect.  After a ``reset``, rewards may be missing: read
                the player's history by HTTP.
        """
        source = (
            WebSocketSource(self._url, self._credential, hunt, self._context)
            if transport == "socket"
            else SseSource(self._http, hunt)
        )
        # The nursery holds nothing that raises, so it neither ends nor wraps what the block does.
        async with trio.open_nursery() as nursery:
            rewards = Rewards(source, after, notice, wait=self._wait)
            nursery.start_soon(rewards.follow)
            failure: BaseException | None = None
            try:
                await rewards.wait_begun()
                yield rewards
            except BaseException as exc:  # of the block's, passed on as it is
                failure = exc
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure


def _new_id() -> str:
    return ids.click_id(time.time_ns() // 1_000_000, os.urandom(ids.RANDOM))


@asynccontextmanager
async def open_client(
    url: str, token: Token, *, context: ssl.SSLContext | None = None, wait: bool = True
) -> AsyncIterator[Client]:
    """Yield a client of the server at `url` that speaks for the player of `token`.

    Args:
        url: Like ``https://play.example``; a path is kept before those of the API.
        token: A JWT, as ``hunt token`` prints it; or an async function that returns the current
            one, called before each request and each connection.  A stream ends when its token
            expires, and goes on with the next one; with a fixed token it ends in `Denied`.
        context: How TLS is spoken; None is the system's way.
        wait: Try again also where the port is refused or the host's name is not known, for
            a server that starts at the same time.  Once it has answered, this is always so.
    """
    url = url.rstrip("/")
    credential = Credential(token)
    verify = True if context is None else context
    async with httpx.AsyncClient(
        base_url=url, auth=credential, timeout=PATIENCE, verify=verify
    ) as http:
        yield Client(url, credential, http, context, wait=wait)
