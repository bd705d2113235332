"""A command does not wait for a database that does not answer."""

from __future__ import annotations

import os
import signal

import pytest
import trio

from hunt.cli import running
from hunt.errors import StoreTimeout
from hunt.store import schema
from hunt.store.driver import limits


async def test_silent_database_times_out(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALL", 0.3)
    async with running.connection_to(database) as conn:
        assert await schema.current(conn) == schema.LATEST
        pid = conn.info.backend_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            with trio.fail_after(20), pytest.raises(StoreTimeout):
                await schema.current(conn)
        finally:
            os.kill(pid, signal.SIGCONT)
