"""Webhooks on a database: from commits to requests, over failures of every kind."""

from __future__ import annotations

import base64
import hmac
import itertools
from collections.abc import AsyncIterator

import pytest
import trio

from hunt.core.key_ring import KeyRing
from hunt.core.webhooks import Answer, Lease
from hunt.store.new_webhook import NewWebhook
from hunt.store.webhook_leases import WebhookLeases
from hunt.store.webhooks import Webhooks as Stored
from hunt.testing.webhook_checks import in_order
from tests.service.webhook_stage import Stage, running, shorter
from tests.store.open_log import opened
from tests.support.processes import until
from tests.support.receiver import Taken, receiving


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as (log, pool), receiving() as receiver:
        yield Stage(log, pool, receiver)


async def test_wins_arrive_in_order_and_signed(stage: Stage) -> None:
    async with running(stage.process()):
        _, secret = await stage.add()
        await stage.win("coin", None, "chest")
        await stage.win(None, "coin")
        await stage.receiver.wait_taken(3)
    taken = stage.receiver.taken
    assert [each.json["type"] for each in taken] == ["reward.granted"] * 3
    assert in_order(stage.receiver.delivered(), await stage.owed()) == []
    first = taken[0]
    assert first.json["data"] | {"id": "", "at": ""} == {
        "hunt": "harbour", "seq": 1, "id": "", "player": "p0", "prize": "coin", "points": 5,
        "at": "", "x": 1.5, "y": 2.5,
    }  # fmt: skip
    assert first.headers["content-type"] == "application/json"
    assert first.headers["webhook-timestamp"] == "1800000000"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{first.id}.1800000000.".encode() + first.body
    expected = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    assert first.headers["webhook-signature"] == f"v1,{expected}"
    assert stage.receiver.connections == 1  # kept alive


async def test_all_clicks_can_be_sent(stage: Stage) -> None:
    async with running(stage.process()):
        await stage.add(events="clicks")
        await stage.win("coin", None)
        await stage.receiver.wait_taken(2)
    assert [each.json["type"] for each in stage.receiver.taken] == [
        "reward.granted", "click.settled",
    ]  # fmt: skip
    assert stage.receiver.taken[1].json["data"]["prize"] is None


async def test_prizes_are_filtered(stage: Stage) -> None:
    async with running(stage.process()):
        await stage.add(prizes=["chest"])
        await stage.win("coin", "chest", "coin", "chest")
        await stage.receiver.wait_taken(2)
    assert [each.seq for each in stage.receiver.taken] == [2, 4]


async def test_endpoint_begins_after_its_creation(stage: Stage) -> None:
    await stage.win("coin")
    async with running(stage.process()):
        await stage.add(from_seq=None)
        await stage.win("coin")
        await stage.receiver.wait_taken(1)
    assert [each.seq for each in stage.receiver.taken] == [2]


async def test_failed_event_is_repeated_before_the_next_one(stage: Stage) -> None:
    async def fail_twice(taken: Taken) -> tuple[int, list[tuple[str, str]], bytes]:
        tries = sum(each.id == taken.id for each in stage.receiver.taken)
        return 503 if taken.seq == 2 and tries < 3 else 200, [], b""

    stage.receiver.respond = fail_twice
    process = stage.process()
    async with running(process):
        await stage.add()
        await stage.win("coin", "coin", "coin")
        await stage.receiver.wait_taken(3)
        await until(lambda: process.attempts.total() == 5)  # it counts an answer after it came
    assert [each.seq for each in stage.receiver.taken] == [1, 2, 2, 2, 3]
    assert in_order(stage.receiver.delivered(), await stage.owed()) == []
    assert process.attempts == {"2xx": 3, "5xx": 2}


async def test_failure_is_recorded_until_the_event_is_delivered(stage: Stage) -> None:
    stage.receiver.status = 500
    async with running(stage.process()):
        await stage.add()
        await stage.win("coin")
        await stage.wait_state("attempts = 1")
        [state] = await stage.stored.states()
        assert (state.last_status, state.last_error) == (500, "the receiver answered 500")
        assert state.holder is None
        assert state.paused_for > 0
        stage.receiver.status = 200
        await stage.wait_state("attempts = 0 and seq = 1 and last_status = 200")
        [state] = await stage.stored.states()
    assert (state.failing_since, state.next_attempt, state.last_error) == (None, None, None)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_is_not_followed(stage: Stage, status: int) -> None:
    async with receiving() as other:

        async def redirect(taken: Taken) -> tuple[int, list[tuple[str, str]], bytes]:
            return status, [("Location", other.url)], b""

        stage.receiver.respond = redirect
        async with running(stage.process()):
            await stage.add()
            await stage.win("coin")
            await stage.wait_state(f"attempts = 1 and last_status = {status}")
        assert other.connections == 0


async def test_gone_stops_the_endpoint(stage: Stage) -> None:
    stage.receiver.status = 410
    async with running(stage.process()):
        id_, _ = await stage.add(patience=1)
        await stage.win("coin", "coin")
        await stage.wait_state("stopped = 'gone' and seq = 0")
        stage.receiver.status = 200
        await stage.stored.change("harbour", id_, {"stopped": None}, actor="root")
        stage.changed()
        await stage.receiver.wait_taken(2)
    assert in_order(stage.receiver.delivered(), await stage.owed()) == []
    assert await stage.stored.dead("harbour", id_, after=0, limit=9) == []


async def test_event_becomes_a_dead_letter_after_the_patience(stage: Stage) -> None:
    async def refuse_first(taken: Taken) -> tuple[int, list[tuple[str, str]], bytes]:
        return 400 if taken.seq == 1 else 200, [], b""

    stage.receiver.respond = refuse_first
    process = stage.process()
    async with running(process):
        id_, _ = await stage.add(patience=1)
        await stage.win("coin", "coin")
        await stage.receiver.wait_taken(1)
        [letter] = await stage.stored.dead("harbour", id_, after=0, limit=9)
        assert (letter.seq, letter.status, letter.replay) == (1, 400, False)
        assert letter.attempts >= 2
        assert process.dead == {"harbour": 1}
        # A replay that fails keeps the dead letter.
        assert await stage.stored.replay_dead("harbour", id_, None, actor="root") == 1
        stage.changed()
        await stage.receiver.wait(lambda: stage.receiver.taken[-1].seq == 1)
        with trio.fail_after(5):
            while (await stage.stored.dead("harbour", id_, after=0, limit=9))[0].replay:
                await trio.sleep(0.05)
        stage.receiver.respond = stage.receiver.plain
        assert await stage.stored.replay_dead("harbour", id_, [1], actor="root") == 1
        stage.changed()
        await stage.receiver.wait_taken(2)
        with trio.fail_after(5):
            while await stage.stored.dead("harbour", id_, after=0, limit=9):
                await trio.sleep(0.05)
    assert in_order(stage.receiver.delivered(), await stage.owed(), dead={1}) == []


async def test_skip_makes_the_blocking_event_a_dead_letter(stage: Stage) -> None:
    stage.receiver.status = 500
    async with running(stage.process()):
        id_, _ = await stage.add()
        await stage.win(None, "coin", "coin")
        await stage.wait_state("attempts = 1")
        stage.receiver.status = 200
        assert await stage.stored.skip("harbour", id_, actor="root") == 2
        stage.changed()
        await stage.receiver.wait_taken(1)
    assert stage.receiver.taken[-1].seq == 3
    [letter] = await stage.stored.dead("harbour", id_, after=0, limit=9)
    assert (letter.seq, letter.status) == (2, 500)


async def test_replay_sends_again_under_the_same_ids(stage: Stage) -> None:
    async with running(stage.process()):
        id_, _ = await stage.add()
        await stage.win("coin", "coin")
        await stage.receiver.wait_taken(2)
        await stage.stored.replay_from("harbour", id_, 1, actor="root")
        stage.changed()
        await stage.receiver.wait(lambda: len(stage.receiver.taken) == 4)
    ids = [each.id for each in stage.receiver.taken]
    assert ids[:2] == ids[2:]
    assert in_order(stage.receiver.delivered(), await stage.owed()) == []


async def test_new_epoch_keeps_the_ids_of_earlier_rows(stage: Stage) -> None:
    await stage.win("coin")
    [(first, _, _)] = await stage.owed()
    await stage.execute("update hunts set epoch = 'k2' where id = 'harbour'")
    await stage.win("coin")
    async with running(stage.process()):
        await stage.add()
        await stage.receiver.wait_taken(2)
    assert [each.id for each in stage.receiver.taken] == [first, "k2-2"]


async def test_one_of_two_processes_delivers(stage: Stage) -> None:
    one, two = stage.process(), stage.process()
    async with running(one, two):
        await stage.add()
        for _ in range(5):
            await stage.win("coin")
            await stage.receiver.wait_taken(len(stage.receiver.taken))
        await stage.receiver.wait_taken(5)
    assert len(stage.receiver.taken) == 5
    assert min(one.attempts["2xx"], two.attempts["2xx"]) == 0


async def test_lease_of_a_dead_process_is_taken_over(stage: Stage) -> None:
    blocked = trio.Event()

    async def block(taken: Taken) -> None:
        blocked.set()
        await trio.sleep_forever()

    stage.receiver.respond = block  # type: ignore[assignment]
    leases = WebhookLeases(stage.pool, lambda: "dead-process")
    await stage.add()
    await stage.win("coin", "coin")
    [lease], _ = await leases.claim()  # and its process dies
    assert lease.holder == "dead-process"
    stage.receiver.respond = stage.receiver.plain
    began = trio.current_time()
    async with running(stage.process()):
        await stage.receiver.wait_taken(2)
    assert 4 < trio.current_time() - began < 9
    assert in_order(stage.receiver.delivered(), await stage.owed()) == []


async def test_holder_that_lost_its_lease_stops(stage: Stage) -> None:
    """The lease is renewed while a receiver is slow; without it, the request is cancelled."""
    started = trio.Event()

    async def slow(taken: Taken) -> None:
        started.set()
        await trio.sleep_forever()

    stage.receiver.respond = slow  # type: ignore[assignment]
    async with running(stage.process()):
        await stage.add()
        await stage.win("coin")
        await started.wait()
        [state] = await stage.stored.states()
        await stage.wait_state("held_until > clock_timestamp() + interval '5.5 seconds'")
        await stage.execute(
            "update webhooks set holder = 'other', held_until = clock_timestamp() + interval '9 s'"
        )
        await stage.receiver.wait(lambda: True)
        assert state.holder != "other"
        with trio.fail_after(5):
            while stage.webhooks[0]._deliveries:
                await trio.sleep(0.05)
    assert len(stage.receiver.taken) == 1
    [state] = await stage.stored.states()
    assert (state.holder, state.seq, state.attempts) == ("other", 0, 0)


async def test_holder_without_a_database_stops_before_its_lease_ends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have the lease by then; both must not send."""
    asked = trio.Event()

    async def never(*args: object, **options: object) -> bool:
        await trio.sleep_forever()
        return False

    async def slow(taken: Taken) -> None:
        asked.set()
        await trio.sleep_forever()

    stage.receiver.respond = slow  # type: ignore[assignment]
    process = stage.process()
    monkeypatch.setattr(process._services.leases, "save", never)
    with shorter(monkeypatch, OWN_LEASE=0.6, SAVE_INTERVAL=0.1):
        async with running(process):
            await stage.add()
            await stage.win("coin")
            await asked.wait()
            assert process._deliveries
            with trio.fail_after(10):
                while process._deliveries:
                    await trio.sleep(0.05)
    assert len(stage.receiver.taken) == 1


async def test_slow_endpoint_does_not_hold_others(stage: Stage) -> None:
    async def never(taken: Taken) -> None:
        await trio.sleep_forever()

    async with receiving() as slow, running(stage.process()):
        slow.respond = never  # type: ignore[assignment]
        await stage.add(url=slow.url)
        await stage.add()
        await stage.win("coin", "coin", "coin")
        await slow.wait(lambda: len(slow.taken) == 1)
        await stage.receiver.wait_taken(3)


async def test_answer_may_take_only_so_long(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.service.webhook_sender.TIMEOUT", 0.3)

    async def never(taken: Taken) -> None:
        await trio.sleep_forever()

    stage.receiver.respond = never  # type: ignore[assignment]
    async with running(stage.process()):
        await stage.add()
        await stage.win("coin")
        await stage.wait_state("attempts = 1 and last_status is null")
        [state] = await stage.stored.states()
    assert state.last_error == "no answer within 0 s"


async def test_position_is_saved_when_the_process_stops(stage: Stage) -> None:
    async def never_the_third(taken: Taken) -> tuple[int, list[tuple[str, str]], bytes] | None:
        if len(stage.receiver.taken) == 3:
            await trio.sleep_forever()
        return await stage.receiver.plain(taken)

    stage.receiver.respond = never_the_third
    async with running(stage.process()):
        await stage.add()
        await stage.win("coin", "coin", "coin")
        # The answers to the first two have arrived.
        await stage.receiver.wait(lambda: len(stage.receiver.taken) == 3)
    [state] = await stage.stored.states()
    assert (state.seq, state.holder) == (2, None)


async def test_lease_is_given_back_when_the_log_is_quiet(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shorter(monkeypatch, LINGER=0.2):
        async with running(stage.process()):
            await stage.add()
            await stage.win("coin")
            await stage.wait_state("seq = 1 and holder is null")
            await stage.win("coin")  # wakes it again
            await stage.receiver.wait_taken(2)


async def test_quiet_hunt_costs_no_statement(stage: Stage) -> None:
    process = stage.process()
    looks = 0
    claim = process._claim

    async def counted() -> object:
        nonlocal looks
        looks += 1
        return await claim()

    process._claim = counted  # type: ignore[assignment]
    async with running(process):
        with trio.fail_after(5):
            while looks == 0 or process._look.is_set():
                await trio.lowlevel.checkpoint()
        await stage.win("coin")
        assert not process._look.is_set()
        assert looks == 1


async def test_click_during_a_look_is_not_missed(stage: Stage) -> None:
    process = stage.process()
    await stage.add()
    claim, looks = process._claim, itertools.count()

    async def with_click() -> object:
        found = await claim()
        if next(looks) == 0:
            await stage.win("coin")  # the states in `found` do not know it
        return found

    process._claim = with_click  # type: ignore[assignment]
    async with running(process):
        await stage.receiver.wait_taken(1, seconds=10)


async def test_unknown_key_of_a_secret_is_reported(stage: Stage) -> None:
    other = Stored(stage.pool, KeyRing([("two", bytes(32))]))
    async with running(stage.process()):
        await other.create("harbour", NewWebhook(url=stage.receiver.url, from_seq=1), actor="root")
        await stage.win("coin")
        stage.changed()
        await stage.wait_state("attempts = 1")
        [state] = await stage.stored.states()
    assert "lacks the key 'two'" in str(state.last_error)
    assert stage.receiver.connections == 0


async def test_lost_database_does_not_end_the_service(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = stage.process()
    await stage.add()
    async with running(process):
        await stage.win("coin")
        await stage.receiver.wait_taken(1)
        await stage.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
            " and datname = current_database()"
        )
        await stage.win("coin")
        await stage.receiver.wait_taken(2, seconds=30)
    assert in_order(stage.receiver.delivered(), await stage.owed()) == []


def test_lease_and_answer_are_plain_values() -> None:
    assert Answer(204, None, 0.1).delivered
    assert not Answer(304, None, 0.1).delivered
    assert Answer(None, "x", 0.1).result == "none"
    assert "secrets" in Lease.__struct_fields__
