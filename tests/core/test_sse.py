from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core import sse
from hunt.core.events import Reward
from hunt.core.sse import Event, Parser

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1)


@given(
    st.lists(st.tuples(TEXT, st.none() | LINE, st.none() | LINE, st.none() | st.integers(0, 9999))),
    st.data(),
)
def test_parser_reads_frames_at_any_chunking(
    events: list[tuple[str, str | None, str | None, int | None]], data: st.DataObject
) -> None:
    # The format removes a leading space from every field.
    events = [
        (text, event and "e" + event, id_ and "i" + id_, retry)
        for text, event, id_, retry in events
    ]
    stream = b"".join(
        sse.HEARTBEAT + sse.frame(data=text, event=event, id=id_, retry=retry)
        for text, event, id_, retry in events
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    parser, found = Parser(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += parser.feed(stream[start:end])
    assert found == [
        Event(event or "message", text, id_, retry) for text, event, id_, retry in events
    ]


@given(st.sampled_from(["\n", "\r", "\r\n"]), st.integers(1, 60))
def test_parser_accepts_every_line_ending(end: str, cut: int) -> None:
    stream = f"\ufeffid: 7{end}event: a{end}data: one{end}data: two{end}{end}data:three{end}{end}x"
    raw = stream.encode()
    parser = Parser()
    found = parser.feed(raw[:cut]) + parser.feed(raw[cut:])
    assert found == [Event("a", "one\ntwo", "7", None), Event("message", "three", None, None)]


def test_newline_in_data_cannot_forge_event() -> None:
    block = sse.frame(data="a\n\nid: 9\r\nb\rc")
    assert block == b"data: a\ndata: \ndata: id: 9\ndata: b\ndata: c\n\n"


def test_lone_retry_is_returned() -> None:
    assert Parser().feed(sse.pause(1500)) == [Event("", "", None, 1500)]


def test_unknown_fields_are_ignored() -> None:
    assert Parser().feed(b"id: a\0b\nretry: x\nnonsense\ndata: y\n\n") == [
        Event("message", "y", None, None)
    ]


def test_byte_order_mark_is_removed_at_start_of_stream_only() -> None:
    block = "\ufeffdata: a\n\n".encode()
    assert Parser().feed(block + block) == [Event("message", "a", None, None)]


def test_invalid_utf8_is_replaced() -> None:
    assert Parser().feed(b"data: a\xffb\n\n") == [Event("message", "a\ufffdb", None, None)]


def test_blocks_of_stream_have_documented_bytes() -> None:
    reward = Reward(4712, "id", "ada", None, 0, "at")
    stream = (
        sse.hello("harbour", "k3", 4711, resumed=True, heartbeat=30.0)
        + sse.reward("k3", reward)
        + sse.reset("malformed id")
        + sse.wins("harbour", [{"points": 1}])
        + sse.drain(1200)
    )
    events = Parser().feed(stream)
    assert [(e.event, e.id, e.retry) for e in events] == [
        ("", None, 2000),
        ("hello", None, None),
        ("reward", "k3-4712", None),
        ("reset", None, None),
        ("wins", None, None),
        ("drain", None, 1200),
    ]
    assert [json.loads(e.data) for e in events[2:4]] == [
        {"seq": 4712, "id": "id", "x": 0.0, "y": 0.0, "prize": None, "points": 0, "at": "at"},
        {"reason": "malformed id"},
    ]
    assert events[5].data == "{}"
    assert json.loads(events[4].data) == {"hunt": "harbour", "wins": [{"points": 1}]}
    assert json.loads(events[1].data) == {
        "hunt": "harbour", "epoch": "k3", "seq": 4711, "resumed": True, "heartbeat": 30.0,
    }  # fmt: skip


def test_event_id_is_parsed_in_its_epoch() -> None:
    assert sse.parse_event_id("k3-4712", "k3") == 4712
    assert sse.event_id("k3", 4712) == "k3-4712"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("k4-1", "another epoch"),
        ("", "malformed id"),
        ("k3-", "malformed id"),
        ("k3-01", "malformed id"),
        ("k3--1", "malformed id"),
        ("k3-1\n", "malformed id"),
        ("k3-" + "9" * 40, "malformed id"),
        ("k3-²", "malformed id"),
    ],
)
def test_malformed_or_foreign_event_id_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):  # the reset on the wire contains it
        sse.parse_event_id(text, "k3")
