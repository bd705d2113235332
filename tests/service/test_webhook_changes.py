"""Webhooks that follow the changes of the states of rewards, on a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
import trio
import trio.testing

from hunt.core.definition import Prize
from hunt.service import webhooks
from hunt.store.bans import NewBan, StoredBans
from hunt.store.change_events import ChangeEvents
from hunt.store.reward_states import RewardStates
from hunt.store.webhook_leases import WebhookLeases
from hunt.testing.webhook_checks import in_order
from tests.service.webhook_stage import Stage, running, shorter
from tests.store.open_log import click, opened
from tests.store.test_reward_states import ASKS, FORM
from tests.support.processes import until
from tests.support.receiver import Taken, receiving

#: The prize of most tests, and one that asks for a claim.
DEFINITION = replace(ASKS, prizes=(Prize("coin", "Coin", 5, 0.5, 1000, None), ASKS.prizes[1]))

Response = tuple[int, list[tuple[str, str]], bytes]


class Changes(Stage):
    """A hunt with an endpoint that follows the changes."""

    followed = ChangeEvents

    async def add(self, **fields: object) -> tuple[int, str]:
        return await super().add(**({"log": "changes"} | fields))

    async def add_idle(self, process: webhooks.Webhooks) -> None:
        """Add an endpoint; return when the process waits for changes of two rewards."""
        await self.add()
        await self.win("coin", "coin")
        await until(lambda: process._idle)

    async def send(self, *seqs: int) -> None:
        """Mark rewards as sent, one by one."""
        for seq in seqs:
            states = RewardStates(self.pool)
            await states.change("harbour", "sent", actor="post", seqs=[seq])
        self.rewards_changed()

    def rewards_changed(self) -> None:
        for each in self.webhooks:
            each.rewards_changed("harbour")

    async def violations(self, dead: Sequence[int] = ()) -> object:
        return in_order(self.receiver.delivered(), await self.owed(), dead)


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Changes]:
    async with opened(database, DEFINITION) as (log, pool), receiving() as receiver:
        yield Changes(log, pool, receiver)


async def test_changes_arrive_in_order_and_without_the_claim(stage: Changes) -> None:
    async with running(stage.process()):
        await stage.add()
        await stage.log.append("harbour", [click("ada", "voucher"), click("bob", "coin")])
        states = RewardStates(stage.pool)
        await states.claim("harbour", "ada", 1, FORM, b"ada@example.org")
        await states.change("harbour", "void", actor="root", seqs=[2], reason="a second account")
        await stage.send(1)
        await stage.receiver.wait_taken(3)
    assert await stage.violations() == []
    assert [each.json["type"] for each in stage.receiver.taken] == [
        "reward.claimed", "reward.void", "reward.sent",
    ]  # fmt: skip
    second = stage.receiver.taken[1].json
    assert second["data"] | {"id": "", "at": ""} == {
        "hunt": "harbour", "number": 2, "seq": 2, "id": "", "player": "bob", "prize": "coin",
        "points": 5, "state": "void", "at": "", "reason": "a second account",
    }  # fmt: skip
    assert second["timestamp"] == second["data"]["at"]
    assert all(each.id.endswith(f"-c{each.seq}") for each in stage.receiver.taken)
    assert not any(b"example.org" in each.body for each in stage.receiver.taken)


async def test_each_endpoint_gets_the_events_of_its_log(stage: Changes) -> None:
    async with receiving() as other, running(stage.process()):
        await stage.add()
        await stage.add(log="rewards", url=other.url)
        await stage.win("coin", "coin", None)
        await other.wait_taken(2)
        assert stage.receiver.taken == []
        await stage.send(2, 1)
        await stage.receiver.wait_taken(2)
        assert [each.json["type"] for each in other.taken] == ["reward.granted"] * 2
    assert [each.json["data"]["seq"] for each in stage.receiver.taken] == [2, 1]
    assert await stage.violations() == []


async def test_changes_are_filtered_by_prize(stage: Changes) -> None:
    async with running(stage.process()):
        await stage.add(prizes=["chest"])
        await stage.win("coin", "chest", "coin", "chest")
        await stage.send(4, 3, 2, 1)
        await stage.receiver.wait_taken(2)
    assert [each.seq for each in stage.receiver.taken] == [1, 3]


async def test_ban_that_voids_many_rewards_sends_an_event_for_each(stage: Changes) -> None:
    async with running(stage.process()):
        await stage.add()
        await stage.log.append("harbour", [click("eve", "coin") for _ in range(450)])
        await StoredBans(stage.pool).void(NewBan(player="eve", reason="a program"), actor="root")
        stage.rewards_changed()
        await stage.receiver.wait_taken(450, seconds=60)
    assert await stage.violations() == []
    assert {each.json["data"]["reason"] for each in stage.receiver.taken} == {"a program"}


async def test_failed_change_is_repeated_under_its_id_before_the_next_one(stage: Changes) -> None:
    async def fail_twice(taken: Taken) -> Response:
        tries = sum(each.id == taken.id for each in stage.receiver.taken)
        return 503 if taken.seq == 2 and tries < 3 else 200, [], b""

    stage.receiver.respond = fail_twice
    async with running(stage.process()):
        await stage.add()
        await stage.win("coin", "coin", "coin")
        await stage.send(1, 2, 3)
        await stage.receiver.wait_taken(3)
    assert [each.seq for each in stage.receiver.taken] == [1, 2, 2, 2, 3]
    assert await stage.violations() == []


async def test_deliverer_of_changes_is_taken_over(stage: Changes) -> None:
    await stage.add()
    await stage.win("coin", "coin")
    await stage.send(1, 2)
    leases = WebhookLeases(stage.pool, lambda: "dead-process")
    [lease], _ = await leases.claim()  # and its process dies
    assert lease.holder == "dead-process changes"
    began = trio.current_time()
    async with running(stage.process()):
        await stage.receiver.wait_taken(2)
    assert 4 < trio.current_time() - began < 9
    assert await stage.violations() == []


async def test_dead_change_is_replayed(stage: Changes) -> None:
    async def refuse_first(taken: Taken) -> Response:
        return 400 if taken.seq == 1 else 200, [], b""

    stage.receiver.respond = refuse_first
    async with running(stage.process()):
        id_, _ = await stage.add(patience=1)
        await stage.win("coin", None, "coin")
        await stage.send(3, 1)
        await stage.receiver.wait_taken(1)
        [letter] = await stage.stored.dead("harbour", id_, after=0, limit=9)
        assert (letter.seq, letter.status) == (1, 400)
        stage.receiver.respond = stage.receiver.plain
        assert await stage.stored.replay_dead("harbour", id_, None, actor="root") == 1
        stage.changed()
        await stage.receiver.wait_taken(2)
        with trio.fail_after(5):
            while await stage.stored.dead("harbour", id_, after=0, limit=9):
                await trio.sleep(0.05)
    assert await stage.violations(dead=[1]) == []


async def test_replay_of_changes_has_the_same_ids(stage: Changes) -> None:
    async with running(stage.process()):
        id_, _ = await stage.add()
        await stage.win("coin", "coin")
        await stage.send(2, 1)
        await stage.receiver.wait_taken(2)
        await stage.stored.replay_from("harbour", id_, 1, actor="root")
        stage.changed()
        await stage.receiver.wait(lambda: len(stage.receiver.taken) == 4)
    ids = [each.id for each in stage.receiver.taken]
    assert ids[:2] == ids[2:]


async def test_change_after_a_restore_has_an_id_of_its_own(stage: Changes) -> None:
    async with running(stage.process()):
        await stage.add()
        await stage.win("coin", "coin")
        await stage.send(1)
        await stage.receiver.wait_taken(1)
        await stage.wait_state("seq = 1")
        await stage.send(2)
        await stage.receiver.wait_taken(2)
    # The backup is older than the second change, and than its delivery.
    await stage.execute("delete from reward_changes where number = 2")
    await stage.execute("update reward_changes_upto set number = 1")
    await stage.execute("update webhooks set seq = 1, holder = null, held_until = null")
    async with running(stage.process()):
        await RewardStates(stage.pool).change(
            "harbour", "void", actor="root", seqs=[2], reason="lost"
        )
        stage.rewards_changed()
        await stage.receiver.wait_taken(3)
    one, two, three = stage.receiver.taken
    assert [each.seq for each in (one, two, three)] == [1, 2, 2]
    assert [each.json["type"] for each in (two, three)] == ["reward.sent", "reward.void"]
    assert two.id != three.id


async def test_change_wakes_an_idle_and_a_waiting_deliverer(
    stage: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_CHANGES", 1000.0)
    process = stage.process()
    async with running(process):
        await stage.add_idle(process)
        await stage.send(1)
        await stage.receiver.wait_taken(1, seconds=5)
        await trio.testing.wait_all_tasks_blocked(0.3)
        assert process._deliveries  # it waits for more
        await stage.send(2)
        await stage.receiver.wait_taken(2, seconds=5)


async def test_change_whose_notice_was_lost_is_found(
    stage: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_CHANGES", 0.3)
    process = stage.process()
    async with running(process):
        await stage.add_idle(process)
        states = RewardStates(stage.pool)
        await states.change("harbour", "sent", actor="post", seqs=[1])
        await stage.receiver.wait_taken(1, seconds=10)
        await stage.wait_state("seq = 1")
        assert process._deliveries  # it waits for more
        await states.change("harbour", "sent", actor="post", seqs=[2])
        await stage.receiver.wait_taken(2, seconds=10)


async def test_reward_wakes_no_deliverer_of_changes(
    stage: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_CHANGES", 1000.0)
    process = stage.process()
    async with running(process):
        await stage.add()
        await until(lambda: process._idle)
        process._look = trio.Event()
        await stage.win("coin")
        assert process._idle == {("harbour", "changes")}
        assert not process._look.is_set()


async def test_lag_counts_changes(stage: Changes) -> None:
    stage.receiver.status = 500
    process = stage.process()
    async with running(process):
        id_, _ = await stage.add()
        await stage.win(*["coin"] * 5)
        await stage.send(1, 2)
        await stage.wait_state("attempts > 0")
        with trio.fail_after(10):
            while process.lag(id_, 5)[0] != 2:
                await trio.sleep(0.05)
        assert process.lag(id_, 5)[1] > 0
        stage.receiver.status = 200
        await stage.receiver.wait_taken(2)
        await stage.wait_state("seq = 2")
        assert process._deliveries
        assert process.lag(id_, 5)[0] == 0


async def test_position_is_given_back_when_the_changes_are_quiet(
    stage: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shorter(monkeypatch, LINGER=0.2):
        async with running(stage.process()):
            await stage.add()
            await stage.win("coin", "coin")
            await stage.send(1)
            await stage.wait_state("seq = 1 and holder is null")
            await stage.send(2)  # wakes it again
            await stage.receiver.wait_taken(2)
