"""A log that is replaced by an older one, or by another's."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from hunt.testing.stored_log import StoredLog
from tests.faults.players import HUNT
from tests.faults.registry import fault
from tests.faults.rig import Rig
from tests.support.processes import HUNT as COMMAND
from tests.support.processes import environment


@fault
@asynccontextmanager
async def restore_backup(rig: Rig, *, operator: bool = True) -> AsyncIterator[None]:
    """Take a backup, play on, and restore it, so that some answered clicks are lost.

    Args:
        rig: The run.
        operator: Whether an operator keeps the servers away from the database until the logs
            have begun a new epoch; if not, the servers must notice the loss by themselves.
    """
    backup = rig.folder / "backup"
    await rig.postgres.base_backup(backup)
    yield
    for each in rig.nodes:
        for path in (each.database, each.listening):
            path.refuse = True
            path.reset_all()
    rig.crowd.mark("the backup is restored")
    before = await rig.postgres.books(HUNT)
    await rig.postgres.stop(signal.SIGQUIT)
    rig.postgres.restore(backup)
    await rig.postgres.start()
    after = await rig.postgres.books(HUNT)
    rig.notes["rows gone"] = before.last_seq - after.last_seq
    if operator:
        await new_epoch(rig)
    await begin_again(rig, after, after.epoch)


@fault
@asynccontextmanager
async def failover(rig: Rig, *, operator: bool = True) -> AsyncIterator[None]:
    """Kill the primary while its standby lags behind, and promote the standby.

    If the primary did not wait for it, some answered clicks are lost, and a new epoch
    has to begin.

    Args:
        rig: The run.
        operator: As for `restore_backup`.
    """
    old, new = rig.postgres, rig.standby
    assert new is not None
    await old.stop_sending()
    await trio.sleep(0.5)
    before = max(each.seq or 0 for each in rig.history.attempts(HUNT))
    await old.kill()
    yield
    waits = rig.script.standby == "sync"
    doors = [path for node in rig.nodes for path in node.standby]
    for each in doors:
        each.refuse = not waits
        each.reset_all()
    await new.execute("select pg_promote()")
    rig.postgres = new
    after = await new.books(HUNT)
    rig.notes["answers gone"] = max(before - after.last_seq, 0)
    if not waits:
        if operator:
            await new_epoch(rig)
        await begin_again(rig, after, after.epoch)


async def new_epoch(rig: Rig) -> None:
    """Begin a new epoch, as an operator does after a loss."""
    environ = environment({"HUNT_DATABASE_URL": rig.postgres.conninfo})
    await trio.run_process([*COMMAND, "epoch", "--new"], env=environ, capture_stdout=True)


async def begin_again(rig: Rig, books: StoredLog, before: str) -> None:
    """Let the servers use the database; return once every stream has been reset.

    Earlier answers and events are compared with `books`, not with the new log.

    Args:
        rig: The run.
        books: The present content of the log.
        before: The epoch until now; a new one begins, if it has not begun yet.
    """
    rig.judged_from = len(rig.history.entries)
    rig.known = books.rows
    open_again = trio.current_time()
    for node in rig.nodes:
        for path in (node.database, node.listening, *node.standby):
            path.refuse = False
    with trio.fail_after(20):
        while (epoch := (await rig.postgres.books(HUNT)).epoch) == before:
            await trio.sleep(0.02)
        while any(each.last is None or each.last[0] != epoch for each in rig.listeners):
            await trio.sleep(0.05)
    rig.notes["reset after"] = trio.current_time() - open_again
