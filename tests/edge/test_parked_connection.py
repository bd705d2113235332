"""One parked connection alone: a real socket, and fakes of the services behind the play API."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any, Self

import pytest
import trio
import trio.testing
from hypercorn.config import Config
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.events import Reward, Settlement
from hunt.core.proxies import Peer
from hunt.edge.admission import BEYOND_TIMEOUT, Admission, Slot
from hunt.edge.lingering import LINGER_TIMEOUT, LingeringClose
from hunt.edge.park import HEAD_TIMEOUT, IDLE_TIMEOUT, Park
from hunt.edge.parked_connection import MAX_PIPELINED, PIPELINED_REQUESTS, READ, ParkedConnection
from hunt.edge.parked_stream import ParkedStream
from hunt.edge.sending import SEND_TIMEOUT
from hunt.play import contract
from hunt.play.answers import Beyond
from hunt.play.replies import Document, Reply
from hunt.play.request import Request
from hunt.play.resources import Fixed, Resources
from tests.support.fake_play import PEER, World
from tests.support.raw_http import body_of_click, click_with

OTHER = b"GET /nothing HTTP/1.1\r\nHost: hunt\r\n\r\n"
PAGE = b"GET /page HTTP/1.1\r\nHost: hunt\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: hunt\r\n\r\n"
LATE = b"GET /late HTTP/1.1\r\nHost: hunt\r\nX-Request-Id: mine\r\n\r\n"
EVENTS = b"GET /v1/hunts/harbour/events HTTP/1.1\r\nHost: hunt\r\nAuthorization: Bearer t\r\n\r\n"
SIZE = 10**6  #: bytes of the large page, more than a socket holds


def click(*, token: str = "good", head: str = "", body: str | None = None) -> bytes:
    return click_with(token, head=head, body=body or body_of_click())


REFUSED = click(token="wrong")


class Late:
    """A resource that is not in memory."""

    route, methods = "/late", frozenset({"GET"})

    def __init__(self) -> None:
        self.ready = trio.Event()
        self.asked: list[tuple[Peer, object]] = []

    def peek(self, request: Request, peer: Peer) -> None:
        return None

    async def get(self, request: Request, peer: Peer) -> Reply:
        await self.ready.wait()
        self.asked.append((peer, get_contextvars()["request_id"]))
        return Reply(200, (), b"late")


class Client:
    """The client of a parked connection.

    Args:
        beyond: The connection limit that the connection exceeds.
    """

    def __init__(self, beyond: Beyond = None) -> None:
        self.world = World(access_log_clicks=1)
        self.late = Late()
        self.handed: list[tuple[bytes, Slot]] = []
        page = Fixed("/page", Document(b"page"))
        large = Fixed("/large", Document(bytes(SIZE), level=0))
        resources = Resources(
            {"/page": page, "/large": large, "/late": self.late}, {}, {}, everywhere=False
        )
        self.park = Park(
            self.world.play, heartbeat=8.0, config=Config(), hand_over=self._take,
            resources=resources,
        )  # fmt: skip
        near, self.sock = socket.socketpair()
        near.setblocking(False)
        self.sock.setblocking(False)
        self.slot = Admission(trio.current_time).admit(PEER)
        self.slot.beyond = beyond
        self.connection = ParkedConnection(self.park, near.detach(), self.slot)
        self._sockets = ExitStack()
        self._sockets.enter_context(self.sock)
        self._settled = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._sockets.close()

    def _take(self, fd: int, received: bytes, slot: Slot) -> None:
        self.handed.append((received, slot))
        self.handed_socket = self._sockets.enter_context(socket.socket(fileno=fd))

    async def send(self, data: bytes) -> None:
        """Send, and let the server answer."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.sock.send(rest) :]
            await trio.testing.wait_all_tasks_blocked()

    async def settle(self) -> None:
        """Settle the oldest click in flight."""
        intake = self.world.intake
        click_id = intake.clicks[self._settled][2]
        reward = Reward(self._settled + 1, click_id, "ada", None, 0, "2026-11-01T18:00:00Z")
        self._settled += 1
        intake.settle[self._settled - 1](Settlement(reward, duplicate=False))
        await trio.testing.wait_all_tasks_blocked()

    def received(self) -> bytes:
        """Return all bytes that have arrived."""
        data = b""
        try:
            while more := self.sock.recv(2**20):
                data += more
        except BlockingIOError:
            pass
        return data

    def statuses(self) -> list[int]:
        """Return the statuses of the responses that have arrived."""
        return [int(each) for each in re.findall(rb"HTTP/1\.1 ([0-9]+) ", self.received())]

    async def received_until(self, done: Callable[[bytes], object]) -> bytes:
        """Return the bytes that arrive until they, or the end of the connection, are `done`."""
        data = self.received()
        with trio.fail_after(10):
            while not done(data):
                await trio.testing.wait_all_tasks_blocked()
                data += self.received()
        return data

    def has_ended(self) -> bool:
        """Return whether the server has closed the connection or its sending half."""
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False

    @property
    def is_parked(self) -> bool:
        return self.connection.fd >= 0


@pytest.fixture
async def client(request: pytest.FixtureRequest, nursery: trio.Nursery) -> AsyncIterator[Client]:
    # Lines that are not captured take longer than the tests.
    with Client(getattr(request, "param", None)) as made, capture_logs():
        await nursery.start(made.park.run)
        await trio.testing.wait_all_tasks_blocked()
        yield made


#: The connection limit that the client's connection exceeds.
over_limit = pytest.mark.parametrize("client", ["all", "address"], indirect=True)


async def test_click_is_answered_and_logged_once_it_is_settled(
    autojump_clock: MockClock, client: Client
) -> None:
    given: list[Any] = []
    taken = client.world.intake.click
    client.world.intake.click = lambda *args: (given.append(args[-1]), taken(*args))[1]  # type: ignore[method-assign, func-returns-value]
    await trio.sleep(3)
    arrived = trio.current_time()
    for _ in range(2):  # by a new head, and by a cached one
        client.world.now = trio.current_time() + 0.5
        with capture_logs() as lines:
            await client.send(click(head="X-Request-Id: mine\r\n"))
            assert client.received() == b""
            await client.settle()
        head, _, body = client.received().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"x-request-id: mine" in head
        assert json.loads(body)["id"] == client.world.intake.clicks[-1][2]
        assert lines == [{
            "event": "request answered", "log_level": "info", "method": "POST",
            "route": contract.CLICKS, "status": 200, "bytes": len(body), "seconds": 0.5,
            "request_id": "mine",
        }]  # fmt: skip
        await trio.sleep(2)
    assert given == [arrived, arrived + 2]
    assert client.world.tokens.verified == [("good", "bearer")]
    assert client.world.play.access._requests == {(contract.CLICKS, 200): 2}
    assert len(client.park.heads.cache) == 1
    assert client.park.faults["contained"] == 0


async def test_requests_are_only_counted_without_an_access_log(client: Client) -> None:
    access = client.world.play.access
    access.on, access.only_counts = False, True
    await client.send(REFUSED + click())
    await client.settle()
    assert client.statuses() == [401, 200]
    assert access._requests == {(contract.CLICKS, 401): 1, (contract.CLICKS, 200): 1}


@pytest.mark.parametrize(
    ("pieces", "ids"),
    [
        pytest.param([click(), click()], 2, id="each with the cached head"),
        pytest.param([click() + click()], 2, id="two at once"),
        pytest.param([click()[:-1], b"}"], 1, id="a late end"),
        pytest.param([click()[:150], click()[150:]], 1, id="a late body"),
        pytest.param([click(token="wait")], 1, id="another token of the same length"),
        pytest.param([b"POST /v1/hunts/harbour/clicks HTTP/1.1\r\nX: ", click()], 1, id="odd"),
    ],
)
async def test_requests_behind_a_click_are_served_by_their_own_heads(
    client: Client, pieces: list[bytes], ids: int
) -> None:
    for number, sent in enumerate([[click()], pieces, [click()]]):
        for each in sent:
            await client.send(each)
        for _ in range(ids if number == 1 else 1):
            await client.settle()
    assert client.statuses() == [200] * (ids + 2)
    assert len(client.world.intake.clicks) == ids + 2
    tokens = {token for token, _ in client.world.tokens.verified}
    assert tokens == {"good"} | {"wait" for each in pieces if b"wait" in each}
    assert client.connection.buffer == b""


async def test_click_waits_for_the_one_in_flight(client: Client) -> None:
    await client.send(click())
    await client.settle()
    for _ in range(3):
        await client.send(click())
    assert len(client.world.intake.clicks) == 2
    for number in (2, 3, 4):
        assert client.statuses() == [200]
        assert len(client.world.intake.clicks) == number
        await client.settle()


async def test_head_is_kept_only_if_it_is_cached(client: Client) -> None:
    heads = client.park.heads
    for sent, cached in ((REFUSED, 0), (click(), 1), (click(head="X: x\r\n"), 2)):
        await client.send(sent)
        if sent is not REFUSED:
            await client.settle()
        assert (len(heads.cache), client.connection._head is not None) == (cached, cached > 0)
    long = f"X: {'x' * 4000}\r\n"
    await client.send(click(head=long))
    await client.settle()
    assert (len(heads.cache), client.connection._head) == (2, None)
    assert client.statuses() == [401, 200, 200, 200]


async def test_pipelined_requests_take_turns_with_other_connections(client: Client) -> None:
    count = 3 * PIPELINED_REQUESTS + 1
    client.sock.send(REFUSED * (count - 1) + click())
    client.connection.readable()
    assert client.statuses() == [401] * PIPELINED_REQUESTS
    client.sock.send(REFUSED)
    client.connection.readable()
    assert client.statuses() == [], "the others come first"
    await trio.testing.wait_all_tasks_blocked()
    assert client.statuses() == [401] * (2 * PIPELINED_REQUESTS)
    await client.settle()
    assert client.statuses() == [200, 401]


async def test_connection_with_too_much_pipelined_input_is_not_read(client: Client) -> None:
    await client.send(click())
    waiting = REFUSED * (2 * MAX_PIPELINED // len(REFUSED))
    await client.send(waiting[:MAX_PIPELINED])
    assert (len(client.connection.buffer), client.connection.watched) == (MAX_PIPELINED, True)
    client.sock.send(waiting[MAX_PIPELINED:])
    for _ in range(2):
        await trio.testing.wait_all_tasks_blocked()
        assert not client.connection.watched
        assert len(client.connection.buffer) <= MAX_PIPELINED + READ
    await client.settle()
    count = 2 * MAX_PIPELINED // len(REFUSED)
    data = await client.received_until(lambda data: data.count(b"HTTP/1.1 401 ") == count)
    assert data.startswith(b"HTTP/1.1 200 ")
    await trio.testing.wait_all_tasks_blocked()
    assert client.connection.buffer == b""
    assert client.connection.watched
    await client.send(REFUSED)
    assert client.statuses() == [401]
    assert client.park.faults["contained"] == 0


@pytest.mark.parametrize("first", [b"", PAGE, click()[:40]], ids=["new", "used", "incomplete"])
async def test_connection_ends_with_its_client(client: Client, first: bytes) -> None:
    await client.send(first)
    client.sock.close()  # of "used", with an unread answer: a reset
    await trio.testing.wait_all_tasks_blocked()
    assert not client.is_parked
    assert not client.park._parked
    assert client.park.faults["contained"] == 0


@pytest.mark.parametrize(
    ("behind", "answers"),
    [(b"", 1), (PAGE, 2), (PAGE + REFUSED, 3), (PAGE + PAGE[:20], 2)],
    ids=["nothing", "request", "requests", "incomplete"],
)
@pytest.mark.parametrize("sent", [click(), LATE, LARGE], ids=["click", "late", "large"])
async def test_half_closed_connection_ends_with_its_last_answer(
    client: Client, sent: bytes, behind: bytes, answers: int
) -> None:
    await client.send(sent + behind)
    client.sock.shutdown(socket.SHUT_WR)
    await trio.testing.wait_all_tasks_blocked()
    assert client.is_parked
    assert not client.connection.watched
    client.late.ready.set()
    if sent.startswith(b"POST"):
        await client.settle()
    data = await client.received_until(lambda _: client.has_ended())
    assert re.findall(rb"HTTP/1\.1 (\d+) ", data) == [b"200", b"200", b"401"][:answers]
    assert not client.is_parked
    assert client.park.faults["contained"] == 0


async def test_stream_of_a_half_closed_connection_ends_at_once(client: Client) -> None:
    await client.send(LATE + EVENTS)
    client.sock.shutdown(socket.SHUT_WR)
    await trio.testing.wait_all_tasks_blocked()
    client.late.ready.set()
    data = await client.received_until(lambda _: client.has_ended())
    assert data.count(b"HTTP/1.1 200 ") == 2
    assert b"text/event-stream" in data
    assert not client.is_parked
    assert not client.park._parked


async def test_answer_to_a_client_that_has_gone_ends_the_connection(client: Client) -> None:
    await client.send(click())
    client.sock.close()
    await trio.testing.wait_all_tasks_blocked()
    assert client.is_parked
    await client.settle()
    assert not client.is_parked
    assert not client.park._parked


async def test_click_may_be_settled_after_its_connection_has_ended(client: Client) -> None:
    await client.send(click())
    client.connection.abort()
    await client.settle()
    assert client.received() == b""
    assert client.world.play.access._requests == {(contract.CLICKS, 200): 1}
    assert client.park.faults["contained"] == 0


@pytest.mark.parametrize(
    "sent",
    [click(), LATE, REFUSED * (PIPELINED_REQUESTS + 1)],
    ids=["click", "late", "pipelined"],
)
async def test_defect_in_an_answer_ends_its_connection_only(client: Client, sent: bytes) -> None:
    client.sock.send(sent)
    client.connection.readable()
    client.park.answers = None  # type: ignore[assignment]
    client.late.ready.set()
    with capture_logs() as lines:
        for _ in client.world.intake.clicks:
            await client.settle()
        await trio.testing.wait_all_tasks_blocked()
    assert not client.is_parked
    assert client.park.faults["contained"] == 1
    assert lines[-1]["error"] == "AttributeError"


async def test_bytes_that_were_read_earlier_are_served(client: Client) -> None:
    client.connection.begin(PAGE + click()[:30])
    assert client.statuses() == [200]
    assert client.connection.buffer == click()[:30]
    client.park.answers = None  # type: ignore[assignment]
    client.connection.begin(PAGE)
    assert not client.is_parked
    client.connection.begin(PAGE)
    assert client.park.faults["contained"] == 1


async def test_resource_in_memory_is_answered_and_logged(
    autojump_clock: MockClock, client: Client
) -> None:
    await trio.sleep(3)
    client.world.now = trio.current_time() + 0.5
    with capture_logs() as lines:
        await client.send(PAGE + PAGE)
    assert client.received().endswith(b"\r\n\r\npage")
    assert [(each["route"], each["status"], each["seconds"], each["bytes"]) for each in lines] \
        == [("/page", 200, 0.5, 4)] * 2  # fmt: skip
    assert len(client.park.heads.reads) == 1
    assert client.connection.since == trio.current_time()


async def test_resource_that_is_not_in_memory_is_answered_by_a_task(
    autojump_clock: MockClock, client: Client
) -> None:
    await client.send(LATE + PAGE)
    assert client.connection.idle_since() is None
    assert client.received() == b""
    client.late.ready.set()
    client.world.now = trio.current_time() + 0.5
    with capture_logs() as lines:
        await trio.testing.wait_all_tasks_blocked()
    late, _, page = client.received().partition(b"late")
    assert b"x-request-id: mine" in late
    assert page.endswith(b"page")
    assert client.late.asked == [(PEER, "mine")]
    assert [(each["route"], each["seconds"]) for each in lines] \
        == [("/late", 0.5), ("/page", 0.5)]  # fmt: skip
    assert lines[0]["request_id"] == "mine"
    assert client.connection.idle_since() is not None


async def test_rest_of_a_large_answer_is_written_by_a_task(client: Client) -> None:
    await client.send(LARGE + PAGE)
    assert client.connection.idle_since() is None
    data = await client.received_until(lambda data: data.endswith(b"page"))
    assert data.count(b"HTTP/1.1 200 ") == 2
    assert data.count(bytes(SIZE)) == 1
    assert client.connection.idle_since() is not None


@pytest.mark.parametrize("gone", [True, False])
async def test_client_that_does_not_take_its_answer_is_disconnected(
    autojump_clock: MockClock, client: Client, gone: bool
) -> None:
    await client.send(LARGE)
    if gone:
        client.sock.close()
        await trio.testing.wait_all_tasks_blocked()
    else:
        await trio.sleep(SEND_TIMEOUT - 1)
        assert client.is_parked
        await trio.sleep(2)
    assert not client.is_parked
    assert not client.park._parked


@pytest.mark.parametrize("sent", [REFUSED, PAGE, click(), LARGE, LATE])
async def test_last_answer_is_followed_by_a_lingering_close(client: Client, sent: bytes) -> None:
    client.park.announce_close(True)
    client.late.ready.set()
    await client.send(sent)
    if b"good" in sent:
        await client.settle()
    data = await client.received_until(lambda _: client.has_ended())
    assert b"connection: close" in data
    assert not client.is_parked
    [parked] = client.park._parked.values()
    assert isinstance(parked, LingeringClose)
    await client.send(REFUSED)  # discarded
    client.sock.close()
    await trio.testing.wait_all_tasks_blocked()
    assert not client.park._parked
    assert client.park.faults["contained"] == 0


async def test_lingering_close_times_out(autojump_clock: MockClock, client: Client) -> None:
    await trio.sleep(3)
    client.park.announce_close(True)
    await client.send(REFUSED)
    [parked] = client.park._parked.values()
    assert isinstance(parked, LingeringClose)
    now = trio.current_time()
    assert parked.idle_since() == now
    parked.close_if_idle()
    parked.check_timeout(now + LINGER_TIMEOUT)
    assert client.park._parked
    parked.check_timeout(now + LINGER_TIMEOUT + 0.01)
    assert not client.park._parked


@pytest.mark.parametrize("end", ["evict", "abort", "reset"])
async def test_lingering_close_ends_at_once(client: Client, end: str) -> None:
    client.park.announce_close(True)
    await client.send(REFUSED)
    [parked] = client.park._parked.values()
    if end == "reset":
        client.sock.close()  # with an unread answer
        await trio.testing.wait_all_tasks_blocked()
    else:
        getattr(parked, end)()
    assert not client.park._parked
    assert client.park.faults["contained"] == 0


async def test_paused_connection_is_read_again_until_its_client_closes(client: Client) -> None:
    await client.send(click())
    await client.send(REFUSED * (2 * MAX_PIPELINED // len(REFUSED)))
    assert not client.connection.watched
    client.park.announce_close(True)
    await client.settle()
    assert client.statuses() == [200]
    client.sock.close()
    await trio.testing.wait_all_tasks_blocked()
    assert not client.park._parked
    assert client.park.faults["contained"] == 0


@over_limit
async def test_click_over_the_connection_limit_is_the_last_request(client: Client) -> None:
    await client.send(click() + click())
    data = client.received()
    assert data.count(b"HTTP/1.1 503 ") == 1
    assert b"\r\nconnection: close\r\n" in data
    assert (b"this address" in data) == (client.slot.beyond == "address")
    assert client.has_ended()
    assert not client.world.intake.clicks


@over_limit
async def test_stream_over_the_connection_limit_is_paused(client: Client) -> None:
    await client.send(EVENTS)
    data = client.received()
    assert data.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in data
    assert b"retry:" in data
    assert client.has_ended()


@over_limit
async def test_hypercorn_serves_resources_over_the_connection_limit(client: Client) -> None:
    await client.send(PAGE)
    assert client.handed == [(PAGE, client.slot)]


@pytest.mark.parametrize("before", [b"", PAGE])
async def test_other_request_is_handed_over(client: Client, before: bytes) -> None:
    await client.send(before + OTHER + PAGE)
    assert client.handed == [(OTHER + PAGE, client.slot)]
    assert client.statuses() == [200] * bool(before)
    assert not client.is_parked
    assert not client.park._parked
    await client.send(PAGE)
    assert client.handed_socket.recv(100) == PAGE, "the park reads it no more"


async def test_paused_connection_is_handed_over(client: Client) -> None:
    await client.send(click())
    waiting = OTHER * (2 * MAX_PIPELINED // len(OTHER))
    await client.send(waiting)
    assert not client.connection.watched
    await client.settle()
    [(received, _)] = client.handed
    assert waiting.startswith(received)
    assert len(received) > MAX_PIPELINED
    assert client.park.faults["contained"] == 0


async def test_stream_takes_its_connection(autojump_clock: MockClock, client: Client) -> None:
    await trio.sleep(3)
    client.world.now = trio.current_time() + 0.5
    with capture_logs() as lines:
        await client.send(EVENTS.replace(b"Host", b"X-Request-Id: mine\r\nHost"))
    data = client.received()
    assert data.startswith(b"HTTP/1.1 200 ")
    assert b"x-request-id: mine" in data
    assert b"event: hello" in data
    assert not client.is_parked
    [parked] = client.park._parked.values()
    assert isinstance(parked, ParkedStream)
    assert parked.slot is client.slot
    assert lines == [{
        "event": "request answered", "log_level": "info", "method": "GET",
        "route": contract.EVENTS, "status": 200, "seconds": 0.5, "request_id": "mine",
    }]  # fmt: skip


async def test_silent_stream_gets_a_heartbeat_after_seven_of_eight_ticks(
    autojump_clock: MockClock, client: Client
) -> None:
    await client.send(EVENTS)
    assert b"event: hello" in client.received()
    await trio.sleep(0.5)  # between two ticks, of a second each
    heard = []
    for second in range(1, 25):
        await trio.sleep(1)
        if (data := client.received()) != b"":
            assert data == b"4\r\n: \n\n\r\n"
            heard.append(second)
    assert heard == [7, 14, 21]


async def test_connection_remains_after_a_refused_stream(client: Client) -> None:
    for _ in range(2):
        await client.send(EVENTS.replace(b"Bearer t", b"Bearer wrong"))
        await client.send(REFUSED)
    assert client.statuses() == [401] * 4
    assert client.is_parked


@pytest.mark.parametrize(
    ("client", "sent", "limit"),
    [
        (None, b"", IDLE_TIMEOUT),
        (None, b"P", HEAD_TIMEOUT),
        ("all", b"", BEYOND_TIMEOUT),
        ("all", b"P", BEYOND_TIMEOUT),
    ],
    indirect=["client"],
)
async def test_connection_times_out(
    autojump_clock: MockClock, client: Client, sent: bytes, limit: float
) -> None:
    since = trio.current_time()
    if sent:
        await trio.sleep(1)
        since += 1
        for each in (b"P", b"O"):  # the first byte counts
            await client.send(each)
            await trio.sleep(0.5)
    client.connection.check_timeout(since + limit)
    assert client.is_parked
    client.connection.check_timeout(since + limit + 0.01)
    assert not client.is_parked


async def test_request_in_flight_has_no_timeout(autojump_clock: MockClock, client: Client) -> None:
    await client.send(click())
    assert client.connection.idle_since() is None
    client.connection.check_timeout(trio.current_time() + 2 * IDLE_TIMEOUT)
    assert client.is_parked
    await trio.sleep(1)
    await client.send(b"P")
    await client.settle()
    await trio.sleep(1)
    assert client.connection.idle_since() == trio.current_time() - 1


@pytest.mark.parametrize("close", ["evict", "close_if_idle"])
@pytest.mark.parametrize(
    ("sent", "evicted", "closed"),
    [
        (b"", True, True),
        (click(), False, False),
        (REFUSED, True, True),
        (b"P", True, False),
    ],
)
async def test_request_that_has_arrived_is_served_before_the_close(
    client: Client, close: str, sent: bytes, evicted: bool, closed: bool
) -> None:
    client.sock.send(sent)
    getattr(client.connection, close)()
    assert client.is_parked != (evicted if close == "evict" else closed)
    assert client.statuses() == [401] * (sent is REFUSED)
    getattr(client.connection, close)()
    assert client.is_parked != (evicted if close == "evict" else closed)
    assert client.park.faults["contained"] == 0


async def test_defect_in_an_eviction_is_contained(client: Client) -> None:
    client.park.answers = None  # type: ignore[assignment]
    client.sock.send(REFUSED)
    client.connection.evict()
    assert not client.is_parked
    assert client.park.faults["contained"] == 1
