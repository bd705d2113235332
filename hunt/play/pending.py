"""Waiting for the outcome of a click, for transports that give a request a task."""

from __future__ import annotations

import trio

from hunt.core.events import Outcome
from hunt.core.proxies import Peer
from hunt.play.answers import Beyond
from hunt.play.play import Play
from hunt.play.request import Request


async def settle(
    play: Play,
    request: Request,
    peer: Peer,
    body: bytes,
    now: float,
    beyond: Beyond = None,
    *,
    checked: bool = False,
) -> Outcome:
    """Return the outcome of a click, once it is durable; see `Play.click` for the arguments.

    If this call is cancelled, the click may still count.
    """
    pending = _Pending()
    refusal = play.click(request, peer, body, pending.settle, now, beyond, checked=checked)
    return await pending.wait() if refusal is None else refusal


class _Pending:
    """One outcome, handed from a lane to the task that waits for it."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self._outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._event.set()

    async def wait(self) -> Outcome:
        await self._event.wait()
        assert self._outcome is not None, "settled"
        return self._outcome
