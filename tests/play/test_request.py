"""Requests, built from headers and a query."""

from __future__ import annotations

import pytest

from hunt.core import trace_context
from hunt.core.forwarding import Forwarded
from hunt.errors import InvalidRequest
from hunt.play.request import Request, RequestIds, build, unsupported_body, whole_number

JSON = "application/json"


def built(*headers: tuple[str, str], query: str = "", scheme: str = "http") -> Request:
    return build("harbour", [("Host", "hunt"), *headers], query, scheme=scheme)


def test_request_has_only_a_hunt_and_a_host_by_default() -> None:
    assert built() == Request(hunt="harbour", host="hunt")
    assert not build("harbour", [], "", scheme="http").host


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_headers_are_read_in_any_case() -> None:
    assert built(
        ("AUTHORIZATION", "Bearer t"), ("X-Other", "x"), ("Origin", "http://hunt"),
        ("sec-fetch-site", "none"), ("Content-Type", JSON), ("Content-Encoding", "gzip"),
        ("X-Request-Id", "r1"), ("Last-Event-ID", "k1-1"), ("Accept-Encoding", "br"),
        ("Accept-Language", "de"), ("If-None-Match", "*"), ("Hunt-Challenge", "c"),
        ("Traceparent", TRACE), ("Tracestate", "a=1"),
    ) == Request(
        hunt="harbour", host="hunt", authorization="Bearer t", origin="http://hunt",
        fetch_site="none", content_type=JSON, content_encoding="gzip", id="r1",
        last_event_id="k1-1", accept_encoding="br", accept_language="de", if_none_match="*",
        challenge="c", trace=trace_context.parse(TRACE, "a=1"),
    )  # fmt: skip


def test_first_of_repeated_headers_counts() -> None:
    asked = built(("Authorization", "a"), ("authorization", "b"), ("Origin", "c"), ("Origin", "d"))
    assert (asked.authorization, asked.origin) == ("a", "c")


def test_repeated_forwarding_headers_and_cookies_are_joined() -> None:
    asked = built(
        ("Forwarded", "for=a"), ("Forwarded", "for=b"), ("X-Forwarded-For", "c"),
        ("X-Forwarded-For", "d"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Proto", "https"),
        ("Cookie", "a=b"), ("Cookie", "hunt_player=t"),
    )  # fmt: skip
    assert asked.forwarded == Forwarded("for=a,for=b", "c,d", "http,https")
    assert asked.cookie == "t"


@pytest.mark.parametrize(
    ("name", "forwarded"),
    [
        ("Forwarded", Forwarded(forwarded="a")),
        ("X-Forwarded-For", Forwarded(forwarded_for="a")),
        ("X-Forwarded-Proto", Forwarded(forwarded_proto="a")),
        ("X-Forwarded-Host", None),
    ],
)
def test_any_forwarding_header_is_read(name: str, forwarded: Forwarded | None) -> None:
    assert built((name, "a")).forwarded == forwarded


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("hunt_player=t", "t"),
        ("a=b; hunt_player=t", "t"),
        ("a=b;hunt_player = t ;c=d", "t"),
        ('hunt_player="t"', "t"),
        ("hunt_player=t=u", "t=u"),
        ("hunt_player=t; hunt_player=u", "t"),
        ("hunt_player=", ""),
        ("hunt_player", None),
        ("my_hunt_player=t", None),
        ("", None),
    ],
)
def test_player_cookie_is_read_by_name(header: str, value: str | None) -> None:
    assert built(("Cookie", header)).cookie == value


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("", None, None),
        ("last_event_id=a&last_event_id=b", None, "a"),
        ("lastEventId=c", None, "c"),
        ("lastEventId=c&last_event_id=a", None, "a"),
        ("last_event_id=&lastEventId=c", None, "c"),
        ("last_event_id=a", "h", "h"),
        ("last_event_id=k1%2D1", None, "k1-1"),
    ],
)
def test_header_precedes_the_query_in_last_event_id(
    query: str, header: str | None, expected: str | None
) -> None:
    headers = [] if header is None else [("Last-Event-ID", header)]
    assert built(*headers, query=query).last_event_id == expected


def test_ticket_and_scope_are_read_from_the_query() -> None:
    query = "ticket=a.b-c_d&scope=own&ticket=x"
    asked = built(query=query)
    assert asked.query == query
    assert (asked.ticket, asked.scope) == ("a.b-c_d", "own")
    empty = built(query="ticket=&scope")
    assert (empty.ticket, empty.scope) == ("", "")


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        ("hunt:80", "http", "hunt"),
        ("hunt:80", "ws", "hunt"),
        ("hunt:443", "https", "hunt"),
        ("hunt:443", "wss", "hunt"),
        ("hunt:80", "https", "hunt:80"),
        ("hunt:443", "http", "hunt:443"),
        ("[::1]:8000", "http", "[::1]:8000"),
    ],
)
def test_host_is_without_the_default_port_of_its_scheme(
    host: str, scheme: str, expected: str
) -> None:
    asked = build("harbour", [("host", host)], "", scheme=scheme)
    assert asked.host == expected
    assert asked.encrypted == (scheme in {"https", "wss"})


@pytest.mark.parametrize("given", ["a", "Az_9.-", "x" * 64])
def test_valid_request_id_of_the_client_is_kept(given: str) -> None:
    assert RequestIds().choose(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\n", "é"])
def test_request_id_is_made_where_the_client_gave_no_valid_one(given: str | None) -> None:
    ids = RequestIds()
    first, second = ids.choose(given), ids.choose(given)
    assert len(first) == len(second) == 32
    assert first != second
    assert ids.choose(first) == first


@pytest.mark.parametrize(
    ("content_type", "encoding", "readable"),
    [
        (JSON, None, True),
        (JSON, "", True),
        (JSON, " Identity ", True),
        (JSON, "gzip", False),
        ("Application/JSON; charset=utf-8", None, True),
        ("application/json; a=b", "br", False),
        ("application/jsonl", None, False),
        ("text/plain", None, False),
        ("json", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_body_is_readable_where_it_is_json_without_encoding(
    content_type: str | None, encoding: str | None, readable: bool
) -> None:
    assert (unsupported_body(content_type, encoding) is None) == readable


def test_quoted_cookie_is_read_without_quotes() -> None:
    assert built(("Cookie", 'hunt_player="t.u-v" ; a=b')).cookie == "t.u-v"
    assert built(("Cookie", "hunt_player=XtX")).cookie == "XtX"


def test_host_of_an_unknown_scheme_keeps_its_port() -> None:
    for scheme in ("unknown", ""):
        asked = build("harbour", [("Host", "hunt:80")], "", scheme=scheme)
        assert asked.host == "hunt:80"


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 7),
        ("a=3", 7),
        ("n=2", 2),
        ("a=3&n=9&n=3", 9),
        ("n=05", 5),
        ("n=1", None),
        ("n=10", None),
        ("n=", None),
        ("n", None),
        ("n=+3", None),
        ("n=%C2%B2", None),
        ("n=x&n=3", None),
        pytest.param(f"n={'0' * 4999}3", None, id="long"),
        pytest.param(f"n={'9' * 4999}", None, id="large"),
    ],
)
def test_number_in_a_query_is_whole_and_in_its_range(query: str, number: int | None) -> None:
    if number is not None:
        assert whole_number(query, "n", 7, least=2, most=9) == number
        return
    with pytest.raises(InvalidRequest) as error:
        whole_number(query, "n", 7, least=2, most=9)
    assert error.value.errors == {"n": "must be a whole number, 2 to 9"}


@pytest.mark.parametrize("digits", [30, 5000])
def test_zeros_do_not_hide_a_large_number_in_a_query(digits: int) -> None:
    with pytest.raises(InvalidRequest):
        whole_number(f"n={'0' * 20}{'9' * digits}", "n", 0, least=0, most=9)
