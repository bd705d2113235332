from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.bench.event_blocks import REWARD, BlockSplitter
from hunt.bench.responses import ResponseParser, parse_head
from hunt.core import sse
from hunt.core.events import Reward

BODY = b'{"id":"x"}'
ANSWER = b"HTTP/1.1 200 \r\nContent-Length: 10\r\n\r\n" + BODY
ID = b"0b6e1c9c-9f27-4f0e-8a44-1f1f6f4b9d11"
BLOCKS = [
    b"retry: 2000",
    b'event: hello\ndata: {"seq":0}',
    b'id: k3-12\nevent: reward\ndata: {"id":"%b","seq":12}' % ID,
    b": ",
]
TEXT = b"".join(block + b"\n\n" for block in BLOCKS)


def test_response_is_cut_at_content_length() -> None:
    cut = ResponseParser().parse
    for size in range(len(ANSWER)):
        assert cut(ANSWER[:size]) is None
    head, start, end = cut(ANSWER + b"HTTP") or pytest.fail("whole")
    assert (head.status, head.closes, (ANSWER + b"HTTP")[start:end]) == (200, False, BODY)


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_malformed_response_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a response"):
        parse_head(data)


def test_response_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="without Content-Length"):
        ResponseParser().parse(b"HTTP/1.1 200 OK\r\n\r\n")


@given(st.lists(st.integers(1, 40), max_size=12), st.lists(st.integers(1, 60), max_size=12))
def test_blocks_are_complete_at_any_chunking(chunks: list[int], reads: list[int]) -> None:
    body, at = b"", 0
    for size in [*chunks, len(TEXT)]:
        if piece := TEXT[at : at + size]:
            body += b"%x\r\n%b\r\n" % (len(piece), piece)
        at += size
    body += b"0\r\n\r\n"
    cutter, seen, at = BlockSplitter(chunked=True), [], 0
    for size in [*reads, len(body)]:
        seen += cutter.feed(body[at : at + size])
        at += size
    assert seen == BLOCKS
    assert cutter.ended


def test_rewards_are_found_with_click_id_and_seq() -> None:
    reward = Reward(12, ID.decode(), "ada", "coin", 5, "2026-11-01T18:00:00.123456Z", 1.5, 2.5)
    hello = sse.hello("harbour", "k3", 11, resumed=False, heartbeat=15.0)
    assert REWARD.findall(hello + sse.reward("k3", reward)) == [(ID, b"12")]
