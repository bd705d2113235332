"""Greetings of new and of resumed streams."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core import sse
from hunt.errors import StoreUnavailable
from hunt.play.greeting import HELLO_SIZE, HELLOS_SIZE, PATIENCE, REPLAYS, Greeting
from tests.support.fake_play import World
from tests.support.hunts import HUNTS

#: Event ids that cannot be resumed from, where the log has 5 rows and 3 may be replayed.
RESETS = [
    ("gibberish", "malformed id"),
    ("k0-1", "another epoch"),
    ("k1-9", "ahead of the log"),
    ("k1-1", "too far behind"),
]


def world_with(rows: int) -> World:
    world = World()
    for _ in range(rows):
        world.log.add()
    return world


def test_greeting_of_a_new_stream_tells_the_position_of_the_log() -> None:
    world = world_with(5)
    greeting = world.play.streams.greeter.hello(world.hunts["harbour"])
    assert (greeting.seq, greeting.sent, greeting.resumed, greeting.ends) == (5, 5, False, False)
    assert greeting.blocks.count(b"event: hello") == 1
    assert [each[:9] for each in greeting.messages[:1]] == ['{"hello":']


def test_streams_share_a_greeting_until_the_log_or_the_hunt_changes() -> None:
    world = world_with(5)
    greeter, hunt = world.play.streams.greeter, world.hunts["harbour"]
    first = greeter.hello(hunt)
    assert greeter.hello(hunt) is first
    assert greeter.hello(hunt).blocks is first.blocks
    assert greeter.hello(hunt, reset="gone").blocks != first.blocks
    world.log.add()
    assert [greeter.hello(hunt).seq, greeter.hello(hunt).sent] == [6, 6]
    paused = replace(hunt, state="paused")
    assert b'"paused"' in greeter.hello(paused).blocks
    assert b'"paused"' not in greeter.hello(hunt).blocks


def test_greetings_of_deleted_hunts_do_not_stay() -> None:
    greeter, hunt = World().play.streams.greeter, World().hunts["harbour"]
    most = HELLOS_SIZE // HELLO_SIZE
    assert most == 100
    for number in range(3 * most):
        greeter.hello(replace(hunt, definition=replace(hunt.definition, id=f"hunt-{number}")))
        assert len(greeter._hellos) <= most


async def test_greeting_tells_what_is_now_before_missed_rewards() -> None:
    world = world_with(2)
    paused = replace(world.hunts["harbour"], state="paused", stock_left={"coin": 7})
    greeter = world.play.streams.greeter
    for greeting in (greeter.hello(paused), await greeter.resumed(paused, "ada", "k1-1")):
        kinds = [next(iter(json.loads(each))) for each in greeting.messages]
        assert kinds == ["hello", "state", "stock", *(["reward"] if greeting.resumed else [])]
        assert json.loads(greeting.messages[1])["state"]["state"] == "paused"
        found = sse.Parser().feed(greeting.blocks)
        assert [each.event for each in found if each.event] == kinds
        assert {each.event for each in found if each.id is not None} <= {"reward"}
        assert '{"stock_left":{"coin":7}}' in [each.data for each in found]


async def test_resumed_stream_begins_with_missed_rewards() -> None:
    world = world_with(5)
    world.log.add("bob")
    greeting = await world.play.streams.greeter.resumed(world.hunts["harbour"], "ada", "k1-3")
    assert [each.seq for each in greeting.missed] == [4, 5]
    assert (greeting.seq, greeting.sent, greeting.resumed) == (6, 5, True)
    events = sse.Parser().feed(greeting.blocks)
    assert [each.id for each in events if each.event == "reward"] == ["k1-4", "k1-5"]
    assert world.log.reads == [(3, 4)], "one more than is replayed"
    assert sum(each.startswith('{"reward"') for each in greeting.messages) == 2


async def test_resume_without_missed_rewards_continues_after_the_given_id() -> None:
    world = world_with(5)
    greeting = await world.play.streams.greeter.resumed(world.hunts["harbour"], "ada", "k1-5")
    assert (greeting.missed, greeting.sent, greeting.resumed) == ([], 5, True)
    assert world.log.reads == [(5, 4)], "the position of the table is not needed"


async def test_as_many_rewards_are_replayed_as_the_limit_says() -> None:
    greeting = await world_with(5).play.streams.greeter.resumed(HUNTS["harbour"], "ada", "k1-2")
    assert [each.seq for each in greeting.missed] == [3, 4, 5]


async def test_id_of_a_hunt_without_rewards_is_ahead_of_the_log() -> None:
    greeting = await world_with(5).play.streams.greeter.resumed(HUNTS["timed"], "ada", "k1-1")
    assert (greeting.reset, greeting.seq, greeting.sent) == ("ahead of the log", 0, 0)


@pytest.mark.parametrize(("last_event_id", "reason"), RESETS)
async def test_stream_that_cannot_be_resumed_is_reset(last_event_id: str, reason: str) -> None:
    world = world_with(5)
    greeting = await world.play.streams.greeter.resumed(
        world.hunts["harbour"], "ada", last_event_id
    )
    assert (greeting.reset, greeting.resumed, greeting.sent) == (reason, False, 5)
    [reset] = [each for each in sse.Parser().feed(greeting.blocks) if each.event == "reset"]
    assert json.loads(reset.data) == {"reason": reason}
    assert greeting.messages[1].startswith('{"reset"')
    assert not world.faults


def assert_pauses(world: World, greeting: Greeting) -> None:
    assert greeting.ends
    assert greeting.blocks.startswith(b"retry:")
    assert greeting.messages == []
    assert world.faults == {"resume": 1}


async def test_resume_without_a_database_is_paused() -> None:
    world = world_with(1)

    def fail() -> None:
        raise StoreUnavailable("gone")

    world.log.before_read = fail
    with capture_logs() as lines:
        resume = partial(world.play.streams.greeter.resumed, world.hunts["harbour"], "ada")
        assert_pauses(world, await resume("k1-0"))
        await resume("k1-1")
    assert world.faults == {"resume": 2}
    assert [(each["event"], each["error"]) for each in lines] == [
        ("stream not resumed", "gone")
    ] * 2


async def test_resume_that_waits_too_long_is_paused(
    autojump_clock: MockClock,
) -> None:
    world = world_with(1)
    greeter = world.play.streams.greeter
    for _ in range(REPLAYS):
        await greeter.replays.acquire()
    began = trio.current_time()
    with capture_logs() as lines:
        assert_pauses(world, await greeter.resumed(world.hunts["harbour"], "ada", "k1-0"))
    assert trio.current_time() - began == PATIENCE
    assert lines[0]["error"] == "no answer within 3 s"
    greeter.replays.release()
    assert (await greeter.resumed(world.hunts["harbour"], "ada", "k1-0")).resumed


async def test_position_of_another_process_ahead_of_this_one_is_resumed() -> None:
    world = world_with(2)
    greeter = world.play.streams.greeter
    greeter._position = lambda hunt: 1
    greeting = await greeter.resumed(world.hunts["harbour"], "ada", "k1-2")
    assert greeting.resumed
    assert b"event: reward" not in greeting.blocks
    assert not (await greeter.resumed(world.hunts["harbour"], "ada", "k1-3")).resumed


async def test_greeting_names_the_hunt_its_log_and_the_position() -> None:
    world = world_with(3)
    greeter, hunt = world.play.streams.greeter, world.hunts["harbour"]
    for greeting in (greeter.hello(hunt), await greeter.resumed(hunt, "ada", "k1-2")):
        resumed = greeting.resumed
        assert (greeting.hunt, greeting.epoch, greeting.seq) == ("harbour", "k1", 3)
        [hello] = [each for each in sse.Parser().feed(greeting.blocks) if each.event == "hello"]
        data = {"hunt": "harbour", "epoch": "k1", "seq": 3, "resumed": resumed}
        assert json.loads(hello.data) == data | {"heartbeat": 15.0}
        assert json.loads(greeting.messages[0]) == {"hello": data}
