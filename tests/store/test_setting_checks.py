"""Checks of a database by its settings."""

from __future__ import annotations

from hunt.store import setting_checks
from tests.support.connections import connected


async def test_failed_checks_name_the_fault_and_its_cure(database: str) -> None:
    async with connected(database) as conn:
        good = {each.name: each for each in await setting_checks.check(conn)}
        assert all(each.ok for name, each in good.items() if name != "latency")
        await conn.execute("set synchronous_commit = off")
        await conn.execute("set default_transaction_read_only = on")
        bad = {each.name: each for each in await setting_checks.check(conn) if not each.ok}
        assert {"synchronous_commit", "writable"} <= set(bad)
        assert "target_session_attrs" in bad["writable"].cure
