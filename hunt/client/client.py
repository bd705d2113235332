"""The client: requests of one player to one server."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Literal

import httpx
import trio

from hunt.client.attempts import PATIENCE
from hunt.client.backend_events import BackendEvents
from hunt.client.credential import Credential, Token
from hunt.client.requests import Notice, Requests
from hunt.client.reward import Answer, Reward
from hunt.client.rewards import Rewards
from hunt.client.sse import SseSource
from hunt.client.websocket import WebSocketSource
from hunt.core import ids
from hunt.errors import Unconfirmed


def _ignore(kind: str, what: dict[str, Any]) -> None:
    """Ignore a notice."""


class Client:
    """A client for one player; created by `open_client`."""

    def __init__(
        self, requests: Requests, credential: Credential, context: ssl.SSLContext | None
    ) -> None:
        self._requests = requests
        self._credential = credential
        self._context = context

    async def hunt(
        self, hunt: str, *, patience: float = 60.0, notice: Notice = _ignore
    ) -> dict[str, Any]:
        """Return the public description of a hunt: map, prizes, times.

        Args:
            hunt: Id of the hunt.
            patience: Seconds, > 0, after which there are no more retries.
            notice: Called with ``lost`` before each retry.

        Raises:
            Denied: There is no such hunt.
            Unreachable: No hunt server is at the address.
            Unconfirmed: No answer within `patience` seconds.
        """
        path = f"/v1/hunts/{hunt}"
        shown: dict[str, Any] = await self._requests.ask(
            "GET", path, patience=patience, notice=notice
        )
        return shown

    async def campaign(
        self, campaign: str, *, patience: float = 60.0, notice: Notice = _ignore
    ) -> dict[str, Any]:
        """Return a campaign with its doors in order; arguments and errors as of `hunt`."""
        path = f"/v1/campaigns/{campaign}"
        shown: dict[str, Any] = await self._requests.ask(
            "GET", path, patience=patience, notice=notice
        )
        return shown

    async def campaign_standing(
        self, campaign: str, *, patience: float = 60.0, notice: Notice = _ignore
    ) -> dict[str, Any]:
        """Return the player's points, wins and streak over all doors of a campaign.

        Arguments and errors are those of `hunt`.
        """
        path = f"/v1/campaigns/{campaign}/standing"
        own: dict[str, Any] = await self._requests.ask(
            "GET", path, patience=patience, notice=notice
        )
        return own

    async def campaign_rewards(
        self, campaign: str, *, patience: float = 60.0, notice: Notice = _ignore
    ) -> list[dict[str, Any]]:
        """Return all of the player's rewards over all doors of a campaign, by door.

        Arguments and errors are those of `hunt`; the patience is that for each page.
        """
        rewards: list[dict[str, Any]] = []
        after = ""
        while True:
            path = f"/v1/campaigns/{campaign}/rewards?limit=1000{after}"
            page = await self._requests.ask("GET", path, patience=patience, notice=notice)
            rewards += page["rewards"]
            if page["next"] is None:
                return rewards
            after = f"&after={page['next']}"

    async def click(
        self,
        hunt: str,
        x: float,
        y: float,
        *,
        id: str | None = None,  # ruff: ignore[builtin-argument-shadowing] - the word of the wire
        accuracy: float | None = None,
        patience: float = 60.0,
        notice: Notice = _ignore,
    ) -> Answer:
        """Click, and return the outcome once it is durable.

        Retries use the same id, so the click is idempotent: it counts once.

        Args:
            hunt: Id of the hunt.
            x: Horizontal position in map units, or longitude in degrees.
            y: Vertical position in map units, or latitude in degrees.
            id: UUID of an unconfirmed click to repeat; None: a new click.
            accuracy: Radius of error of the position, in metres or map units; None: unknown.
            patience: Seconds, > 0, after which there are no more retries.
            notice: Called with ``lost`` before each retry.

        Raises:
            Denied: The click was refused; no retry can succeed.
            Unreachable: No hunt server is at the address.
            Unconfirmed: No answer in time; the message has the id of the click.
        """
        body = {"id": id or _new_id(), "x": x, "y": y}
        if accuracy is not None:
            body["accuracy"] = accuracy
        try:
            path = f"/v1/hunts/{hunt}/clicks"
            answer = await self._requests.ask("POST", path, body, patience=patience, notice=notice)
        except Unconfirmed as exc:
            raise Unconfirmed(f"click {body['id']}: {exc}") from exc
        return self._requests.convert(answer, Answer)

    async def claim(
        self,
        hunt: str,
        seq: int,
        fields: Mapping[str, str | bool] = MappingProxyType({}),
        *,
        patience: float = 60.0,
        notice: Notice = _ignore,
    ) -> Reward:
        """Claim a reward, or replace the fields of its claim; return the reward with its state.

        Idempotent, so it is retried.

        Args:
            hunt: Id of the hunt.
            seq: Seq of the reward.
            fields: Fields by name, as the ``claim`` of the prize asks for: texts, or True for a
                consent.
            patience: Seconds, > 0, after which there are no more retries.
            notice: Called with ``lost`` before each retry.

        Raises:
            Denied: The claim was refused; its `errors` name wrong fields, as ``fields.email``.
            Unreachable: No hunt server is at the address.
            Unconfirmed: No answer within `patience` seconds.
        """
        path, body = f"/v1/hunts/{hunt}/rewards/{seq}/claim", {"fields": dict(fields)}
        answer = await self._requests.ask("POST", path, body, patience=patience, notice=notice)
        return self._requests.convert(answer, Reward)

    @asynccontextmanager
    async def rewards(
        self,
        hunt: str,
        *,
        after: str | None = None,
        transport: Literal["socket", "sse"] = "socket",
        notice: Notice = _ignore,
    ) -> AsyncIterator[Rewards]:
        """Subscribe to the player's rewards for the duration of the block.

        The block starts after the server's ``hello``, so it misses no reward of a click in
        the block.  After a lost connection it reconnects, and resumes after the last reward
        that was taken.  The iteration ends when the hunt has ended, or raises `Denied`.

        Args:
            hunt: Id of the hunt.
            after: The `Rewards.position` to resume after; None: rewards from now on.
            transport: ``socket`` for a WebSocket, ``sse`` for server-sent events.
            notice: Called with every other message: ``hello``, ``reset``, ``drain``, live events
                such as ``state`` and ``stock``, and ``lost`` before each reconnect.  After a
                ``reset`` rewards may be missing: read the player's history by HTTP.
        """
        source = (
            WebSocketSource(self._requests.url, self._credential, hunt, self._context)
            if transport == "socket"
            else SseSource(self._requests.http, hunt)
        )
        # No task of the nursery raises: it neither cancels the block nor wraps its errors.
        async with trio.open_nursery() as nursery:
            rewards = Rewards(source, after, notice, wait=self._requests.wait)
            nursery.start_soon(rewards.follow)
            failure: BaseException | None = None
            try:
                await rewards.wait_begun()
                yield rewards
            except BaseException as exc:  # raised again below, outside of the nursery
                failure = exc
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    @asynccontextmanager
    async def events(
        self,
        hunt: str,
        *,
        after: str | None = None,
        from_seq: int | None = None,
        clicks: bool = False,
        prize: str | None = None,
        notice: Notice = _ignore,
    ) -> AsyncIterator[BackendEvents]:
        """Stream the log of a hunt to a backend, with all players and positions.

        The token must be an operator's, with the role ``fulfilment`` or ``support``.  After a
        lost connection the iterator reconnects, and resumes after the last event.

        Args:
            hunt: Id of the hunt.
            after: The `BackendEvents.position` to resume after, however old.
            from_seq: First row of the log, >= 1; None: from now on.  `after` precedes it.
            clicks: Stream all clicks, not only wins.
            prize: Stream only wins of this prize.
            notice: Called with every other message: ``hello``, ``reset``, ``drain``, and
                ``lost`` before each reconnect.
        """
        query: dict[str, str | int] = {"events": "clicks" if clicks else "wins"}
        if prize is not None:
            query["prize"] = prize
        if from_seq is not None:
            query["after"] = from_seq - 1
        path = f"/v1/admin/hunts/{hunt}/events"
        events = BackendEvents(
            self._requests.http, path, query, after, notice, wait=self._requests.wait
        )
        try:
            yield events
        finally:
            with trio.CancelScope(shield=True):
                await events.aclose()


def _new_id() -> str:
    return ids.click_id(time.time_ns() // 1_000_000, os.urandom(ids.RANDOM))


@asynccontextmanager
async def open_client(
    url: str, token: Token, *, context: ssl.SSLContext | None = None, wait: bool = True
) -> AsyncIterator[Client]:
    """Yield a client of the server at `url`, authenticated by `token`.

    Args:
        url: Address like ``https://play.example``; its path is a prefix of the API's paths.
        token: A JWT, as ``hunt token`` prints it; or an async function that returns the current
            one, called before each request and each connect.  A stream ends when its token
            expires, and reconnects with the next one; with a fixed token it raises `Denied`.
        context: TLS settings; None: the defaults of the system.
        wait: Also retry if the connection is refused or the host name is unknown, for a
            server that starts at the same time.  After the first answer the client always
            retries.
    """
    url = url.rstrip("/")
    credential = Credential(token)
    verify = True if context is None else context
    async with httpx.AsyncClient(
        base_url=url, auth=credential, timeout=PATIENCE, verify=verify
    ) as http:
        yield Client(Requests(url, http, wait=wait), credential, context)
