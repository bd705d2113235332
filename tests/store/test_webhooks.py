"""Endpoints of webhooks, their leases, and the epochs of logs, in the database."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import trio

from hunt.core.key_ring import KeyRing
from hunt.core.log_event import EventFilter
from hunt.core.webhooks import Answer
from hunt.errors import HuntNotFound, InvalidRequest, WebhookNotFound, WrongState
from hunt.store import event_pages, new_webhook
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.log_events import LogEvents
from hunt.store.new_webhook import NewWebhook
from hunt.store.players import Players
from hunt.store.webhook_leases import WebhookLeases
from hunt.store.webhook_secrets import open_secrets
from hunt.store.webhooks import Webhooks
from tests.store.open_log import click, opened
from tests.store.test_state_changes import wait_waiting

RING = KeyRing([("one", bytes(32))])
NEW = NewWebhook(url="https://shop.example/", from_seq=1)
FAILED = Answer(500, "the receiver answered 500", 0.1)
GOOD = Answer(200, None, 0.1)
NUMBERS = itertools.count()


def leases(pool: Pool) -> WebhookLeases:
    return WebhookLeases(pool, lambda: f"holder-{next(NUMBERS)}")


async def execute(pool: Pool, statement: str) -> list[Any]:
    async with pool.connection() as conn:
        cursor = await conn.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


async def test_lease_is_taken_once_and_only_with_work(database: str) -> None:
    async with opened(database) as (log, pool):
        id_, _ = await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        assert (await leases(pool).claim())[0] == []
        await log.append("harbour", [click(prize="coin")])
        [lease], [state] = await leases(pool).claim()
        assert (lease.webhook.id, lease.seq, state.holder) == (id_, 0, lease.holder)
        assert 5 < state.held_for <= 6
        assert (await leases(pool).claim())[0] == []


async def test_lost_lease_saves_nothing(database: str) -> None:
    async with opened(database) as (log, pool):
        await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        await log.append("harbour", [click(prize="coin"), click(prize="coin")])
        [lease], _ = await leases(pool).claim()
        assert await leases(pool).save(lease, 1, GOOD)
        await execute(pool, "update webhooks set holder = 'other'")
        assert not await leases(pool).save(lease, 2, GOOD)
        assert not await leases(pool).failed(lease, 2, FAILED, event=2, pause=1.0)
        [state] = await Webhooks(pool, RING).states()
        assert (state.seq, state.attempts, state.holder) == (1, 0, "other")


async def test_position_that_moves_ends_the_failures(database: str) -> None:
    async with opened(database) as (log, pool):
        await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        await log.append("harbour", [click(prize="coin"), click(prize="coin")])
        for expected in (1, 2):
            [lease], _ = await leases(pool).claim()
            assert lease.attempts == expected - 1
            await leases(pool).failed(lease, 0, FAILED, event=1, pause=0.0)
            [state] = await Webhooks(pool, RING).states()
            assert (state.attempts, state.last_error) == (expected, FAILED.error)
        [lease], _ = await leases(pool).claim()
        # The first event was delivered in this lease, and the second one fails.
        await leases(pool).failed(lease, 1, FAILED, event=2, pause=0.0)
        [state] = await Webhooks(pool, RING).states()
        assert (state.seq, state.attempts) == (1, 1)
        assert state.failing_for < 5


async def test_deleted_hunt_takes_its_webhooks_along(database: str) -> None:
    async with opened(database, state="draft") as (_, pool):
        await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        await execute(pool, "update hunts set epoch = 'k9'")
        await Hunts(pool).delete("harbour")
        for table in ("webhooks", "webhook_secrets", "log_epochs"):
            assert await execute(pool, f"select 1 from {table}") == []


async def test_new_epoch_is_recorded_and_ends_leases(database: str) -> None:
    async with opened(database) as (log, pool):
        await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        await log.append("harbour", [click(prize="coin"), click(prize="coin")])
        await leases(pool).claim()
        [(before,)] = await execute(pool, "select epoch from hunts")
        after = (await Hunts(pool).new_epochs())["harbour"]
        assert await execute(pool, "select epoch, upto from log_epochs") == [(before, 2)]
        [state] = await Webhooks(pool, RING).states()
        assert state.holder is None
        await log.append("harbour", [click(prize="coin")])
        events, _, _ = await LogEvents(pool).page("harbour", EventFilter(), after=0, limit=9)
        assert [each.epoch for each in events] == [before, before, after]
        assert await LogEvents(pool).ends("harbour", before) == (after, 3, 2)
        assert await LogEvents(pool).ends("harbour", after) == (after, 3, 3)
        assert await LogEvents(pool).ends("harbour", "zz") == (after, 3, None)


async def test_page_reads_a_bounded_range(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_pages, "RANGE", 2)
    async with opened(database) as (log, pool):
        await log.append("harbour", [click(prize=each) for each in (None, None, "coin")])
        page = LogEvents(pool).page
        assert await page("harbour", EventFilter(), after=0, limit=9) == ([], 2, True)
        events, reached, more = await page("harbour", EventFilter(), after=2, limit=9)
        assert ([each.seq for each in events], reached, more) == ([3], 3, False)
        assert await page("harbour", EventFilter(), after=3, limit=9) == ([], 3, False)
        assert await page("nowhere", EventFilter(), after=0, limit=9) == ([], 0, False)
        with pytest.raises(HuntNotFound):
            await LogEvents(pool).ends("nowhere")


async def test_erased_player_has_the_random_name_in_events(database: str) -> None:
    async with opened(database) as (log, pool):
        await log.append("harbour", [click("ada", "coin")])
        pseudonym, _ = await Players(pool).erase("ada", actor="root")
        [event], _, _ = await LogEvents(pool).page("harbour", EventFilter(), after=0, limit=9)
        assert event.player == pseudonym


async def test_secrets_are_sealed_for_their_endpoint(database: str) -> None:
    async with opened(database) as (_, pool):
        stored = Webhooks(pool, RING)
        one, secret = await stored.create("harbour", NEW, actor="root")
        two, _ = await stored.create("harbour", NEW, actor="root")
        rows = await execute(pool, "select sealed from webhook_secrets order by webhook")
        assert secret.encode() not in bytes(rows[0][0])
        assert open_secrets(RING, "harbour", one, [bytes(rows[0][0])]) == [secret]
        with pytest.raises(Exception, match="damaged, or belongs to another row"):
            open_secrets(RING, "harbour", two, [bytes(rows[0][0])])
        assert secret not in str(await execute(pool, "select * from audit"))


async def test_expired_secret_signs_no_longer(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        id_, first = await stored.create("harbour", NEW, actor="root")
        second = await stored.rotate("harbour", id_, keep=60, actor="root")
        assert await stored.secrets("harbour", id_) == [second, first]
        third = await stored.rotate("harbour", id_, keep=0, actor="root")
        assert await stored.secrets("harbour", id_) == [third, first]
        await log.append("harbour", [click(prize="coin")])
        [lease], _ = await leases(pool).claim()
        assert open_secrets(RING, "harbour", id_, lease.secrets) == [third, first]
        assert await leases(pool).save(lease, 0, keep=False)
        await execute(pool, "update webhook_secrets set expires_at = now() where number = 1")
        assert await stored.secrets("harbour", id_) == [third]
        [lease], _ = await leases(pool).claim()
        assert open_secrets(RING, "harbour", id_, lease.secrets) == [third]


async def test_webhooks_at_once_do_not_exceed_their_number(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_webhook, "MOST_ENDPOINTS", 1)
    refused = trio.Event()

    async def add(pool: Pool) -> None:
        with pytest.raises(WrongState):
            await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        refused.set()

    async with opened(database) as (_, pool), trio.open_nursery() as nursery:
        async with pool.connection() as conn, conn.transaction():
            await new_webhook.insert(conn, "harbour", NEW)
            nursery.start_soon(add, pool)
            await wait_waiting(pool, 1)
            assert not refused.is_set()
        with trio.fail_after(20):
            await refused.wait()


async def test_wrong_acts_are_refused(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        with pytest.raises(HuntNotFound):
            await stored.create("nowhere", NEW, actor="root")
        id_, _ = await stored.create("harbour", NEW, actor="root")
        await log.append("harbour", [click(prize="coin")])
        with pytest.raises(InvalidRequest):
            await stored.replay_from("harbour", id_, 2, actor="root")
        with pytest.raises(WrongState):
            await stored.skip("harbour", id_, actor="root")
        for act in (stored.remove, stored.skip):
            with pytest.raises(WebhookNotFound):
                await act("harbour", id_ + 1, actor="root")
