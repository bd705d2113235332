"""The decisions about hot requests that need no server."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from hunt.core.forwarding import Forwarded
from hunt.core.proxies import Proxies
from hunt.core.tokens import Identity
from hunt.errors import HuntNotFound, InvalidRequest, NotAllowed, NotAuthenticated
from hunt.play import endpoints
from hunt.play.endpoints import Asked, Standing
from tests.support.hunts import HUNTS

ASKED = Asked(hunt="harbour", host="hunt")
JSON = "application/json"


@pytest.fixture(autouse=True)
def way() -> None:
    """There is one way only here: no server, so once is enough."""


class Limit:
    """A limit that refuses nobody, and notes whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def player(self, player: str) -> None:
        self.asked.append(("player", player))

    def address(self, key: str | None) -> None:
        self.asked.append(("address", key))


def engine(*, player: str = "ada", hunts: frozenset[str] | None = None) -> Any:
    """Return what the endpoints use of an engine, where each token is a player's."""

    def verify(token: str, use: str) -> Identity:
        if token == "wrong":
            raise NotAuthenticated("no")
        return Identity(player, hunts, use == "cookie", 1e12, None)

    refused: list[tuple[str, str]] = []
    return SimpleNamespace(
        hunts=HUNTS,
        refused=refused,
        metrics=SimpleNamespace(
            refused=lambda hunt, refusal, seconds: refused.append((hunt, refusal.label))
        ),
        proxies=Proxies(["10.0.0.0/8"]),
        tokens=SimpleNamespace(verify=verify, generation=3),
        settings=SimpleNamespace(allowed_origins=()),
        limits=SimpleNamespace(connects=Limit(), resumes=Limit(), address_clicks=None),
    )


@pytest.mark.parametrize("given", ["a", "Az_9.-", "x" * 64])
def test_request_id_of_the_client_is_kept(given: str) -> None:
    assert endpoints.request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\n", "é"])
def test_request_id_is_made_where_the_client_gave_none_that_is_valid(given: str | None) -> None:
    first, second = endpoints.request_id(given), endpoints.request_id(given)
    assert len(first) == len(second) == 32
    assert first != second
    assert endpoints.request_id(first) == first


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
def test_body_is_read_where_it_is_json_without_encoding(
    content_type: str | None, encoding: str | None, readable: bool
) -> None:
    assert (endpoints.unsupported(content_type, encoding) is None) == readable


@pytest.mark.parametrize(
    ("generation", "seconds", "valid"), [(3, 60, True), (2, 60, False), (3, -1, False)]
)
def test_cached_identity_ends_with_its_token_and_with_the_keys(
    generation: int, seconds: float, valid: bool
) -> None:
    cached = Standing(ASKED, "ada", time.time() + seconds, generation, True, None)
    assert endpoints.stands(cached, engine()) is valid


@pytest.mark.parametrize(
    ("hunts", "allowed"), [(None, True), (frozenset({"harbour"}), True), (frozenset("x"), False)]
)
async def test_identity_says_whether_the_player_may_take_part(
    hunts: frozenset[str] | None, allowed: bool
) -> None:
    made = engine(hunts=hunts)
    asked = Asked(hunt="harbour", host="hunt", authorization="Bearer t", content_type=JSON)
    cached = endpoints.standing(made, asked)
    assert (cached.player, cached.generation, cached.until) == ("ada", 3, 1e12)
    assert (cached.allowed, cached.unsupported) == (allowed, None)
    if allowed:
        assert endpoints.enter(made, cached, trio.current_time()) is HUNTS["harbour"]
        assert endpoints.stream(made, asked, made.proxies.peer("1.2.3.4"))[0] is HUNTS["harbour"]
        return
    with pytest.raises(NotAllowed):
        endpoints.enter(made, cached, trio.current_time())
    assert made.refused == [("harbour", NotAllowed.label)], "it is counted"
    with pytest.raises(NotAllowed):
        endpoints.stream(made, asked, made.proxies.peer("1.2.3.4"))


@pytest.mark.parametrize("hunt_id", ["nowhere", "draft"])
def test_draft_does_not_exist_for_players(hunt_id: str) -> None:
    with pytest.raises(HuntNotFound):
        endpoints.hunt_of(engine(), None, hunt_id)


def test_cookie_alone_changes_nothing_from_another_site() -> None:
    cookie = Asked(hunt="harbour", host="hunt", cookie="c", origin="https://evil.example")
    with pytest.raises(NotAllowed):
        endpoints.identify(engine(), cookie, changes=True)
    assert endpoints.identify(engine(), cookie, changes=False).cookie
    same = Asked(hunt="harbour", host="hunt", cookie="c", origin="http://hunt")
    assert endpoints.identify(engine(), same, changes=True).player == "ada"


def test_ticket_opens_streams_and_changes_nothing() -> None:
    ticket = Asked(hunt="harbour", host="hunt", ticket="t")
    assert endpoints.identify(engine(), ticket, changes=False).player == "ada"
    with pytest.raises(NotAuthenticated):
        endpoints.identify(engine(), ticket, changes=True)


@pytest.mark.parametrize(
    ("scope", "last_event_id", "resumes"),
    [(None, None, False), (None, "k1-1", True), ("all", None, False), ("all", "k1-1", False)],
)
def test_stream_counts_as_a_connect_and_where_it_reads_history_as_a_resume(
    scope: str | None, last_event_id: str | None, resumes: bool
) -> None:
    made = engine()
    asked = Asked(hunt="harbour", host="hunt", ticket="t", scope=scope, last_event_id=last_event_id)
    hunt, subscription = endpoints.stream(made, asked, made.proxies.peer("1.2.3.4"))
    once = [("player", "ada"), ("address", "1.2.3.4")]
    assert made.limits.connects.asked == once
    assert made.limits.resumes.asked == (once if resumes else [])
    assert (hunt.id, subscription.hunt) == ("harbour", "harbour")
    assert subscription.everybody == (scope == "all")
    assert subscription.identity.player == "ada"


def test_stream_with_another_scope_is_refused() -> None:
    made = engine()
    asked = Asked(hunt="harbour", host="hunt", ticket="t", scope="none")
    with pytest.raises(InvalidRequest) as refused:
        endpoints.stream(made, asked, made.proxies.peer("1.2.3.4"))
    assert set(refused.value.errors or {}) == {"scope"}


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "limited_by", "client"),
    [
        ("1.2.3.4", None, "1.2.3.4", None),
        ("1.2.3.4", "5.6.7.8", "1.2.3.4", None),  # its word does not count
        ("10.0.0.1", "5.6.7.8", "5.6.7.8", "5.6.7.8"),
        ("10.0.0.1", None, "10.0.0.1", None),  # the limit of connections counts
    ],
)
def test_streams_are_limited_by_the_address_of_the_client(
    peer: str, forwarded_for: str | None, limited_by: str, client: str | None
) -> None:
    made = engine()
    forwarded = None if forwarded_for is None else Forwarded(forwarded_for=forwarded_for)
    asked = Asked(hunt="harbour", host="hunt", ticket="t", forwarded=forwarded)
    _, subscription = endpoints.stream(made, asked, made.proxies.peer(peer))
    assert made.limits.connects.asked[1] == ("address", limited_by)
    assert subscription.address == client
