"""The progress of endpoints of webhooks in the database: pauses, dead letters, replays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hunt.core.webhooks import Answer
from hunt.errors import WebhookNotFound
from hunt.store import webhook_leases
from hunt.store.driver.listen import Listener
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.webhooks import Webhooks
from tests.store.open_log import PLAIN, click, opened
from tests.store.test_webhooks import FAILED, GOOD, NEW, RING, execute, leases


async def won(log: Log, count: int, hunt: str = "harbour") -> None:
    await log.append(hunt, [click(prize="coin") for _ in range(count)])


async def second_hunt(pool: Pool) -> None:
    hunts = Hunts(pool)
    await hunts.apply(replace(PLAIN, id="river"), seed=b"r" * 32, actor="test")
    await hunts.open("river")


async def noticed(pool: Pool, received: AsyncIterator[tuple[str, str]]) -> list[str]:
    """Return the notices of hunts up to now; a missing one does not make it wait."""
    await execute(pool, "notify hunt_hunts, 'end'")
    found = []
    while (each := (await anext(received))[1]) != "end":
        found.append(each)
    return found


async def test_every_change_of_an_endpoint_is_notified_and_no_progress(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        id_, _ = await stored.create("harbour", NEW, actor="root")
        await won(log, 1)
        async with Listener(database).listening(("hunt_hunts",)) as received:
            for change in (
                {"url": "https://b.example/"}, {"events": "clicks"}, {"prizes": ["coin"]},
                {"patience": 99}, {"stopped": "operator"},
            ):  # fmt: skip
                await stored.change("harbour", id_, change, actor="root")
                assert await noticed(pool, received) == ["harbour"], change
            await stored.remove("harbour", id_, actor="root")
            assert await noticed(pool, received) == ["harbour"]
            other, _ = await stored.create("harbour", NEW, actor="root")
            assert await noticed(pool, received) == ["harbour"]
            [lease], _ = await leases(pool).claim()
            assert lease.webhook.id == other
            await leases(pool).failed(lease, 0, FAILED, event=1, pause=0.0)
            [lease], _ = await leases(pool).claim()
            assert await leases(pool).save(lease, 1, GOOD)
            assert await noticed(pool, received) == []


async def test_new_epoch_of_one_hunt_leaves_the_leases_of_others(database: str) -> None:
    async with opened(database) as (log, pool):
        await second_hunt(pool)
        stored = Webhooks(pool, RING)
        for hunt in ("harbour", "river"):
            await stored.create(hunt, NEW, actor="root")
            await won(log, 1, hunt)
        await leases(pool).claim()
        await execute(pool, "update hunts set epoch = 'k9' where id = 'river'")
        await execute(pool, "update hunts set epoch = epoch where id = 'harbour'")
        holders = {each.webhook.hunt: each.holder for each in await stored.states()}
        assert holders["river"] is None
        assert holders["harbour"] is not None
        assert await execute(pool, "select count(*) from log_epochs") == [(1,)]


async def test_paused_or_stopped_endpoint_has_no_lease(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        id_, _ = await stored.create("harbour", NEW, actor="root")
        await won(log, 1)
        [lease], _ = await leases(pool).claim()
        assert not await leases(pool).failed(lease, 0, FAILED, event=1, pause=60.0)
        [state] = await stored.states()
        assert 55 < state.paused_for <= 60
        assert state.holder is None
        assert (await leases(pool).claim())[0] == []
        await stored.change("harbour", id_, {"stopped": "operator"}, actor="root")
        assert (await leases(pool).claim())[0] == []
        await stored.change("harbour", id_, {"stopped": None}, actor="root")
        [lease], _ = await leases(pool).claim()  # a change ends the pause
        assert lease.attempts == 1
        await stored.change("harbour", id_, {"patience": 61}, actor="root")
        [state] = await stored.states()
        assert (state.holder, state.held_for, state.attempts) == (None, 0.0, 1)
        assert state.failing_since is not None
        [lease], _ = await leases(pool).claim()
        assert lease.webhook.patience == 61


async def test_one_process_takes_a_bounded_number_of_leases(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_leases, "MOST", 2)
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        ids = [(await stored.create("harbour", NEW, actor="root"))[0] for _ in range(3)]
        await won(log, 1)
        first, states = await leases(pool).claim()
        assert sorted(each.webhook.id for each in first) == ids[:2]
        assert [each.webhook.id for each in states] == ids
        second, _ = await leases(pool).claim()
        assert [each.webhook.id for each in second] == ids[2:]


async def test_lease_has_the_fields_of_its_own_hunt(database: str) -> None:
    async with opened(database) as (log, pool):
        await second_hunt(pool)
        stored = Webhooks(pool, RING)
        ids = {
            hunt: (await stored.create(hunt, NEW, actor="root"))[0] for hunt in ("harbour", "river")
        }
        await won(log, 2)
        await won(log, 1, "river")
        taken, _ = await leases(pool).claim()
        assert {each.webhook.hunt: each.webhook.id for each in taken} == ids
        assert [each.webhook.hunt for each in await stored.states("river")] == ["river"]
        await execute(pool, "update rewards set at = at - interval '1 hour' where seq = 1")
        await execute(pool, "update webhooks set seq = 1 where id = 1")
        one, two = await stored.states()
        assert (one.behind, two.behind) == (1, 1)
        assert one.lag < 60 < two.lag


async def test_saved_position_ends_or_renews_the_lease(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        await stored.create("harbour", NEW, actor="root")
        await won(log, 3)
        [lease], _ = await leases(pool).claim()
        await leases(pool).failed(lease, 0, FAILED, event=1, pause=0.0)
        [lease], _ = await leases(pool).claim()
        await execute(pool, "update webhooks set next_attempt = now() + interval '1 day'")
        assert await leases(pool).save(lease, 0)  # nothing was delivered yet
        [state] = await stored.states()
        assert (state.attempts, state.last_status, state.last_error) == (1, 500, FAILED.error)
        assert state.next_attempt is not None
        assert state.failing_since is not None
        before = state.last_attempt
        await execute(pool, "update webhooks set held_until = now()")
        assert await leases(pool).save(lease, 1, GOOD)
        [state] = await stored.states()
        assert (state.seq, state.attempts, state.failing_since) == (1, 0, None)
        assert (state.next_attempt, state.last_status, state.last_error) == (None, 200, None)
        assert state.last_attempt is not None
        assert before is not None
        assert state.last_attempt > before
        assert state.holder == lease.holder
        assert state.held_for > 5
        assert await leases(pool).save(lease, 2, keep=False)
        [after] = await stored.states()
        assert (after.holder, after.held_for, after.seq) == (None, 0.0, 2)
        assert (after.last_status, after.last_attempt) == (200, state.last_attempt)


async def test_event_that_fails_too_long_becomes_a_dead_letter(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        id_, _ = await stored.create("harbour", NEW, actor="root")
        await won(log, 2)
        for patient in (True, False):
            [lease], _ = await leases(pool).claim()
            if not patient:
                late = "update webhooks set failing_since = failing_since - interval '90 days'"
                await execute(pool, late)
            buried = await leases(pool).failed(lease, 0, FAILED, event=1, pause=0.0)
            assert buried is not patient
        [state] = await stored.states()
        assert (state.seq, state.attempts, state.dead, state.replays) == (1, 0, 1, 0)
        assert (state.failing_since, state.next_attempt) == (None, None)
        [dead] = await stored.dead("harbour", id_, after=0, limit=9)
        assert (dead.seq, dead.attempts, dead.status, dead.error) == (1, 2, 500, FAILED.error)
        await stored.replay_from("harbour", id_, 1, actor="root")
        [lease], _ = await leases(pool).claim()
        assert lease.seq == 0
        await execute(pool, "update webhooks set failing_since = now() - interval '90 days'")
        assert await leases(pool).failed(lease, 0, FAILED, event=1, pause=0.0)
        assert len(await stored.dead("harbour", id_, after=0, limit=9)) == 1


async def test_replay_of_earlier_events_ends_the_failures_of_the_next_one(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        id_, _ = await stored.create("harbour", NEW, actor="root")
        await won(log, 2)
        [lease], _ = await leases(pool).claim()
        assert not await leases(pool).failed(lease, 1, FAILED, event=2, pause=0.0)
        for seq, attempts in ((2, 1), (1, 0)):
            await stored.replay_from("harbour", id_, seq, actor="root")
            [state] = await stored.states()
            assert (state.seq, state.attempts) == (seq - 1, attempts)
            assert (state.failing_since is None) is (attempts == 0)


async def test_receiver_that_is_gone_stops_the_endpoint(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        await stored.create("harbour", NEW, actor="root")
        await won(log, 1)
        [lease], _ = await leases(pool).claim()
        await execute(pool, "update webhooks set failing_since = now() - interval '90 days'")
        gone = Answer(410, "the receiver answered 410", 0.1)
        assert not await leases(pool).failed(lease, 0, gone, event=1, pause=0.0)
        [state] = await stored.states()
        assert (state.stopped, state.dead) == ("gone", 0)


async def buried(pool: Pool, id_: int, *seqs: int) -> None:
    for seq in seqs:
        await execute(
            pool,
            "insert into webhook_dead (webhook, seq, attempts, status, error)"
            f" values ({id_}, {seq}, 3, 500, 'broken')",
        )


async def test_dead_letters_are_sent_again_once_each(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        ids = [(await stored.create("harbour", NEW, actor="root"))[0] for _ in range(2)]
        await won(log, 4)
        await execute(pool, "update webhooks set seq = 4")
        for id_ in ids:
            await buried(pool, id_, 3, 1, 2)
        assert (await leases(pool).claim())[0] == [], "nothing was asked for"
        assert await stored.replay_dead("harbour", ids[0], [1, 3, 99], actor="root") == 2
        one, two = await stored.states()
        assert (one.dead, one.replays, two.dead, two.replays) == (3, 2, 3, 0)
        [lease], _ = await leases(pool).claim()
        assert (lease.webhook.id, lease.replays) == (ids[0], True)
        assert await leases(pool).replays(lease) == [1, 3]
        await leases(pool).replayed(lease, 1, GOOD)
        await leases(pool).replayed(lease, 3, Answer(503, "again", 0.1))
        assert await leases(pool).replays(lease) == []
        found = await stored.dead("harbour", ids[0], after=0, limit=9)
        assert [(each.seq, each.attempts, each.status) for each in found] == [
            (2, 3, 500), (3, 4, 503),
        ]  # fmt: skip
        assert len(await stored.dead("harbour", ids[1], after=0, limit=9)) == 3
        assert await stored.replay_dead("harbour", ids[1], None, actor="root") == 3


async def test_dead_letters_are_listed_in_pages(database: str) -> None:
    async with opened(database) as (_, pool):
        await second_hunt(pool)
        stored = Webhooks(pool, RING)
        id_, _ = await stored.create("harbour", NEW, actor="root")
        other, _ = await stored.create("harbour", NEW, actor="root")
        await buried(pool, id_, 5, 1, 3)
        await buried(pool, other, 2)

        async def page(after: int, limit: int, hunt: str = "harbour") -> list[int]:
            return [each.seq for each in await stored.dead(hunt, id_, after=after, limit=limit)]

        assert await page(0, 2) == [1, 3]
        assert await page(3, 2) == [5]
        assert await page(0, 9, "river") == []


async def test_endpoint_belongs_to_its_hunt(database: str) -> None:
    async with opened(database) as (_, pool):
        await second_hunt(pool)
        stored = Webhooks(pool, RING)
        for _ in range(20):
            await stored.create("harbour", NEW, actor="root")
        other, _ = await stored.create("river", NEW, actor="root")  # its own limit
        with pytest.raises(WebhookNotFound):
            await stored.change("harbour", other, {"patience": 99}, actor="root")
        secret = await stored.rotate("river", other, keep=0, actor="root")
        assert secret in await stored.secrets("river", other)
        assert len(await stored.secrets("harbour", 1)) == 1


async def test_rotation_of_one_endpoint_leaves_the_secrets_of_others(database: str) -> None:
    async with opened(database) as (_, pool):
        stored = Webhooks(pool, RING)
        one, _ = await stored.create("harbour", NEW, actor="root")
        two, _ = await stored.create("harbour", NEW, actor="root")
        await execute(pool, f"update webhook_secrets set expires_at = now() where webhook = {two}")
        await stored.rotate("harbour", one, keep=60, actor="root")
        kept = await execute(pool, f"select number from webhook_secrets where webhook = {two}")
        assert kept == [(1,)]
        await execute(pool, f"update webhook_secrets set expires_at = now() where webhook = {one}")
        await stored.rotate("harbour", one, keep=60, actor="root")
        kept = await execute(pool, f"select number from webhook_secrets where webhook = {one}")
        assert kept == [(3,)]
