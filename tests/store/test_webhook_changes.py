"""Endpoints that follow the changes of the states of rewards, in the database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as altered

from hunt.core.log_event import EventFilter
from hunt.errors import InvalidRequest
from hunt.store import event_pages
from hunt.store.change_events import ChangeEvents
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from hunt.store.players import Players
from hunt.store.reward_states import RewardStates
from hunt.store.webhooks import Webhooks
from tests.store.open_log import click, opened
from tests.store.test_reward_states import ASKS, FORM
from tests.store.test_webhooks import FAILED, GOOD, RING, execute, leases
from tests.store.test_webhooks import NEW as REWARDS

NEW = altered(REWARDS, log="changes")
ALL = EventFilter()


async def sent(log: Log, pool: Pool, *prizes: str, hunt: str = "harbour") -> None:
    """Win prizes, and mark them as sent one by one."""
    for outcome in await log.append(hunt, [click(prize=each) for each in prizes]):
        seq = outcome.reward.seq  # type: ignore[union-attr]
        await RewardStates(pool).change(hunt, "sent", actor="post", seqs=[seq])


async def second_hunt(pool: Pool) -> None:
    await Hunts(pool).apply(replace(ASKS, id="river"), seed=b"r" * 32, actor="test")
    await Hunts(pool).open("river")


async def test_changes_are_read_in_the_order_of_their_numbers(database: str) -> None:
    async with opened(database, ASKS) as (log, pool):
        await log.append("harbour", [click("ada", "voucher"), click("bob", "coin")])
        states = RewardStates(pool)
        await states.change("harbour", "void", actor="root", seqs=[2], reason="twice")
        await states.claim("harbour", "ada", 1, FORM, b"sealed")
        await states.change("harbour", "sent", actor="root", seqs=[1])
        page = ChangeEvents(pool).page
        events, reached, more = await page("harbour", ALL, after=0, limit=9)
        assert (reached, more) == (3, False)
        assert [
            (each.number, each.seq, each.player, each.prize, each.state, each.reason, each.type)
            for each in events
        ] == [
            (1, 2, "bob", "coin", "void", "twice", "reward.void"),
            (2, 1, "ada", "voucher", "claimed", None, "reward.claimed"),
            (3, 1, "ada", "voucher", "sent", None, "reward.sent"),
        ]
        only = EventFilter("wins", ("coin",))
        assert (await page("harbour", only, after=0, limit=9))[0] == events[:1]
        assert await ChangeEvents(pool).following("harbour", only, after=1) is None
        assert await ChangeEvents(pool).following("harbour", ALL, after=1) == 2
        assert (await page("harbour", ALL, after=1, upto=2, limit=9)) == (events[1:2], 2, False)
        assert (await page("harbour", ALL, after=0, limit=2)) == (events[:2], 2, True)
        assert await page("harbour", ALL, after=3, limit=9) == ([], 3, False)
        assert await page("nowhere", ALL, after=0, limit=9) == ([], 0, False)


async def test_page_of_changes_reads_a_bounded_range(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_pages, "RANGE", 2)
    async with opened(database) as (log, pool):
        await sent(log, pool, "coin", "coin", "chest")
        page, chests = ChangeEvents(pool).page, EventFilter("wins", ("chest",))
        assert await page("harbour", chests, after=0, limit=9) == ([], 2, True)
        events, reached, more = await page("harbour", chests, after=2, limit=9)
        assert ([each.number for each in events], reached, more) == ([3], 3, False)


async def test_changes_of_other_hunts_are_left_out(database: str) -> None:
    async with opened(database) as (log, pool):
        await second_hunt(pool)
        await sent(log, pool, "coin", "coin")
        await sent(log, pool, "coin", hunt="river")
        for hunt, count in (("harbour", 2), ("river", 1)):
            events, _, _ = await ChangeEvents(pool).page(hunt, ALL, after=0, limit=9)
            assert [each.number for each in events] == list(range(1, count + 1))
            await Webhooks(pool, RING).create(hunt, NEW, actor="root")
            await Webhooks(pool, RING).create(hunt, altered(NEW, from_seq=None), actor="root")
        one, first, two, second = await Webhooks(pool, RING).states()
        assert (one.behind, two.behind) == (2, 1)
        assert (first.seq, second.seq) == (2, 1)
        await execute(pool, "update reward_changes set at = at - interval '1 hour' where hunt = 1")
        one, _, two, _ = await Webhooks(pool, RING).states()
        assert two.lag < 60 < one.lag


async def test_position_counts_in_the_log_that_is_followed(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        await log.append("harbour", [click(), click(), click()])
        await sent(log, pool, "coin")
        later, _ = await stored.create("harbour", altered(NEW, from_seq=None), actor="root")
        first, _ = await stored.create("harbour", NEW, actor="root")
        beyond, _ = await stored.create("harbour", altered(NEW, from_seq=99), actor="root")
        rewards, _ = await stored.create("harbour", altered(REWARDS, from_seq=None), actor="root")
        found = {each.webhook.id: (each.seq, each.behind) for each in await stored.states()}
        assert found == {later: (1, 0), first: (0, 1), beyond: (1, 0), rewards: (4, 0)}
        assert {each.webhook.id: each.webhook.log for each in await stored.states()} == {
            later: "changes", first: "changes", beyond: "changes", rewards: "rewards",
        }  # fmt: skip
        [lease], _ = await leases(pool).claim()
        assert (lease.webhook.id, lease.webhook.log, lease.seq) == (first, "changes", 0)
        await leases(pool).save(lease, 1, GOOD, keep=False)
        await log.append("harbour", [click(prize="coin")])  # is no change
        [lease], _ = await leases(pool).claim()
        assert lease.webhook.id == rewards
        with pytest.raises(InvalidRequest):
            await stored.replay_from("harbour", first, 3, actor="root")
        await stored.replay_from("harbour", first, 1, actor="root")
        [lease], _ = await leases(pool).claim()
        assert (lease.webhook.id, lease.seq) == (first, 0)


async def test_lag_is_the_age_of_the_first_change_that_waits(database: str) -> None:
    async with opened(database) as (log, pool):
        await Webhooks(pool, RING).create("harbour", NEW, actor="root")
        await sent(log, pool, "coin", "coin", "coin")
        await execute(pool, "update reward_changes set at = at - interval '1 h' where number = 2")
        await execute(pool, "update rewards set at = at - interval '1 day'")
        for seq, behind, old in ((0, 3, False), (1, 2, True), (2, 1, False), (3, 0, False)):
            await execute(pool, f"update webhooks set seq = {seq}")
            [state] = await Webhooks(pool, RING).states()
            assert (state.behind, state.lag > 3000) == (behind, old)
            assert state.lag < 4000
        assert state.lag == 0


async def test_endpoint_of_changes_has_no_clicks(database: str) -> None:
    async with opened(database) as (_, pool):
        stored = Webhooks(pool, RING)
        with pytest.raises(InvalidRequest) as refused:
            await stored.create("harbour", altered(NEW, events="clicks"), actor="root")
        assert set(refused.value.errors) == {"events"}
        id_, _ = await stored.create("harbour", NEW, actor="root")
        with pytest.raises(InvalidRequest):
            await stored.change("harbour", id_, {"events": "clicks"}, actor="root")
        await stored.change("harbour", id_, {"events": "wins", "patience": 99}, actor="root")


async def test_skip_makes_the_change_that_blocks_a_dead_letter(database: str) -> None:
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        chests = altered(NEW, prizes=["chest"])
        id_, _ = await stored.create("harbour", chests, actor="root")
        await log.append("harbour", [click(), click(), click()])
        await sent(log, pool, "coin", "chest", "chest")
        [lease], _ = await leases(pool).claim()
        await leases(pool).failed(lease, 1, FAILED, event=2, pause=60.0)
        assert await stored.skip("harbour", id_, actor="root") == 2
        [dead] = await stored.dead("harbour", id_, after=0, limit=9)
        [state] = await stored.states()
        assert (dead.seq, state.seq, state.behind) == (2, 2, 1)


async def test_server_of_an_earlier_release_takes_no_lease_of_changes(database: str) -> None:
    """Its statement does not name the log; it would send rewards to the endpoint."""
    claim = """
        update webhooks w set holder = %s, held_until = clock_timestamp() + interval '6 s'
          from hunts h where h.number = w.hunt and w.seq < h.last_seq returning w.id
    """
    async with opened(database) as (log, pool):
        stored = Webhooks(pool, RING)
        rewards, _ = await stored.create("harbour", REWARDS, actor="root")
        changes, _ = await stored.create("harbour", NEW, actor="root")
        await sent(log, pool, "coin")

        async def taken_by_earlier_release() -> list[int]:
            async with pool.connection() as conn:
                rows = await (await conn.execute(claim, ("0123456789abcdef-1",))).fetchall()
            return [id_ for (id_,) in rows]

        assert await taken_by_earlier_release() == [rewards]
        [lease], _ = await leases(pool).claim()
        assert lease.webhook.id == changes
        await execute(pool, "update webhooks set held_until = now() - interval '1 s'")
        assert await taken_by_earlier_release() == [rewards]
        assert await leases(pool).save(lease, 0)
        assert await leases(pool).save(lease, 1, keep=False)
        assert (await stored.get("harbour", changes)).holder is None


async def test_number_that_is_used_again_gives_another_id(database: str) -> None:
    """A restore may lose changes alone: then the log of rewards keeps its epoch."""
    async with opened(database) as (log, pool):
        page = ChangeEvents(pool).page
        await sent(log, pool, "coin", "coin")
        [first, lost], _, _ = await page("harbour", ALL, after=0, limit=9)
        await execute(pool, "delete from reward_changes where number = 2")
        await execute(pool, "update reward_changes_upto set number = 1")
        await RewardStates(pool).change("harbour", "void", actor="a", seqs=[2], reason="lost")
        [same, other], _, _ = await page("harbour", ALL, after=0, limit=9)
        assert same == first
        assert same.event_id == first.event_id
        assert (other.number, lost.number) == (2, 2)
        assert other.event_id != lost.event_id
        await Hunts(pool).new_epochs()
        again, _, _ = await page("harbour", ALL, after=0, limit=9)
        assert [each.event_id for each in again] == [same.event_id, other.event_id]


async def test_erased_player_has_the_random_name_in_changes(database: str) -> None:
    async with opened(database) as (log, pool):
        await sent(log, pool, "coin")
        pseudonym, _ = await Players(pool).erase("ada", actor="root")
        [event], _, _ = await ChangeEvents(pool).page("harbour", ALL, after=0, limit=9)
        assert event.player == pseudonym
