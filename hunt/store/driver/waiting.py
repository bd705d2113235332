"""psycopg's generators, driven by Trio.

libpq never blocks here: a generator yields the readiness that it needs, and the driver
waits for the socket.  psycopg has drivers for threads and for asyncio; this is one for Trio.
"""

from __future__ import annotations

from typing import TypeVar

import psycopg
import trio
from psycopg.abc import PQGen, PQGenConn
from psycopg.waiting import Ready, Wait

RV = TypeVar("RV")


async def drive(gen: PQGen[RV], fd: int) -> RV:
    """Run a generator of psycopg, waiting for the readiness of `fd` that it yields."""
    waited = False
    try:
        wanted = next(gen)
        while True:
            ready = await _wait(fd, wanted)
            waited = True
            wanted = gen.send(ready)
    except StopIteration as stop:
        result: RV = stop.value
        if not waited:  # it must still be a checkpoint; another one costs a turn of the loop
            await trio.lowlevel.cancel_shielded_checkpoint()
        return result


async def drive_connect(gen: PQGenConn[RV]) -> RV:
    """Run a generator of psycopg that also yields its descriptor, which may change."""
    try:
        fd, wanted = next(gen)
        while True:
            fd, wanted = gen.send(await _wait(fd, wanted))
    except StopIteration as stop:
        result: RV = stop.value
        return result
    except (OSError, trio.ClosedResourceError) as exc:
        raise psycopg.OperationalError(f"the connection is lost: {exc}") from exc
    finally:
        gen.close()


async def _wait(fd: int, wanted: Wait) -> Ready:
    """Wait until `fd` is ready as wanted; return the readiness."""
    if wanted == Wait.R:
        await trio.lowlevel.wait_readable(fd)
        return Ready.R
    if wanted == Wait.W:
        await trio.lowlevel.wait_writable(fd)
        return Ready.W
    ready = 0
    async with trio.open_nursery() as nursery:

        async def readable() -> None:
            nonlocal ready
            await trio.lowlevel.wait_readable(fd)
            ready |= Ready.R
            nursery.cancel_scope.cancel()

        async def writable() -> None:
            nonlocal ready
            await trio.lowlevel.wait_writable(fd)
            ready |= Ready.W
            nursery.cancel_scope.cancel()

        nursery.start_soon(readable)
        nursery.start_soon(writable)
    return Ready(ready)
