"""Requests to one server, retried while a retry may succeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import httpx
import msgspec
import trio

from hunt.client import attempts
from hunt.client.attempts import AttemptFailed, ServerAbsent, WrongServer
from hunt.errors import Unconfirmed, Unreachable

Notice = Callable[[str, dict[str, Any]], None]
Body = TypeVar("Body")


class Requests:
    """Requests to one server, retried while a retry may succeed.

    Args:
        url: Address of the server.
        http: Sends the requests, with the player's token.
        wait: Also retry if the server is absent; set once it has answered.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, *, wait: bool) -> None:
        self.url = url
        self.http = http
        self.wait = wait

    async def ask(
        self, method: str, path: str, body: object = None, *, patience: float, notice: Notice
    ) -> Any:  # ruff: ignore[any-type] - JSON
        """Return the JSON of the response; retry the same request while that may succeed.

        Args:
            method: The method.
            path: Path and query.
            body: JSON of the body; None: there is no body.
            patience: Seconds, > 0, after which there are no more retries.
            notice: Called with ``lost`` before each retry.

        Raises:
            Denied: The request was refused; no retry can succeed.
            Unreachable: No hunt server is at the address.
            Unconfirmed: No answer within `patience` seconds.
        """
        pauses = attempts.backoff()
        end = trio.current_time() + patience
        while True:
            try:
                response = await self.http.request(method, path, json=body)
                self.wait = True
                attempts.check(response)
                return response.json()
            except httpx.TransportError as exc:
                lost = attempts.lost(self.url, exc)
            except AttemptFailed as exc:
                lost = exc
            except ValueError:  # not JSON
                lost = WrongServer(f"{self.url} answers, but is not a hunt server")
            if isinstance(lost, WrongServer) or (isinstance(lost, ServerAbsent) and not self.wait):
                raise Unreachable(str(lost)) from lost
            pause = lost.pause + pauses.next()
            if trio.current_time() + pause > end:
                raise Unconfirmed(f"gave up after {patience:g} s: {lost}") from lost
            notice("lost", {"reason": str(lost), "retry_after": round(pause, 3)})
            await trio.sleep(pause)

    def convert(self, answer: object, kind: type[Body]) -> Body:
        """Return the JSON of a response as a value.

        Raises:
            Unreachable: The JSON has another form, so this is not a hunt server.
        """
        try:
            return msgspec.convert(answer, kind)
        except msgspec.ValidationError:
            raise Unreachable(f"{self.url} answers, but is not a hunt server") from None
