"""The bus between processes: LISTEN and NOTIFY of PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager

import trio

from hunt.bus.link import Link
from hunt.core import live as live_events
from hunt.core import notice as notices
from hunt.core.backoff import Backoff
from hunt.core.events import Notice
from hunt.core.live import Told
from hunt.errors import StoreError
from hunt.logs import FaultLog

#: Channel of commits; its payload is a notice.
LOG = "hunt_log"

#: Channel of changed hunts; its payload is the id of a hunt.
HUNTS = "hunt_hunts"

#: Channel of live events; its payload is made by the function `hunt_live`.
LIVE = "hunt_live"

Listening = Callable[[Sequence[str]], AbstractAsyncContextManager[AsyncIterator[tuple[str, str]]]]

log = FaultLog("hunt.bus")


async def run(
    listening: Listening,
    *,
    own: Callable[[], Collection[str]],
    notice: Callable[[Notice], None],
    live: Callable[[Told], None],
    hunt_changed: Callable[[str], None],
    connected: Callable[[], None],
    jitter: Callable[[], float],
    faults: Counter[str] | None = None,
    link: Link | None = None,
) -> None:
    """Receive notices of all processes until cancelled; reconnect after each failure.

    Args:
        listening: Opens a connection that listens on channels, and yields
            (channel, payload); raises `StoreError` when it is lost.
        own: Returns the names of the processes whose rewards are known without a notice;
            notices of their commits are passed on without rewards.
        notice: Called with the notice of each commit, those of this process included.
        live: Called with each live event of a transaction.
        hunt_changed: Called with the id of each changed hunt.
        connected: Called after each connect; earlier notices are lost, and must be read
            from the tables.
        jitter: Uniform in [0, 1), spreads the reconnects.
        faults: Counts lost connections as ``lost``, and invalid notices as ``odd``.
        link: Its `connected` follows the connection.
    """
    link = Link() if link is None else link
    faults = Counter() if faults is None else faults
    backoff = Backoff(base=0.1, cap=2.0, jitter=jitter)
    while True:
        try:
            async with listening((LOG, HUNTS, LIVE)) as received:
                connected()
                link.connected = True
                backoff.reset()
                async for channel, payload in received:
                    if channel == HUNTS:
                        hunt_changed(payload)
                    elif channel == LIVE:
                        faults["odd"] += not _tell(payload, live)
                    elif not _pass_on(payload, own(), notice):
                        faults["odd"] += 1
        except StoreError as exc:
            link.connected = False
            faults["lost"] += 1
            log.warning("listener reconnecting", error=str(exc))
        await trio.sleep(backoff.next())


def _pass_on(payload: str, own: Collection[str], notice: Callable[[Notice], None]) -> bool:
    """Pass a notice on; return whether it was valid."""
    try:
        parsed = notices.parse(payload, own=own)
    except ValueError:
        # It is from another release, or forged.  The poll of the tail finds the commit.
        log.warning("notice not understood", bytes=len(payload))
        return False
    notice(parsed)
    return True


def _tell(payload: str, live: Callable[[Told], None]) -> bool:
    """Pass a live event on; return whether it was valid."""
    try:
        told = live_events.parse(payload)
    except ValueError:
        log.warning("live event not understood", bytes=len(payload))
        return False
    live(told)
    return True
