"""How an event stream begins: where it stands, and what its client has missed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from msgspec import Struct

from hunt.core import sse
from hunt.core.events import Reward
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Milliseconds within which clients that were sent away come back.
RECONNECT_MS = (1000, 5000)

log = FaultLog("hunt.web")


class Greeting(Struct, frozen=True):
    """The first blocks of a stream."""

    blocks: bytes
    sent: int  #: seq up to which the client knows the log; only later rewards follow
    ends: bool = False  #: nothing follows: the client shall come back


def hello(engine: Engine, hunt: Hunt) -> Greeting:
    """Return the greeting of a client that resumes nothing."""
    seq = engine.tail.position(hunt.id)
    return Greeting(sse.hello(hunt.id, hunt.epoch, seq, resumed=False), seq)


async def resumed(engine: Engine, hunt: Hunt, player: str, last_event_id: str) -> Greeting:
    """Return the greeting of a client that comes back; its stream must be subscribed already.

    Temporary trouble is no error here, because a browser would give up for good:
    the stream says when to come back, and ends.
    """
    try:
        after = sse.parse_event_id(last_event_id, hunt.epoch)
        missed = await _missed(engine, hunt, player, after)
    except ValueError as exc:
        greeting = hello(engine, hunt)
        return Greeting(greeting.blocks + sse.reset(str(exc)), greeting.sent)
    except StoreError as exc:
        engine.faults["resume"] += 1
        log.warning("a stream could not be resumed", error=str(exc))
        return Greeting(sse.pause(reconnect_ms()), 0, ends=True)
    blocks = [sse.hello(hunt.id, hunt.epoch, engine.tail.position(hunt.id), resumed=True)]
    blocks += [sse.reward(hunt.epoch, reward) for reward in missed]
    return Greeting(b"".join(blocks), missed[-1].seq if missed else after)


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
    if reason == "over":
        return sse.pause(reconnect_ms())
    return b""


def reconnect_ms(*, at_least: float = 0.0) -> int:
    """Return when a client shall come back: jittered, so that they do not come at once.

    Args:
        at_least: Seconds, >= 0, before which there is no point.
    """
    return math.ceil(at_least * 1000) + random.randint(*RECONNECT_MS)
