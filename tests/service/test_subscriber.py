from __future__ import annotations

import pytest
import trio

from hunt.core.tokens import Identity
from hunt.service.subscriber import LIVE_EVENTS, Frame, Mailbox, Subscription


def frame(seq: int) -> Frame:
    if seq == 0:
        return Frame("wins", 0, b"event: wins\ndata: {}\n\n", 0.0)
    return Frame("reward", seq, b"data: {}\n\n", 0.0)


def filled(*seqs: int) -> Mailbox:
    mailbox = Mailbox(10)
    for seq in seqs:
        assert mailbox.offer(frame(seq))
    return mailbox


def gathered(mailbox: Mailbox, first: Frame | None = None, **options: int) -> list[int]:
    return [each.seq for each in mailbox.gather(first, **{"after": 0, "most": 10} | options)]


async def test_gather_returns_waiting_frames_up_to_a_maximum() -> None:
    mailbox = filled(1, 2, 0, 3)
    assert gathered(mailbox, most=3) == [1, 2, 0]
    assert gathered(mailbox, most=3) == [3]
    with pytest.raises(trio.WouldBlock):
        gathered(mailbox)


async def test_gather_begins_with_a_received_frame() -> None:
    mailbox = filled(2, 3)
    assert gathered(mailbox, frame(1), most=2) == [1, 2]
    assert gathered(mailbox, frame(4), most=1) == [4]
    assert gathered(mailbox) == [3]


async def test_gather_leaves_out_known_rewards() -> None:
    assert gathered(filled(5, 0, 6, 7), frame(4), after=6) == [0, 7]
    with pytest.raises(trio.WouldBlock):
        gathered(filled(5), after=5)


async def test_closed_mailbox_delivers_its_frames_and_ends() -> None:
    mailbox = filled(1)
    assert mailbox.reason is None
    mailbox.close("drain")
    assert mailbox.reason == "drain"
    assert gathered(mailbox) == [1]
    with pytest.raises(trio.EndOfChannel):
        gathered(mailbox)
    with pytest.raises(trio.EndOfChannel):
        mailbox.receive_nowait()


async def test_full_mailbox_takes_no_frame() -> None:
    mailbox = Mailbox(1)
    assert mailbox.offer(frame(1))
    assert not mailbox.offer(frame(2))
    assert (await mailbox.receive()).seq == 1
    assert mailbox.offer(frame(3))
    mailbox.discard()
    with pytest.raises(trio.ClosedResourceError):
        mailbox.receive_nowait()


def test_frame_is_a_chunk_and_a_message() -> None:
    made = Frame("reward", 1, b"id: k-1\nevent: reward\ndata: {}\n\n", 0.0)
    assert made.chunk() == b"20\r\nid: k-1\nevent: reward\ndata: {}\n\n\r\n"
    assert made.chunk() is made.chunk()
    assert made.message() == '{"reward":{}}'


def test_message_has_the_whole_data() -> None:
    made = Frame("message", 0, b'event: message\ndata: {"text":"data: none"}\n\n', 0.0)
    assert made.message() == '{"message":{"text":"data: none"}}'


def test_subscription_to_all_wins_has_no_player() -> None:
    identity = Identity(player="ada", hunts=None, cookie=False, until=0.0, key=None)
    assert Subscription("harbour", identity).player == "ada"
    assert Subscription("harbour", identity, everybody=True).player is None


def live(kind: str, value: int) -> Frame:
    return Frame(kind, 0, b"event: %b\ndata: %d\n\n" % (kind.encode(), value), 0.0, kind)


async def test_live_events_use_no_room_of_rewards() -> None:
    mailbox = Mailbox(2)
    assert mailbox.offer(live("stock", 1))
    assert mailbox.offer(frame(1))
    assert mailbox.offer(frame(2))
    assert not mailbox.offer(frame(3))
    assert mailbox.offer(live("state", 1)), "it is never refused"
    assert mailbox.waiting() == 4
    assert [each.kind for each in mailbox.gather(after=0, most=9)] == [
        "stock", "state", "reward", "reward",
    ]  # fmt: skip
    assert mailbox.waiting() == 0


async def test_full_mailbox_takes_live_events() -> None:
    mailbox = Mailbox(1)
    assert mailbox.offer(frame(1))
    assert mailbox.offer(live("state", 1))
    assert not mailbox.offer(frame(2))
    assert [each.kind for each in mailbox.gather(after=0, most=9)] == ["reward", "state"]


async def test_only_the_latest_live_event_of_a_key_waits() -> None:
    mailbox = Mailbox(2)
    for value in range(5):
        assert mailbox.offer(live("stock", value))
        assert mailbox.offer(live("state", value))
    first = await mailbox.receive()
    found = [each.message() for each in mailbox.gather(first, after=0, most=9)]
    assert found == ['{"stock":4}', '{"state":4}']
    assert mailbox.offer(live("stock", 5)), "and again after they were taken"
    assert [each.message() for each in mailbox.gather(after=0, most=9)] == ['{"stock":5}']


async def test_live_events_that_wait_are_bounded() -> None:
    mailbox = Mailbox(1)
    for number in range(LIVE_EVENTS + 2):
        assert mailbox.offer(live(f"kind{number}", 0))
    assert mailbox.offer(live("kind7", 1)), (
        "it replaces the earlier one, and waits behind the others"
    )
    found = [each.kind for each in mailbox.gather(after=0, most=9)]
    kinds = [f"kind{number}" for number in range(2, LIVE_EVENTS + 2) if number != 7]
    assert found == [*kinds, "kind7"]


async def test_closed_mailbox_takes_no_live_event() -> None:
    mailbox = Mailbox(1)
    assert mailbox.offer(live("state", 1))
    mailbox.close("over")
    assert [each.kind for each in mailbox.gather(after=0, most=9)] == ["state"]
    with pytest.raises(trio.EndOfChannel):
        mailbox.gather(after=0, most=9)
