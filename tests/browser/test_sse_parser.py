"""The JavaScript parser of server-sent events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.playing import watched
from tests.browser.serving import Server

READ = """async (pieces) => {
    const { Parser } = await import("/static/lib/sse-parser.js");
    const parser = new Parser();
    return pieces.map((piece) => parser.feed(piece));
}"""

LINES = [
    "retry: 2000", "",
    ": a comment", "",
    "event: hello", "data: {\u2028}", "",
    "id: k3-1", "event:reward", "data: one", "data", "data:  two: three", "",
    "id: bad\0id", "retry: soon", "unknown: field", "data:four", "",
    "event: nothing", "",
]  # fmt: skip

EVENTS = [
    {"event": "", "data": "", "retry": 2000},
    {"event": "hello", "data": "{\u2028}"},
    {"id": "k3-1", "event": "reward", "data": "one\n\n two: three"},
    {"event": "message", "data": "four"},
]


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """Yield an idle page of the server."""
    server.ensure()
    context = browser.new_context()
    with watched(context, server.url):
        opened = context.new_page()
        opened.goto(server.url + "static/icon.svg")
        yield opened


def read(page: Page, pieces: Sequence[str]) -> list[list[object]]:
    read_of_each: list[list[object]] = page.evaluate(READ, list(pieces))
    return read_of_each


def read_all(page: Page, pieces: Sequence[str]) -> list[object]:
    return list(chain.from_iterable(read(page, pieces)))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_events_do_not_depend_on_chunk_boundaries(page: Page, end: str) -> None:
    text = "".join(line + end for line in LINES)
    cuts = [[text[:at], text[at:]] for at in range(len(text))]
    for pieces in [[text], list(text), *cuts]:
        assert read_all(page, pieces) == EVENTS


def test_mixed_line_ends_are_accepted(page: Page) -> None:
    text = "data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r"
    assert [event["data"] for event in read_all(page, [text])] == ["a\nb\nc", "d"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=["LF", "CR", "CRLF"])
def test_event_is_returned_as_soon_as_it_is_complete(page: Page, end: str) -> None:
    first = f"data: a{end}{end}"
    assert read(page, [first, f"data: b{end}{end}"]) == [
        [{"event": "message", "data": "a"}],
        [{"event": "message", "data": "b"}],
    ]


def test_incomplete_event_is_not_returned(page: Page) -> None:
    assert read(page, ["data: a\n"]) == [[]]
