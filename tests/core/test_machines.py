"""The limiter and the parser, compared with models of their documentation."""

from __future__ import annotations

import re
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hunt.core.limiter import Limiter
from hunt.core.sse import Event, Parser
from hunt.errors import TooFast

RATE, BURST, CAPACITY = 2, 3, 4


class LimiterMachine(RuleBasedStateMachine):
    """A bucket for each key that is remembered, counted in fractions."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0  # quarters of a second: exact
        self.limiter = Limiter(lambda: self.now, rate=RATE, burst=BURST, capacity=CAPACITY)
        self.buckets: dict[str, tuple[Fraction, Fraction]] = {}  # key -> (tokens, at)

    @rule(quarters=st.integers(0, 12))
    def wait(self, quarters: int) -> None:
        self.now += quarters / 4

    @rule(key=st.sampled_from("abcdefgh"))
    def check(self, key: str) -> None:
        now = Fraction(self.now)
        tokens, at = self.buckets.get(key, (Fraction(BURST), now))
        tokens = min(tokens + (now - at) * RATE, Fraction(BURST))
        try:
            self.limiter.check(key)
        except TooFast as refusal:
            wait = refusal.retry_after
            assert tokens < 1, "refused what was within the rate"
            assert abs(wait - float((1 - tokens) / RATE)) < 1e-6
        else:
            assert tokens >= 1, "let more pass than the rate"
            tokens -= 1
        self.buckets[key] = tokens, now
        self.forget()

    @rule()
    def rotate(self) -> None:
        before = {key for key in self.buckets if key in self.limiter}
        self.limiter.rotate()
        for key in before:
            if key not in self.limiter:
                tokens, at = self.buckets[key]
                assert tokens + (Fraction(self.now) - at) * RATE >= BURST, "forgot it too early"
        self.forget()

    def forget(self) -> None:
        # A forgotten key behaves like a new one, so a flood makes the limiter more permissive.
        self.buckets = {k: v for k, v in self.buckets.items() if k in self.limiter}

    @invariant()
    def bounded(self) -> None:
        assert len(self.limiter) <= CAPACITY


TestLimiter = LimiterMachine.TestCase


def dispatched(stream: bytes) -> list[Event]:
    """Return the events of a whole stream, by section 9.2.6 of the standard."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, _ = re.split(r"\r\n|\r|\n", text)
    found: list[Event] = []
    data: list[str] = []
    event, id_, retry = "", None, None
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                event = value
            elif name == "id" and "\0" not in value:
                id_ = value
            elif name == "retry" and re.fullmatch(r"[0-9]+", value):
                retry = int(value)
            continue
        if data:
            found.append(Event(event or "message", "\n".join(data), id_, retry))
        elif retry is not None:
            found.append(Event("", "", None, retry))
        data, event, id_, retry = [], "", None, None
    return found


PIECES = st.sampled_from(
    [
        b"data", b"event", b"id", b"retry", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"x", b"7",
        b"\xef\xbb\xbf", b"\xc3\xa9", b"\xc3", b"\xff", b"\0", b"data: x\n\n", b"id: 7\n",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map(b"".join), st.data())
def test_parser_result_does_not_depend_on_chunking(stream: bytes, data: st.DataObject) -> None:
    # A final carriage return may be half of a line end, so the parser waits.
    stream = stream.rstrip(b"\r") + b"."
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    parser, found = Parser(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += parser.feed(stream[start:end])
    assert found == dispatched(stream)
