"""Sessions over WebSockets: tested by messages, without WebSocket frames."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.events import Reward, Settlement
from hunt.core.trace_context import TraceContext
from hunt.errors import (
    Banned,
    HuntNotFound,
    HuntNotOpen,
    InvalidRequest,
    Overloaded,
    QueueFull,
    Refused,
    StoreUnavailable,
)
from hunt.play import close_codes, contract
from hunt.play.reconnect import RECONNECT_MS
from hunt.play.session import MAX_OUTSTANDING, Session, refusal_message
from hunt.play.stream import Stream
from hunt.service.subscriber import Frame
from tests.support.fake_play import BODY, PEER, FakeLimit, World, request

CLICK = f'{{"click":{BODY.decode()}}}'
CLICK_ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


class FakeLink:
    """A link that notes its close."""

    def __init__(self) -> None:
        self.closed: tuple[int, str] | None = None

    def wake(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        assert reason.strip(), "clients show it"
        self.closed = self.closed or (code, reason)

    @property
    def code(self) -> int | None:
        return None if self.closed is None else self.closed[0]


class Talk:
    """A session, and the other end of it."""

    def __init__(self, world: World, **fields: Any) -> None:
        self.world = world
        self.link = FakeLink()
        self.session = Session(world.play, request(**fields), PEER, "r")
        self.stream: Stream | None = self.session.begin(self.link)

    async def greet(self) -> None:
        assert self.stream is not None
        await self.session.greet(self.stream)

    def said(self, most: int = 100) -> list[tuple[str, Any]]:
        """Return the kinds and values of the messages that wait."""
        return [next(iter(json.loads(each).items())) for each in self.session.take(most)]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.said()]


async def greeted(world: World | None = None, **fields: Any) -> Talk:
    talk = Talk(world or World(), **fields)
    await talk.greet()
    assert "hello" in talk.kinds()
    return talk


def settle(world: World) -> None:
    reward = Reward(1, CLICK_ID, "ada", None, 0, "")
    world.intake.settle.pop(0)(Settlement(reward, duplicate=False))


async def test_session_greets_and_delivers(autojump_clock: MockClock) -> None:
    talk = await greeted()
    world = talk.world
    await trio.sleep(2)
    world.now = 5.0
    assert world.hub.counts() == {"websocket": 1}
    world.hub.publish("harbour", [world.log.add()])
    assert talk.kinds() == ["reward"]
    assert world.metrics.latencies == [3.0]
    assert talk.stream is not None
    for _ in range(2):
        talk.stream.unsubscribe()
        assert world.hub.counts() == {"websocket": 0}
    world.hub.publish("harbour", [world.log.add()])
    assert talk.kinds() == []


async def test_frames_that_wait_are_counted() -> None:
    talk = await greeted()
    hub = talk.world.hub
    hub.publish("harbour", [talk.world.log.add() for _ in range(3)])
    assert (talk.session.waiting(), hub.backlog()) == (3, (3, 1))
    assert [kind for kind, _ in talk.said(2)] == ["reward"] * 2
    assert (talk.session.waiting(), hub.backlog()) == (1, (1, 1))
    assert talk.session.offer(live("state", 1))
    assert talk.session.offer(live("stock", 1))
    assert [kind for kind, _ in talk.said(2)] == ["reward", "state"]
    assert talk.session.waiting() == 1
    assert talk.kinds() == ["stock"]
    assert hub.backlog() == (0, 0)


async def test_nothing_is_sent_before_the_greeting() -> None:
    world = World()
    world.log.add()
    talk = Talk(world, last_event_id="k1-0")
    world.hub.publish("harbour", [world.log.add()])
    talk.session.receive('{"ping":1}')
    assert talk.said() == []
    await talk.greet()
    assert talk.kinds() == ["hello", "state", "reward", "reward", "pong"]


async def test_click_is_settled() -> None:
    talk = await greeted()
    talk.session.receive(CLICK)
    assert talk.said() == []
    settle(talk.world)
    [(kind, value)] = talk.said()
    assert (kind, value["id"], value["duplicate"]) == ("settled", CLICK_ID, False)


async def test_refused_click_names_its_id_and_status() -> None:
    talk = await greeted()
    talk.world.intake.refusal = QueueFull(retry_after=1.5)
    talk.session.receive(CLICK)
    [(kind, value)] = talk.said()
    assert (kind, value["id"], value["status"]) == ("refused", CLICK_ID, 503)
    assert value["retry_after"] == 1.5
    assert talk.world.metrics.refusals == [("harbour", "queue_full")]
    assert talk.link.closed is None


async def test_click_that_is_refused_later_names_its_id_and_status() -> None:
    talk = await greeted()
    talk.session.receive(CLICK)
    talk.world.intake.settle.pop(0)(QueueFull(retry_after=1.5))
    [(kind, value)] = talk.said()
    assert (kind, value["id"], value["status"]) == ("refused", CLICK_ID, 503)
    assert talk.link.closed is None


@pytest.mark.parametrize(
    ("message", "detail"),
    [('{"dance":1}', "click or a ping"), ("{}", "one member"), ('{"ping":"1"}', "number")],
)
async def test_unknown_message_is_refused(message: str, detail: str) -> None:
    talk = await greeted()
    talk.session.receive(message)
    [(kind, value)] = talk.said()
    assert (kind, value["status"], value["id"]) == ("refused", 400, None)
    assert detail in value["detail"]


@pytest.mark.parametrize("message", ["nonsense", "[1]", ""])
async def test_message_that_is_no_object_closes(message: str) -> None:
    talk = await greeted()
    talk.session.receive(message)
    assert talk.link.code == close_codes.NOT_JSON


async def test_session_reads_no_further_while_too_much_is_outstanding() -> None:
    talk = await greeted()
    for number in range(MAX_OUTSTANDING):
        assert talk.session.has_capacity(), number
        talk.session.receive(CLICK)
    assert not talk.session.has_capacity()
    settle(talk.world)
    assert not talk.session.has_capacity(), "the answer waits to be written"
    talk.said()
    assert talk.session.has_capacity()


async def test_frames_that_wait_leave_the_capacity_for_messages() -> None:
    talk = await greeted()
    talk.world.hub.publish("harbour", [talk.world.log.add() for _ in range(4)])
    for _ in range(MAX_OUTSTANDING):
        assert talk.session.has_capacity()
        talk.session.receive('{"ping":1}')
    assert not talk.session.has_capacity()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"authorization": None}, close_codes.BAD_TOKEN),
        ({"authorization": "Bearer wrong"}, close_codes.BAD_TOKEN),
        ({"hunt": "nowhere"}, close_codes.AGAIN),
    ],
)
def test_refused_client_is_told_by_the_close_code(fields: dict[str, Any], code: int) -> None:
    talk = Talk(World(), **fields)
    assert talk.stream is None
    assert talk.link.code == code
    assert talk.world.hub.counts() == {}
    refused = [kind for kind, _ in talk.said()]
    assert refused == (["refused"] if code == close_codes.AGAIN else [])


def test_session_of_an_ended_hunt_is_over() -> None:
    world = World()
    world.hunts["harbour"] = replace(world.hunts["harbour"], state="closed")
    assert Talk(world).link.code == close_codes.OVER


async def test_session_of_a_draining_server_is_told_to_reconnect() -> None:
    world = World()
    await world.hub.close()
    talk = Talk(world)
    assert talk.link.code == close_codes.RESTART
    assert talk.said() == [("drain", {"retry_after": RECONNECT_MS[0] / 1000})]


async def test_session_that_cannot_be_resumed_now_is_closed() -> None:
    world = World()

    def fail() -> None:
        raise StoreUnavailable("gone")

    world.log.before_read = fail
    talk = Talk(world, last_event_id="k1-0")
    world.hub.publish("harbour", [world.log.add()])
    await talk.greet()
    assert talk.link.code == close_codes.AGAIN
    [(kind, value)] = talk.said()
    assert (kind, value["status"]) == ("refused", 503)


async def test_close_waits_for_clicks_in_flight() -> None:
    talk = await greeted()
    talk.session.receive(CLICK)
    talk.world.hub.end("harbour", "over")
    assert talk.link.closed is None
    talk.session.receive(CLICK)
    assert talk.kinds() == ["refused"], "it takes no new clicks"
    settle(talk.world)
    assert talk.kinds() == ["settled"]
    assert talk.link.code == close_codes.OVER


async def test_slow_consumer_is_cut_off_at_once() -> None:
    talk = await greeted()
    for _ in range(talk.world.play.streams.buffer + 1):
        talk.world.hub.publish("harbour", [talk.world.log.add()])
    assert talk.link.code == close_codes.TOO_SLOW
    assert talk.said() == []
    assert talk.session.waiting() == 0


async def test_banned_player_is_told_by_the_close_code() -> None:
    talk = await greeted()
    talk.world.hub.end("harbour", "banned")
    assert talk.link.closed == (Banned.close_code, str(Banned()))


async def test_click_on_a_socket_counts_against_the_limit_of_its_address() -> None:
    talk = await greeted()
    limit = talk.world.limits.address_clicks = FakeLimit()
    talk.session.receive(CLICK)
    assert limit.asked == [("address", PEER.key)]


async def test_click_after_expiry_closes_the_session() -> None:
    talk = await greeted()
    talk.world.tokens.held = False
    talk.session.receive(CLICK)
    [(kind, value)] = talk.said()
    assert (kind, value["status"]) == ("refused", 401)
    assert talk.link.code == close_codes.BAD_TOKEN
    assert talk.world.metrics.refusals == [("harbour", "unauthenticated")]
    assert talk.world.hub.counts() == {"websocket": 0}


async def test_answer_that_fails_closes_this_session_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = await greeted()
    talk.session.receive(CLICK)
    broken = Settlement(Reward(1, CLICK_ID, "ada", None, 0, ""), duplicate=False)
    monkeypatch.setattr(talk.session, "_answer", None)
    talk.world.intake.settle.pop()(broken)
    assert talk.link.code == close_codes.FAILED


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, 0.001), (0.5, 0.5), (1.23456, 1.235), (None, None)]
)
def test_refused_click_says_milliseconds_to_wait(
    seconds: float | None, shown: float | None
) -> None:
    refusal = Overloaded("no", retry_after=seconds) if seconds is not None else HuntNotFound("no")
    value = json.loads(refusal_message(CLICK_ID, refusal))["refused"]
    assert value.get("retry_after") == shown


@pytest.mark.parametrize(
    ("refusal", "members"),
    [
        (
            InvalidRequest("no", errors={"x": "must be a number"}),
            {"errors": {"x": "must be a number"}},
        ),
        (HuntNotOpen(opens_at="a", closes_at="b"), {"opens_at": "a", "closes_at": "b"}),
        (HuntNotFound("no"), {}),
    ],
)
def test_refused_click_has_the_members_of_its_problem(
    refusal: Refused, members: dict[str, Any]
) -> None:
    value = json.loads(refusal_message(CLICK_ID, refusal))["refused"]
    detail = {"id": CLICK_ID, "status": refusal.status, "detail": str(refusal)}
    assert value == detail | members


async def test_click_is_logged_with_the_id_of_its_handshake() -> None:
    trace = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", False, "")
    talk = await greeted(World(log_level="debug"), trace=trace)
    with capture_logs() as logs:
        talk.session.receive(CLICK)
        settle(talk.world)
        talk.session.receive('{"click":{}}')
    message, refused = talk.session.take(2)
    lines = [each for each in logs if each["event"] == "request answered"]
    for line, status, text in zip(lines, (200, 400), (message, refused), strict=True):
        assert (line["method"], line["route"]) == ("CLICK", contract.SOCKET)
        assert (line["status"], line["request_id"], line["trace_id"]) == (
            status,
            "r",
            trace.trace_id,
        )
        assert line["bytes"] == len(text.encode())


def live(kind: str, value: int) -> Frame:
    return Frame(kind, 0, b"event: %b\ndata: %d\n\n" % (kind.encode(), value), 0.0, kind)


async def test_latest_live_event_of_a_kind_is_sent_and_uses_no_room() -> None:
    talk = await greeted()
    world = talk.world
    for value in range(9):
        assert talk.session.offer(live("stock", value))
    assert talk.session.waiting() == 1
    world.hub.publish("harbour", [world.log.add() for _ in range(4)])
    assert talk.link.closed is None, "four frames fit, beside the live event"
    assert talk.said(5) == [*[("reward", ANY)] * 4, ("stock", 8)]
    assert world.metrics.deliveries == 4, "rewards only"


async def test_live_event_waits_for_the_greeting() -> None:
    world = World()
    talk = Talk(world, last_event_id="k1-0")
    assert talk.session.offer(live("state", 1))
    assert talk.said() == []
    await talk.greet()
    assert talk.kinds() == ["hello", "state", "state"]


async def test_live_event_without_a_greeting_is_dropped() -> None:
    talk = Talk(World(), last_event_id="k1-0")
    assert talk.session.offer(live("state", 1))
    talk.world.hub.publish("harbour", [talk.world.log.add()])
    talk.session.close("over")
    assert talk.said() == []
    assert talk.session.waiting() == 0
    assert talk.link.code == close_codes.OVER


async def test_slow_session_sends_no_live_event() -> None:
    talk = await greeted()
    assert talk.session.offer(live("state", 1))
    talk.session.close("slow")
    assert talk.said() == []
