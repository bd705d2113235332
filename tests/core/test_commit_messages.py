"""Messages between workers about clicks that another one commits."""

from __future__ import annotations

import pytest

from hunt.core import commit_messages as messages
from hunt.core.codes import Code
from hunt.core.commit_messages import Frames, MessageError
from hunt.core.events import Click, Outcome, Receipt, Reward, Settlement
from hunt.error_kinds import kinds
from hunt.errors import Refused
from tests.test_errors import made

CLICKS = [
    Click("c1", "ada", 1.5, -2.5, "gold", 5, "ab" * 16),
    Click("c2", "bob", 0.0, 0.0, None, 0),
]
WON = Reward(7, "c1", "ada", "gold", 5, "2026-11-01T18:00:00Z", 1.5, -2.5, None, Code("A-1"))
SOLD_OUT = Reward(8, "c2", "bob", None, 0, "2026-11-01T18:00:00Z", 0.0, 0.0, "gold", test=True)


def only(frame: bytes) -> bytes:
    [payload] = Frames().feed(frame)
    return payload


def sent(outcomes: list[Outcome]) -> list[Outcome]:
    message = messages.from_committer(only(messages.settled(3, outcomes)))
    assert isinstance(message, messages.Settled)
    assert message.number == 3
    return messages.outcomes_of(message)


def test_clicks_arrive_as_they_were_forwarded() -> None:
    message = messages.to_committer(only(messages.forward(9, "harbour", CLICKS)))
    assert (message.number, message.hunt) == (9, "harbour")
    assert messages.clicks_of(message) == CLICKS


def test_commits_arrive_with_codes_and_prizes_that_were_sold_out() -> None:
    message = messages.from_committer(only(messages.committed("harbour", [WON, SOLD_OUT])))
    assert isinstance(message, messages.Committed)
    assert (message.hunt, messages.rewards_of(message)) == ("harbour", [WON, SOLD_OUT])


def test_settlements_arrive_in_their_order_between_refusals() -> None:
    refusal = made(Refused)
    outcomes: list[Outcome] = [
        Settlement(WON, duplicate=True), refusal, Settlement(SOLD_OUT, duplicate=False)
    ]  # fmt: skip
    first, second, third = sent(outcomes)
    assert (first, third) == (outcomes[0], outcomes[2])
    assert str(second) == str(refusal)


#: Those of a commit. Others are refused before, and their modules may not be imported yet.
KINDS = [kind for kind in kinds(Refused) if kind.__module__ == Refused.__module__]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_refusal_arrives_with_its_fields(kind: type[Refused]) -> None:
    refusal = made(kind)
    [arrived] = sent([refusal])
    assert type(arrived) is kind
    assert isinstance(arrived, Refused)
    assert (str(arrived), vars(arrived)) == (str(refusal), vars(refusal))


def test_frames_are_found_in_any_pieces() -> None:
    data = messages.hello("w1") + messages.committed("harbour", [WON]) + messages.hello("w2")
    for size in (1, 3, 7, len(data)):
        frames = Frames()
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        found = [payload for piece in pieces for payload in frames.feed(piece)]
        assert [type(messages.from_committer(each)).__name__ for each in found] == [
            "Hello", "Committed", "Hello"
        ]  # fmt: skip


def test_receipts_arrive_with_their_settlements() -> None:
    one, other = Receipt(8, "ab" * 32), Receipt(9, "cd" * 32)
    outcomes: list[Outcome] = [
        Settlement(WON, False, one), made(Refused), Settlement(SOLD_OUT, True, other),
        Settlement(WON, True, None), Settlement(SOLD_OUT, False, one),
    ]  # fmt: skip
    first, _, *rest = sent(outcomes)
    assert [first, *rest] == [outcomes[0], *outcomes[2:]]
    batch: list[Outcome] = [Settlement(WON, False, one), Settlement(SOLD_OUT, False, one)]
    assert sent(batch) == batch


@pytest.mark.parametrize(
    "data", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1"], ids=["too long", "no message"]
)
def test_other_bytes_are_an_error(data: bytes) -> None:
    with pytest.raises(MessageError):
        for payload in Frames().feed(data):
            messages.to_committer(payload)
    with pytest.raises(MessageError):
        for payload in Frames().feed(data):
            messages.from_committer(payload)


def test_a_refusal_of_another_release_is_an_error() -> None:
    message = messages.Settled(1, [None], [], [("Unheard", "no", {})], [None], [])
    with pytest.raises(MessageError, match="Unheard"):
        messages.outcomes_of(message)
    with pytest.raises(MessageError, match="part"):
        messages.outcomes_of(messages.Settled(1, [None], [], [], [None], []))


def test_longest_message_is_read() -> None:
    header = messages.LONGEST.to_bytes(4, "big")
    assert list(Frames().feed(header)) == []
    longer = (messages.LONGEST + 1).to_bytes(4, "big")
    with pytest.raises(MessageError, match=f"{messages.LONGEST + 1} bytes"):
        list(Frames().feed(longer))
