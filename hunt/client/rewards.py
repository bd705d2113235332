"""A player's rewards in order, across reconnects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self

import msgspec
import trio

from hunt.client import attempts
from hunt.client.attempts import AttemptFailed, HuntEnded, ServerAbsent, WrongServer
from hunt.client.reward import Reward
from hunt.core.sse import event_id
from hunt.errors import Denied, Unreachable

OnMessage = Callable[[str, dict[str, Any]], Awaitable[None]]

#: A reward with its event id, or the error that ends the stream.
_Item = tuple[str, Reward] | Denied | Unreachable


class Source(Protocol):
    """A transport of rewards."""

    async def listen(self, after: str | None, on_message: OnMessage) -> None:
        """Connect once, and pass on every message; end only by raising.

        Args:
            after: Event id to resume after; None: from now on.
            on_message: Awaited for each message in order, with its kind and content.

        Raises:
            AttemptFailed: The connection ended; reconnect.
            HuntEnded: The hunt has ended.
            Denied: The server refuses; no reconnect can succeed.
        """


class Rewards:
    """Rewards by ascending `seq`, each once; created by `hunt.client.Client.rewards`.

    Args:
        source: Transport of the messages.
        after: Event id to resume after; None: from now on.
        notice: Called with every message that is not a reward.
        wait: Also retry if the server is absent at first.
    """

    def __init__(
        self,
        source: Source,
        after: str | None,
        notice: Callable[[str, dict[str, Any]], None],
        *,
        wait: bool,
    ) -> None:
        self.position = after  #: event id of the last reward taken, or None
        self._received = after  # event id of the last reward put into the channel
        self._source = source
        self._notice = notice
        self._wait = wait
        self._epoch = ""
        # No buffer: a reward that was not taken is sent again after a reconnect.
        self._send, self._receive = trio.open_memory_channel[_Item](0)
        self._pauses = attempts.backoff()
        self._begun = trio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Reward:
        """Return the next reward; a cancelled call loses none.

        Raises:
            Denied: The server refuses this player; no reconnect can succeed.
            Unreachable: No hunt server is at the address.
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
        """Wait for the first ``hello`` or refusal."""
        await self._begun.wait()

    async def follow(self) -> None:
        """Listen and reconnect until the stream is over; never raise."""
        async with self._send:
            await self._listen()

    async def _listen(self) -> None:
        while True:
            try:
                await self._source.listen(self._received, self._on_message)
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

    async def _on_message(self, kind: str, what: dict[str, Any]) -> None:
        try:
            await self._take(kind, what)
        except (KeyError, TypeError, msgspec.ValidationError):
            raise WrongServer("the messages are not those of a hunt server") from None

    async def _take(self, kind: str, what: dict[str, Any]) -> None:
        if kind == "reward":
            reward = msgspec.convert(what, Reward)
            position = event_id(self._epoch, reward.seq)
            await self._send.send((position, reward))
            self._received = position
            return
        if kind == "hello":
            self._wait = True
            self._pauses.reset()
            self._epoch = what["epoch"]
            if not what["resumed"]:  # live from here, without a gap
                self.position = self._received = event_id(self._epoch, what["seq"])
            self._begun.set()
        self._notice(kind, what)
