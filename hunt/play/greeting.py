"""How an event stream begins: where it stands, and what its client has missed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import trio
from msgspec import Struct

from hunt.core import sse, websocket_messages
from hunt.core.events import Reward
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Milliseconds within which clients that were sent away come back.
RECONNECT_MS = (1000, 5000)

#: Seconds that a client waits for what it has missed, before it is told to come back.
PATIENCE = 3.0

log = FaultLog("hunt.web")


class Greeting(Struct, frozen=True, kw_only=True):
    """How a stream begins, before it becomes bytes of one kind or the other."""

    hunt: str
    epoch: str
    seq: int  #: where the log stands
    resumed: bool
    sent: int  #: seq up to which the client knows the log; only later rewards follow
    reset: str | None = None  #: why it cannot be resumed
    missed: Sequence[Reward] = ()  #: since the client was here, by ascending seq
    ends: bool = False  #: nothing follows: the client shall come back

    @property
    def blocks(self) -> bytes:
        """The first blocks of an event stream."""
        if self.ends:
            return sse.pause(reconnect_ms())
        blocks = [sse.hello(self.hunt, self.epoch, self.seq, self.resumed)]
        if self.reset is not None:
            blocks.append(sse.reset(self.reset))
        blocks += [sse.reward(self.epoch, reward) for reward in self.missed]
        return b"".join(blocks)

    @property
    def messages(self) -> list[str]:
        """The first messages of a socket; none where it ends."""
        if self.ends:
            return []
        first = [websocket_messages.hello(self.hunt, self.epoch, self.seq, self.resumed)]
        if self.reset is not None:
            first.append(websocket_messages.reset(self.reset))
        return first + [websocket_messages.reward(reward) for reward in self.missed]


def hello(engine: Engine, hunt: Hunt, *, reset: str | None = None) -> Greeting:
    """Return the greeting of a client that resumes nothing, or cannot."""
    seq = engine.tail.position(hunt.id)
    return Greeting(hunt=hunt.id, epoch=hunt.epoch, seq=seq, resumed=False, sent=seq, reset=reset)


async def resumed(engine: Engine, hunt: Hunt, player: str, last_event_id: str) -> Greeting:
    """Return the greeting of a client that comes back; its stream must be subscribed already.

    Temporary trouble is no error here, because a browser would give up for good:
    the stream says when to come back, and ends.
    """
    missed: Sequence[Reward] | None = None
    why = f"no answer within {PATIENCE:g} s"
    try:
        after = sse.parse_event_id(last_event_id, hunt.epoch)
        with trio.move_on_after(PATIENCE):
            missed = await _missed(engine, hunt, player, after)
    except ValueError as exc:
        return hello(engine, hunt, reset=str(exc))
    except StoreError as exc:
        why = str(exc)
    if missed is None:
        engine.faults["resume"] += 1
        log.warning("stream not resumed", error=why)
        return Greeting(hunt=hunt.id, epoch=hunt.epoch, seq=0, resumed=False, sent=0, ends=True)
    return Greeting(
        hunt=hunt.id,
        epoch=hunt.epoch,
        seq=engine.tail.position(hunt.id),
        resumed=True,
        sent=missed[-1].seq if missed else after,
        missed=missed,
    )


async def _missed(engine: Engine, hunt: Hunt, player: str, after: int) -> Sequence[Reward]:
    """Return the player's rewards with seq > `after`, which must be of this log.

    Raises:
        ValueError: They cannot be given; with the reason.
        StoreError: They cannot be read now.
    """
    limit = engine.settings.replay_limit
    async with engine.replays:
        if after > engine.tail.position(hunt.id):
            # Perhaps from a process that is ahead of this one; the table knows.
            last = (await engine.log.last()).get(hunt.id, 0)
            if after > last:
                raise ValueError("ahead of the log")
        missed = await engine.log.history(hunt.id, player, after, limit + 1)
    if len(missed) > limit:
        raise ValueError("too far behind")
    return missed


def farewell(reason: str | None) -> bytes:
    """Return the last blocks of a stream that ends for `reason`; none where it was slow."""
    if reason == "drain":
        return sse.drain(reconnect_ms())
    if reason in {"over", "expired"}:
        return sse.pause(reconnect_ms())
    return b""


def reconnect_ms(*, at_least: float = 0.0) -> int:
    """Return when a client shall come back: jittered, so that they do not come at once.

    Args:
        at_least: Seconds, >= 0, before which there is no point.
    """
    return math.ceil(at_least * 1000) + random.randint(*RECONNECT_MS)
