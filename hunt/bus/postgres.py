"""PostgreSQL's LISTEN and NOTIFY as the bus between processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import trio

from hunt.core import notice as notices
from hunt.core.backoff import Backoff
from hunt.core.events import Notice
from hunt.errors import StoreError
from hunt.logs import FaultLog

LOG = "hunt_log"  # payload: a notice
HUNTS = "hunt_hunts"  # payload: the id of a hunt that has changed

Listening = Callable[[Sequence[str]], AbstractAsyncContextManager[AsyncIterator[tuple[str, str]]]]

log = FaultLog("hunt.bus")


async def run(
    listening: Listening,
    *,
    own: str,
    notice: Callable[[Notice], None],
    hunt_changed: Callable[[str], None],
    connected: Callable[[], None],
    jitter: Callable[[], float],
    faults: Counter[str] | None = None,
) -> None:
    """Pass on what the other processes say, until cancelled; reconnects for ever.

    Args:
        listening: Opens a connection that listens to channels, and yields
            (channel, payload); raises `StoreError` when it is lost.
        own: The name of this process, whose rewards are left out of its notices.
        notice: Gets each commit, this process's own among them.
        hunt_changed: Gets the id of each hunt that has changed.
        connected: Called after each connect, once notices come: what was said
            before that is lost, and has to be read from the tables.
        jitter: Uniform in [0, 1), spreads the reconnects.
        faults: Counts under ``lost`` the times that there was no connection, under
            ``odd`` the notices that were not understood.
    """
    faults = Counter() if faults is None else faults
    backoff = Backoff(base=0.1, cap=2.0, jitter=jitter)
    while True:
        try:
            async with listening((LOG, HUNTS)) as received:
                connected()
                backoff.reset()
                async for channel, payload in received:
                    if channel == HUNTS:
                        hunt_changed(payload)
                    elif not _pass_on(payload, own, notice):
                        faults["odd"] += 1
        except StoreError as exc:
            faults["lost"] += 1
            log.warning("listener reconnecting", error=str(exc))
        await trio.sleep(backoff.next())


def _pass_on(payload: str, own: str, notice: Callable[[Notice], None]) -> bool:
    """Return whether it was one."""
    try:
        parsed = notices.parse(payload, own=own)
    except ValueError:
        # Of another release, or forged: the poll finds what it meant.
        log.warning("a notice was not understood", bytes=len(payload))
        return False
    notice(parsed)
    return True
