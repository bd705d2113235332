from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

import msgspec
import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from hunt.core import sse
from hunt.core.bans import Ban
from hunt.core.codes import Code
from hunt.core.events import Reward
from hunt.core.sse import Parser
from hunt.errors import Banned, Draining, Overloaded
from hunt.service import hub
from hunt.service.subscriber import Frame, Mailbox, Reason, Subscription
from tests.support.hubs import make_hub, subscribed, subscription_of


def reward(seq: int, player: str = "ada", prize: str | None = None) -> Reward:
    return Reward(seq, f"c{seq}", player, prize, 0, "")


def seqs(mailbox: Mailbox) -> list[int]:
    found = []
    while True:
        try:
            found.append(mailbox.receive_nowait().seq)
        except (trio.WouldBlock, trio.EndOfChannel):
            return found


async def test_reward_goes_to_the_streams_of_its_player_only() -> None:
    made, _ = make_hub()
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as first,
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as second,
        subscribed(made, subscription_of("adam"), buffer=9, transport="sse") as other,
        subscribed(made, subscription_of("ada", "river"), buffer=9, transport="sse") as elsewhere,
    ):
        assert made.counts() == {"sse": 4}
        made.publish("harbour", [reward(1), reward(2, "bob"), reward(3)])
        assert seqs(first) == seqs(second) == [1, 3]
        assert seqs(other) == seqs(elsewhere) == []
    assert made.counts() == {"sse": 0}
    made.publish("harbour", [reward(4)])
    assert made._players == {}


@pytest.mark.parametrize("player", ["ada", None])
async def test_hunt_is_wanted_while_it_has_streams(player: str | None) -> None:
    made, _ = make_hub()
    assert not made.wanted("harbour")
    assert made.watchers("harbour") == made.streams_of("harbour", "ada") == []
    with subscribed(made, subscription_of(player), buffer=9, transport="sse"):
        assert made.wanted("harbour")
        assert not made.wanted("river")
    assert not made.wanted("harbour")
    assert not made._players
    assert not made._everybody


async def test_first_stream_of_each_hunt_is_reported() -> None:
    made, _ = make_hub()
    wanted: list[set[str]] = []
    made.first = lambda: wanted.append(made.hunts())
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse"),
        subscribed(made, subscription_of(None), buffer=9, transport="sse"),
        subscribed(made, subscription_of("bob"), buffer=9, transport="sse"),
        subscribed(made, subscription_of(None, "river"), buffer=9, transport="sse"),
    ):
        assert wanted == [{"harbour"}, {"harbour", "river"}]
    with subscribed(made, subscription_of("ada"), buffer=9, transport="sse"):
        assert wanted[2:] == [{"harbour"}]


async def test_reward_of_a_deleted_hunt_is_not_delivered() -> None:
    made, _ = make_hub()
    made._epoch = {"river": "k1"}.get
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as stream,
        subscribed(made, subscription_of(None), buffer=9, transport="sse"),
    ):
        made.publish("harbour", [reward(1, prize="coin")])
        with pytest.raises(trio.WouldBlock):
            stream.receive_nowait()
        assert not made._wins


async def test_reward_is_one_frame_for_all_streams_of_its_player(
    autojump_clock: MockClock,
) -> None:
    made, _ = make_hub()
    made._epoch = {"harbour": "k1"}.get
    await trio.sleep(7)
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as first,
        subscribed(made, subscription_of("ada"), buffer=9, transport="websocket") as second,
    ):
        assert made.awake == 1, "a socket has a task of its own"
        made.publish("harbour", [won := reward(1, prize="coin")])
        frame = first.receive_nowait()
        assert second.receive_nowait() is frame
        assert frame == Frame("reward", 1, sse.reward("k1", won), trio.current_time())
        assert json.loads(frame.message())["reward"]["prize"] == "coin"
        size, body = frame.chunk().split(b"\r\n", 1)
        assert (int(size, 16), body) == (len(frame.sse), frame.sse + b"\r\n")
    assert made.awake == 0


async def test_slow_consumer_is_cut_off_and_delays_no_other() -> None:
    made, cut = make_hub()
    with (
        subscribed(made, subscription_of("ada"), buffer=2, transport="sse") as slow,
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as quick,
    ):
        made.publish("harbour", [reward(seq) for seq in range(1, 6)])
        assert slow.reason == "slow"
        assert seqs(slow) == [1, 2]
        with pytest.raises(trio.EndOfChannel):
            await slow.receive()
        assert seqs(quick) == [1, 2, 3, 4, 5]
    assert len(cut) == 1


async def test_drained_hub_delivers_frames_and_refuses_subscribers() -> None:
    made, _ = make_hub()
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as mailbox,
        subscribed(made, subscription_of(None), buffer=9, transport="sse") as everybody,
    ):
        made.publish("harbour", [reward(1)])
        await made.close()
        made.publish("harbour", [reward(2)])
        assert seqs(mailbox) == [1]
        assert mailbox.reason == everybody.reason == "drain"
        with (
            pytest.raises(Draining),
            subscribed(made, subscription_of("ada"), buffer=9, transport="sse"),
        ):
            pass


async def test_end_of_a_hunt_closes_its_streams_only() -> None:
    made, _ = make_hub()
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as here,
        subscribed(made, subscription_of("ada", "river"), buffer=9, transport="sse") as there,
    ):
        made.end("harbour")
        assert (here.reason, there.reason) == ("over", None)


async def test_streams_of_a_player_are_limited() -> None:
    made, _ = make_hub(per_player=1)
    with subscribed(made, subscription_of("ada"), buffer=9, transport="sse"):
        with (
            pytest.raises(Overloaded, match="too many streams:"),
            subscribed(made, subscription_of("ada"), buffer=9, transport="sse"),
        ):
            pass
        with subscribed(made, subscription_of("bob"), buffer=9, transport="sse"):
            pass
    with subscribed(made, subscription_of("ada"), buffer=9, transport="sse"):
        pass


async def test_streams_of_an_address_count_until_they_end() -> None:
    made, _ = make_hub(per_player=9, per_address=2)
    here = msgspec.structs.replace(subscription_of("ada"), address="192.0.2.1")
    with ExitStack() as opened:
        for subscription in (here, here, subscription_of("ada"), subscription_of("ada")):
            opened.enter_context(subscribed(made, subscription, buffer=9, transport="sse"))
        with (
            pytest.raises(Overloaded, match="from this address") as refusal,
            subscribed(made, here, buffer=9, transport="sse"),
        ):
            pass
        assert refusal.value.retry_after is not None
        assert refusal.value.retry_after >= 5
        other = msgspec.structs.replace(here, address="192.0.2.2")
        with subscribed(made, other, buffer=9, transport="sse"):
            pass
    with subscribed(made, here, buffer=9, transport="sse"):
        pass
    assert not made._addresses


async def test_streams_of_all_kinds_and_hunts_count_together() -> None:
    made, _ = make_hub(per_player=3)
    somebody = subscription_of("ada").identity
    kinds = [
        Subscription("harbour", somebody),
        Subscription("harbour", somebody, everybody=True),
        Subscription("river", somebody, everybody=True),
    ]
    with ExitStack() as opened:
        first = opened.enter_context(subscribed(made, kinds[0], buffer=9, transport="sse"))
        for each in kinds[1:]:
            opened.enter_context(subscribed(made, each, buffer=9, transport="sse"))
        for each in kinds:
            with pytest.raises(Overloaded), subscribed(made, each, buffer=9, transport="sse"):
                pass
        made.end("river")
        made.remove(first)
        made.remove(first)  # changes nothing: a stream is counted once
        for each in kinds[:2]:
            opened.enter_context(subscribed(made, each, buffer=9, transport="sse"))
        with pytest.raises(Overloaded), subscribed(made, kinds[1], buffer=9, transport="sse"):
            pass
    assert not made._open
    assert not made._streams


async def test_wins_are_gathered_masked_and_bounded(
    autojump_clock: MockClock,
) -> None:
    made, cut = make_hub()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        with (
            subscribed(made, subscription_of(None), buffer=1, transport="sse") as mailbox,
            subscribed(made, subscription_of(None), buffer=1, transport="sse") as slow,
        ):
            made.publish("harbour", [reward(1, "guest-12"), reward(2, "guest-12", "coin")])
            with_codes = [
                replace(reward(seq, "guest-12", "shell"), code=Code("hush"))
                for seq in range(3, 103)
            ]
            made.publish("harbour", with_codes)
            frame = await mailbox.receive()
            assert (frame.kind, frame.seq, frame.since) == ("wins", 0, trio.current_time())
            assert b"hush" not in frame.sse
            [event] = Parser().feed(frame.sse)
            assert json.loads(event.data)["hunt"] == "harbour"
            wins = json.loads(event.data)["wins"]
            assert len(wins) == 50
            assert wins[0] == {"player": "gu…2", "prize": "shell", "points": 0, "at": ""}
            made.publish("harbour", [reward(200, "guest-12", "coin")])
            await mailbox.receive()
            assert slow.reason == "slow"
        nursery.cancel_scope.cancel()
    assert len(cut) == 1


async def test_discarded_mailbox_takes_no_frame() -> None:
    made, cut = make_hub()
    with subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as mailbox:
        mailbox._receive.close()
        made.publish("harbour", [reward(1)])
    assert len(cut) == 1


class Recorder:
    """A subscriber that records each offered frame, and then calls a function."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.frames: list[Frame] = []
        self._then = then

    def offer(self, frame: Frame) -> bool:
        self.frames.append(frame)
        self._then()
        return True

    def waiting(self) -> int:
        return 0

    def close(self, reason: Reason) -> None:
        raise AssertionError(reason)


async def test_wins_are_not_sent_to_a_stream_that_ended_meanwhile(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr("hunt.service.hub.SLICE", 2)
    made, _ = make_hub()
    leaver = Recorder()
    stays = [Recorder(lambda: made.remove(leaver)), Recorder(), Recorder()]
    for each in (*stays[:2], leaver, stays[2]):
        made.add(subscription_of(None), each)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        made.publish("harbour", [reward(1, prize="coin")])
        with trio.fail_after(10):
            while not stays[2].frames:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert [len(each.frames) for each in stays] == [1, 1, 1]
    assert leaver.frames == []


async def test_wins_outlive_the_last_stream_of_their_hunt(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr("hunt.service.hub.SLICE", 1)
    made, _ = make_hub()

    def leave() -> None:
        made.remove(first)
        made.remove(second)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.run)
        made.add(subscription_of(None), gone := Recorder())
        made.publish("harbour", [reward(1, prize="coin")])
        made.remove(gone)
        await trio.sleep(1)
        made.add(subscription_of(None), first := Recorder(leave))
        made.add(subscription_of(None), second := Recorder())
        made.publish("harbour", [reward(2, prize="coin")])
        await trio.sleep(1)
        made.add(subscription_of(None), late := Recorder())
        made.publish("harbour", [reward(3, prize="coin")])
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert [len(each.frames) for each in (gone, first, second, late)] == [0, 1, 0, 1]


async def test_refused_streams_have_a_retry_time() -> None:
    made, _ = make_hub(per_player=1, per_address=1)
    made._jitter = lambda: 0.5
    here = msgspec.structs.replace(subscription_of("ada"), address="192.0.2.1")
    with subscribed(made, here, buffer=9, transport="sse"):
        other = msgspec.structs.replace(subscription_of("bob"), address="192.0.2.1")
        for refused in (subscription_of("ada"), other):
            with (
                pytest.raises(Overloaded) as error,
                subscribed(made, refused, buffer=9, transport="sse"),
            ):
                pass
            assert error.value.retry_after == 5.5
        await made.close()
        with (
            pytest.raises(Draining) as draining,
            subscribed(made, subscription_of("eve"), buffer=9, transport="sse"),
        ):
            pass
        assert draining.value.retry_after == 1.5


def banned(**client: object) -> Ban:
    given = {"player": None, "network": None, "hunt": None} | client
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Ban(id=1, reason="", until=None, at=at, actor="root", **given)  # type: ignore[arg-type]


async def test_new_ban_ends_the_streams_that_it_concerns() -> None:
    made, _ = make_hub()
    near = replace(subscription_of("bob"), source="203.0.113.7")
    far = replace(subscription_of("zoe"), source="203.0.113.8")
    with ExitStack() as stack:
        here, there, other, addressed, distant = (
            stack.enter_context(subscribed(made, each, buffer=9, transport="sse"))
            for each in (
                subscription_of("ada"), subscription_of("ada", "river"), subscription_of("adam"),
                near, far,
            )
        )  # fmt: skip
        made._bans.replace([banned(player="ada", hunt="harbour"), banned(network="203.0.113.7/32")])
        await made.end_banned()
        assert here.reason == addressed.reason == "banned"
        assert there.reason is other.reason is distant.reason is None
        assert made.is_open(distant)
        assert not made.is_open(here)


@pytest.mark.parametrize(
    ("ban", "refused"),
    [
        (banned(player="ada"), ["ada", "ada in the river", "ada far"]),
        (banned(player="ada", hunt="harbour"), ["ada", "ada far"]),
        (banned(network="203.0.113.7/32"), ["ada", "ada in the river", "bob"]),
        (banned(network="203.0.113.7/32", hunt="river"), ["ada in the river"]),
    ],
)
async def test_banned_client_opens_no_stream(ban: Ban, refused: list[str]) -> None:
    made, _ = make_hub()
    made._bans.replace([ban])
    clients = {
        "ada": replace(subscription_of("ada"), source="203.0.113.7"),
        "ada in the river": replace(subscription_of("ada", "river"), source="203.0.113.7"),
        "ada far": replace(subscription_of("ada"), source="203.0.113.8"),
        "bob": replace(subscription_of("bob"), source="203.0.113.7"),
    }
    found = []
    for name, subscription in clients.items():
        try:
            with subscribed(made, subscription, buffer=9, transport="sse"):
                pass
        except Banned:
            found.append(name)
    assert found == refused
    assert not made._streams
    assert not made._open


@pytest.mark.parametrize("why", ["banned", "drain"])
async def test_ends_of_many_streams_let_other_tasks_run(
    monkeypatch: pytest.MonkeyPatch, why: Reason
) -> None:
    monkeypatch.setattr(hub, "SLICE", 2)
    made, _ = make_hub()
    ends: list[int] = []

    async def count() -> None:
        for _ in range(3):
            ends.append(sum(each.reason is not None for each in mailboxes))
            await trio.lowlevel.checkpoint()

    with ExitStack() as stack:
        mailboxes = [
            stack.enter_context(subscribed(made, subscription_of("ada"), buffer=9, transport="sse"))
            for _ in range(6)
        ]
        made._bans.replace([banned(player="ada")])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made.end_banned if why == "banned" else made.close)
            nursery.start_soon(count)
        assert all(each.reason == why for each in mailboxes)
    assert {2, 4} & set(ends)
    assert set(ends) <= {0, 2, 4, 6}


async def test_backlog_is_counted_in_frames_and_clients() -> None:
    made, _ = make_hub()
    assert made.backlog() == (0, 0)
    with (
        subscribed(made, subscription_of("ada"), buffer=9, transport="sse") as one,
        subscribed(made, subscription_of("bob"), buffer=9, transport="sse") as two,
        subscribed(made, subscription_of("zoe"), buffer=9, transport="sse") as idle,
    ):
        made.queues |= {one, two, idle}
        made.publish("harbour", [reward(1), reward(2), reward(3), reward(4, "bob")])
        assert made.backlog() == (4, 2)
