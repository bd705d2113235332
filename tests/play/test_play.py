"""Decisions about clicks and event streams, without a server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from hunt.core.bans import Ban
from hunt.core.events import Outcome, Reward, Settlement
from hunt.core.forwarding import Forwarded
from hunt.core.proxies import Peer
from hunt.core.trace_context import TraceContext
from hunt.errors import (
    Banned,
    Draining,
    HuntNotFound,
    Inaccurate,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    Overloaded,
    QueueFull,
    Refused,
    TooFast,
    UnsupportedType,
)
from hunt.play import contract
from hunt.play.answers import OVER, Over, Pause
from hunt.play.auth import OTHER_HUNT
from hunt.play.reconnect import RECONNECT_MS
from hunt.play.socket_handshake import check_handshake
from hunt.play.stream import Stream
from hunt.service.tracing import ignore
from tests.support.fake_play import BODY, PEER, FakeLimit, World, request

CLICK_ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"
LOW = RECONNECT_MS[0]


def test_click_is_taken() -> None:
    world = World()
    outcomes: list[Outcome] = []
    assert world.play.click(request(), PEER, BODY, outcomes.append, 0.0) is None
    assert world.intake.clicks == [("harbour", "ada", CLICK_ID, (1.0, 2.0))]
    assert not outcomes, "it is called later, once"
    world.intake.settle[0](QueueFull(retry_after=1))
    assert len(outcomes) == 1
    assert not world.metrics.refusals


@pytest.mark.parametrize(
    ("fields", "refusal", "counted"),
    [
        ({"authorization": None}, NotAuthenticated, True),
        ({"authorization": "Basic t"}, NotAuthenticated, True),
        ({"authorization": "Bearer wrong"}, NotAuthenticated, True),
        ({"authorization": None, "ticket": "t"}, NotAuthenticated, True),
        ({"authorization": None, "cookie": "c"}, NotAllowed, True),
        ({"hunt": "nowhere"}, HuntNotFound, False),
        ({"hunt": "draft"}, HuntNotFound, False),
        ({"hunt": "nowhere", "authorization": None}, NotAuthenticated, False),
        ({"content_type": "text/plain"}, UnsupportedType, True),
        ({"content_encoding": "gzip"}, UnsupportedType, True),
    ],
)
def test_click_is_refused_by_its_head(
    fields: dict[str, Any], refusal: type[Refused], counted: bool
) -> None:
    world = World()
    assert type(world.play.check(request(**fields), 0.0)) is refusal
    refused = world.click(request(**fields))
    assert type(refused) is refusal
    assert " " in str(refused), "it says why"
    hunt = fields.get("hunt", "harbour")
    assert world.metrics.refusals == [(hunt, refusal.label)] * 2 * counted
    assert not world.intake.clicks


def test_checked_head_is_not_decided_again() -> None:
    world = World()
    asked = request()
    assert world.play.check(asked, 0.0) is None
    world.wall = 2e12  # its token has expired meanwhile
    assert world.click(asked, checked=True) is None
    assert world.tokens.verified == [("t", "bearer")]
    assert world.intake.clicks == [("harbour", "ada", CLICK_ID, (1.0, 2.0))]
    del world.hunts["harbour"]
    assert isinstance(world.click(asked, checked=True), HuntNotFound)


def test_token_for_other_hunts_is_refused() -> None:
    world = World(hunts=frozenset({"river"}))
    for refused in (world.click(request()), world.play.events(request(), PEER)):
        assert isinstance(refused, NotAllowed)
        assert str(refused) == OTHER_HUNT
    world = World(hunts=frozenset({"harbour"}))
    assert world.click(request()) is None
    assert isinstance(world.play.events(request(), PEER), Stream)


def test_click_with_an_invalid_body_is_refused() -> None:
    world = World()
    assert isinstance(world.click(request(), b"[]"), InvalidRequest)
    assert world.metrics.refusals == [("harbour", "invalid")]


def test_refusal_of_the_intake_is_returned_and_counted() -> None:
    world = World()
    world.intake.refusal = QueueFull(retry_after=1)
    assert world.click(request()) is world.intake.refusal
    assert world.metrics.refusals == [("harbour", "queue_full")]


def test_click_counts_against_the_limit_of_its_address() -> None:
    world = World()
    limit = world.limits.address_clicks = FakeLimit()
    assert world.click(request()) is None
    assert limit.asked == [("address", "1.2.3.4")]
    limit.refusal = TooFast(retry_after=1)
    assert world.click(request()) is limit.refusal
    assert len(world.intake.clicks) == 1


def test_click_waits_from_the_time_of_its_arrival() -> None:
    world, asked = World(), request()
    stream = world.play.open(asked, PEER)
    world.now = 7.0
    assert world.play.click(asked, PEER, BODY, ignore, 5.0) is None
    assert world.play.click_on(stream, asked, PEER, BODY, ignore, 6.0) is None
    assert world.intake.since == [5.0, 6.0]


def test_time_of_a_refused_click_is_measured() -> None:
    world, asked = World(), request(content_type="text/plain")
    stream = world.play.open(asked, PEER)
    world.now = 7.0
    world.play.click(asked, PEER, BODY, ignore, 6.5)
    world.play.check(asked, 6.0)
    world.play.click_on(stream, asked, PEER, b"[]", ignore, 5.0)
    assert world.metrics.seconds == [0.5, 1.0, 2.0]


def test_click_without_a_demanded_accuracy_is_refused() -> None:
    world = World()
    hunt = world.hunts["harbour"]
    world.hunts["harbour"] = replace(hunt, definition=replace(hunt.definition, max_accuracy=5.0))
    assert isinstance(world.click(request()), InvalidRequest)
    accurate = BODY.replace(b"}", b',"accuracy":%d}')
    assert isinstance(world.click(request(), accurate % 6), Inaccurate)
    assert world.click(request(), accurate % 5) is None


@pytest.mark.parametrize(("limit", "text"), [("all", "connections:"), ("address", "address:")])
def test_click_over_the_connection_limit_is_refused_first(limit: Any, text: str) -> None:
    world = World()
    refusal = world.click(request(authorization=None), beyond=limit)
    assert isinstance(refusal, Overloaded)
    assert text in str(refusal)
    assert not world.tokens.verified


def test_identity_is_cached_while_token_and_keys_are_valid() -> None:
    world, asked = World(), request()
    for _ in range(2):
        assert world.click(asked) is None
    assert len(world.tokens.verified) == 1
    world.tokens.generation += 1
    assert world.click(asked) is None
    assert len(world.tokens.verified) == 2
    world.wall = 1e12
    assert world.click(asked) is None
    assert len(world.tokens.verified) == 3
    asked.authorization = "Bearer wrong"
    world.tokens.generation += 1
    assert isinstance(world.click(asked), NotAuthenticated)
    assert asked.identity is None, "a refused client keeps no identity"


def test_event_stream_is_opened() -> None:
    world = World()
    stream = world.play.events(request(), PEER)
    assert isinstance(stream, Stream)
    assert (stream.hunt.id, stream.subscription.player) == ("harbour", "ada")
    assert stream.subscription.address is None
    assert stream.resume is None


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"authorization": None}, NotAuthenticated),
        ({"authorization": None, "ticket": "wrong"}, NotAuthenticated),
        ({"hunt": "nowhere"}, HuntNotFound),
        ({"hunt": "draft"}, HuntNotFound),
        ({"scope": "none"}, InvalidRequest),
        ({"scope": ""}, InvalidRequest),
    ],
)
def test_event_stream_is_refused(fields: dict[str, Any], refusal: type[Refused]) -> None:
    world = World()
    assert type(world.play.events(request(**fields), PEER)) is refusal
    assert not world.metrics.refusals, "only clicks are counted"


@pytest.mark.parametrize("credential", ["cookie", "ticket"])
def test_ticket_and_cookie_open_event_streams_from_any_origin(credential: str) -> None:
    fields: dict[str, Any] = {credential: "t", "authorization": None, "origin": "https://evil"}
    assert isinstance(World().play.events(request(**fields), PEER), Stream)


def test_event_stream_of_an_ended_hunt_is_over() -> None:
    world = World()
    world.hunts["harbour"] = replace(world.hunts["harbour"], state="closed")
    assert world.play.events(request(), PEER) is OVER
    assert Over.status == 204


@pytest.mark.parametrize("resumes", [True, False])
def test_event_stream_over_a_rate_limit_is_paused(resumes: bool) -> None:
    world = World()
    limit = world.limits.resumes if resumes else world.limits.connects
    limit.refusal = TooFast(retry_after=7.5)
    answer = world.play.events(request(last_event_id="k1-1"), PEER)
    assert answer == Pause(7500 + LOW)
    assert Pause.status == 200
    assert isinstance(answer, Pause)
    assert b"retry: %d" % (7500 + LOW) in answer.blocks


def test_event_stream_over_the_connection_limit_is_paused_first() -> None:
    world = World()
    answer = world.play.events(request(authorization=None), PEER, "all")
    assert answer == world.play.pause() == Pause(1000 + LOW)
    assert not world.tokens.verified


@pytest.mark.parametrize(
    ("scope", "last_event_id", "resumes"),
    [
        (None, None, False),
        (None, "k1-1", True),
        ("own", "k1-1", True),
        ("all", None, False),
        ("all", "k1-1", False),
    ],
)
def test_stream_counts_as_a_connect_and_as_a_resume_where_it_reads_history(
    scope: str | None, last_event_id: str | None, resumes: bool
) -> None:
    world = World()
    stream = world.play.open(request(scope=scope, last_event_id=last_event_id), PEER)
    once = [("player", "ada"), ("address", "1.2.3.4")]
    assert world.limits.connects.asked == once
    assert world.limits.resumes.asked == (once if resumes else [])
    assert stream.subscription.everybody == (scope == "all")
    assert stream.resume == ("k1-1" if resumes else None)


@pytest.mark.parametrize(
    ("host", "forwarded_for", "limited_by", "client"),
    [
        ("1.2.3.4", None, "1.2.3.4", None),
        ("1.2.3.4", "5.6.7.8", "1.2.3.4", None),  # not a trusted proxy
        ("10.0.0.1", "5.6.7.8", "5.6.7.8", "5.6.7.8"),
        ("10.0.0.1", None, "10.0.0.1", None),  # the limit of connections applies
    ],
)
def test_streams_are_limited_by_the_address_of_the_client(
    host: str, forwarded_for: str | None, limited_by: str, client: str | None
) -> None:
    world = World()
    forwarded = None if forwarded_for is None else Forwarded(forwarded_for=forwarded_for)
    peer = world.play.proxies.peer(host)
    stream = world.play.open(request(forwarded=forwarded), peer)
    assert world.limits.connects.asked[1] == ("address", limited_by)
    assert (stream.subscription.address, stream.subscription.source) == (client, limited_by)
    limit = world.limits.address_clicks = FakeLimit()
    asked = request(forwarded=forwarded)
    assert world.play.click(asked, peer, BODY, ignore, 0.0) is None
    assert world.play.click_on(stream, asked, peer, BODY, ignore, 0.0) is None
    assert limit.asked == [("address", limited_by)] * 2


def test_click_on_a_stream_needs_no_second_authentication() -> None:
    world = World()
    asked = request(authorization=None, ticket="t", content_type=None)
    stream = world.play.open(asked, PEER)
    verified = len(world.tokens.verified)
    assert world.play.click_on(stream, asked, PEER, BODY, lambda _: None, 0.0) is None
    assert len(world.tokens.verified) == verified
    assert world.intake.clicks[0][:2] == ("harbour", "ada")


@pytest.mark.parametrize(
    ("held", "closing", "refusal"),
    [(False, False, NotAuthenticated), (False, True, NotAuthenticated), (True, True, Draining)],
)
def test_click_on_a_stream_is_refused_after_expiry_and_while_it_closes(
    held: bool, closing: bool, refusal: type[Refused]
) -> None:
    world, asked = World(), request()
    stream = world.play.open(asked, PEER)
    world.tokens.held = held
    refused = world.play.click_on(stream, asked, PEER, BODY, lambda _: None, 0.0, closing=closing)
    assert type(refused) is refusal
    assert " " in str(refused), "it says why"
    assert not isinstance(refused, Draining) or refused.retry_after == LOW / 1000
    assert world.metrics.refusals == [("harbour", refusal.label)]
    assert not world.intake.clicks


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"origin": "http://hunt"}, None),
        ({"origin": "https://allowed", "scope": "own"}, None),
        ({"origin": "https://allowed", "authorization": "Bearer wrong"}, None),
        ({}, NotAllowed),
        ({"fetch_site": "same-origin"}, NotAllowed),
        ({"origin": "https://evil"}, NotAllowed),
        ({"origin": "http://hunt", "hunt": "nowhere"}, HuntNotFound),
        ({"origin": "http://hunt", "scope": "all"}, InvalidRequest),
        ({"origin": "http://hunt", "scope": ""}, InvalidRequest),
    ],
)
def test_handshake_needs_an_origin_and_the_players_own_scope(
    fields: dict[str, Any], refusal: type[Refused] | None
) -> None:
    check = partial(check_handshake, World().play)
    if refusal is None:
        check(request(**fields))
        return
    with pytest.raises(refusal) as error:
        check(request(**fields))
    if isinstance(error.value, InvalidRequest):
        assert set(error.value.errors) == {"scope"}


def test_unknown_scope_is_named() -> None:
    with pytest.raises(InvalidRequest) as error:
        World().play.open(request(scope="other"), PEER)
    assert set(error.value.errors) == {"scope"}


#: A trusted proxy, and the client that it names.
PROXY, FORWARDED = Peer("10.0.0.1", trusted=True, key="10.0.0.1"), Forwarded(None, "5.6.7.8", None)


@pytest.mark.parametrize(
    ("fields", "banned"),
    [
        ({"player": "ada"}, True),
        ({"player": "ada", "hunt": "harbour"}, True),
        ({"player": "ada", "hunt": "timed"}, False),
        ({"player": "bob"}, False),
        ({"network": "5.6.7.0/24"}, True),
        ({"network": "10.0.0.0/24"}, False),
    ],
)
def test_banned_client_neither_clicks_nor_listens(fields: dict[str, Any], banned: bool) -> None:
    world, asked = World(), request(forwarded=FORWARDED)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    known = {"id": 1, "player": None, "network": None, "hunt": None, "reason": "", "until": None}
    world.bans.replace([Ban(**known | fields, at=now, actor="op")])
    refused = world.play.click(asked, PROXY, BODY, ignore, 0.0)
    answer = world.play.events(asked, PROXY)
    assert isinstance(refused, Banned) == isinstance(answer, Banned) == banned
    assert len(world.intake.clicks) == (not banned)


@pytest.mark.parametrize("way", ["click", "events"])
def test_players_are_counted_at_their_address_once_in_each_generation(way: str) -> None:
    world = World()
    addresses = world.play.addresses
    for player in ("ada", "bob"):
        world.tokens.player, asked = player, request(forwarded=FORWARDED)
        for _ in range(2):
            if way == "click":
                world.play.click(asked, PROXY, BODY, ignore, 0.0)
            else:
                world.play.events(asked, PROXY)
            assert asked.noted is addresses.generation
    assert set(addresses.counters("harbour")) == {"5.6.7.8"}
    assert len(addresses) == 1


TRACE = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", True, "")


class FakeTracer:
    """Notes the spans of requests, and the statuses with which they ended."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, TraceContext, float]] = []
        self.ended: list[int] = []

    def begin(self, name: str, context: TraceContext, since: float) -> FakeTracer:
        self.begun.append((name, context, since))
        return self

    def inside(self, *given: object) -> None:
        raise NotImplementedError

    def end(self, status: int) -> None:
        self.ended.append(status)


@pytest.mark.parametrize("way", ["click", "click_on"])
def test_span_of_a_traced_click_ends_with_its_outcome(way: str) -> None:
    tracer = FakeTracer()
    world, asked = World(tracer=tracer), request(trace=TRACE)
    outcomes: list[Outcome] = []
    if way == "click":
        assert world.play.click(asked, PEER, BODY, outcomes.append, 3.0) is None
        name = f"POST {contract.CLICKS}"
    else:
        stream = world.play.open(asked, PEER)
        assert world.play.click_on(stream, asked, PEER, BODY, outcomes.append, 3.0) is None
        name = f"CLICK {contract.SOCKET}"
    assert (tracer.begun, tracer.ended) == ([(name, TRACE, 3.0)], [])
    outcome = Settlement(Reward(1, CLICK_ID, "ada", None, 0, ""), duplicate=False)
    world.intake.settle[0](outcome)
    assert (tracer.ended, outcomes) == ([200], [outcome])


def test_span_of_a_refused_click_ends_with_its_status() -> None:
    tracer = FakeTracer()
    world, asked = World(tracer=tracer), request(trace=TRACE)
    stream = world.play.open(asked, PEER)
    assert world.play.check(asked, 1.0) is None
    assert not tracer.begun
    asked.identity, asked.content_type = None, "text/plain"
    world.play.check(asked, 1.0)
    world.play.click(asked, PEER, BODY, ignore, 2.0)
    world.play.click_on(stream, asked, PEER, b"[]", ignore, 3.0)
    names = [f"POST {contract.CLICKS}"] * 2 + [f"CLICK {contract.SOCKET}"]
    assert tracer.begun == list(zip(names, [TRACE] * 3, (1.0, 2.0, 3.0), strict=True))
    assert tracer.ended == [415, 415, 400]


@pytest.mark.parametrize("traced", [True, False])
def test_click_has_no_span_without_a_trace_or_without_a_tracer(traced: bool) -> None:
    tracer = FakeTracer()
    world = World(tracer=None if traced else tracer)
    asked = request(trace=TRACE if traced else None)
    stream = world.play.open(asked, PEER)
    assert world.click(asked) is None
    assert world.play.click_on(stream, asked, PEER, BODY, ignore, 0.0) is None
    asked.hunt = "nowhere"
    assert isinstance(world.play.check(asked, 0.0), HuntNotFound)
    assert not tracer.begun


def test_request_ids_of_clients_are_kept() -> None:
    assert World().play.ids.choose("mine") == "mine"
