"""A player's rewards, one after the other, over as many connections as it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self

import msgspec
import trio

from hunt.client import attempts
from hunt.client.attempts import AttemptFailed, HuntEnded, ServerAbsent, WrongServer
from hunt.client.reward import Reward
from hunt.errors import Denied, Unreachable

Hear = Callable[[str, dict[str, Any]], Awaitable[None]]

#: A reward with its event id, or the reason why there are no more.
_Item = tuple[str, Reward] | Denied | Unreachable


class Source(Protocol):
    """One way to hear of rewards."""

    async def listen(self, after: str | None, hear: Hear) -> None:
        """Connect, and pass on what is said: kind and content.  Never returns.

        Args:
            after: The event id to resume from, if any.
            hear: Awaited for each message, in order.

        Raises:
            Lost: Come back.
            Over: There is nothing to come back for.
            Denied: It would be in vain.
        """


class Rewards:
    """Rewards by ascending `seq`, each once; made by `hunt.client.Client.rewards`.

    Args:
        source: Of what the server says.
        after: The event id to go on from; None begins now.
        notice: Told of what is no reward.
        wait: Try again also where the server is not there at first.
    """

    def __init__(
        self,
        source: Source,
        after: str | None,
        notice: Callable[[str, dict[str, Any]], None],
        *,
        wait: bool,
    ) -> None:
        self.position = after  #: the event id up to which rewards were taken, or None
        self._heard = after  # the event id up to which they were handed over
        self._source = source
        self._notice = notice
        self._wait = wait
        self._epoch = ""
        # No buffer: what was not taken is not behind us, and will be sent again.
        self._send, self._receive = trio.open_memory_channel[_Item](0)
        self._pauses = attempts.backoff()
        self._begun = trio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Reward:
        """Return the next reward; may be cancelled, and asked again.

        Raises:
            Denied: The server does not let this player in, and never will.
            Unreachable: There is no server of hunt at the address.
        """
        try:
            found = await self._receive.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise StopAsyncIteration from None
        if isinstance(found, Denied | Unreachable):
            self._receive.close()
            raise found
        self.position, reward = found
        return reward

    async def wait_begun(self) -> None:
        """Return once the server has greeted for the first time, or has said no."""
        await self._begun.wait()

    async def follow(self) -> None:
        """Listen, again and again, until there is nothing more to hear; raises nothing."""
        async with self._send:
            await self._listen()

    async def _listen(self) -> None:
        while True:
            try:
                await self._source.listen(self._heard, self._hear)
            except HuntEnded:
                self._begun.set()
                return
            except Denied as denied:
                self._begun.set()
                await self._send.send(denied)
                return
            except AttemptFailed as lost:
                if isinstance(lost, WrongServer) or (
                    isinstance(lost, ServerAbsent) and not self._wait
                ):
                    self._begun.set()
                    await self._send.send(Unreachable(str(lost)))
                    return
                pause = lost.pause + self._pauses.next()
                self._notice("lost", {"reason": str(lost), "retry_after": round(pause, 3)})
                await trio.sleep(pause)

    async def _hear(self, kind: str, what: dict[str, Any]) -> None:
        try:
            await self._take(kind, what)
        except (KeyError, TypeError, msgspec.ValidationError):
            raise WrongServer("these are not the messages of a server of hunt") from None

    async def _take(self, kind: str, what: dict[str, Any]) -> None:
        if kind == "reward":
            reward = msgspec.convert(what, Reward)
            event_id = f"{self._epoch}-{reward.seq}"
            await self._send.send((event_id, reward))
            self._heard = event_id
            return
        if kind == "hello":
            self._wait = True
            self._pauses.reset()
            self._epoch = what["epoch"]
            if not what["resumed"]:  # from here on nothing is missed
                self.position = self._heard = f"{self._epoch}-{what['seq']}"
            self._begun.set()
        self._notice(kind, what)
