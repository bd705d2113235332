"""Trace contexts of all transports: in the logs, and as spans at a real OTLP receiver."""

from __future__ import annotations

import gzip
import http.server
import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
import trio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.testing import capture_logs

from tests.support.raw_websocket import next_of, opened
from tests.support.serving import Client, serving, stream

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACED = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=1"}
CLICKS, EVENTS = "/v1/hunts/<hunt_id>/clicks", "/v1/hunts/<hunt_id>/events"
SOCKET = "/v1/hunts/<hunt_id>/socket"


class Receiver:
    """A collector that keeps the spans that it receives by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        received = self.spans

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                message = ExportTraceServiceRequest.FromString(body)
                for resource in message.resource_spans:
                    for scope in resource.scope_spans:
                        received.extend(scope.spans)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


async def click_over_socket(client: Client, **fields: Any) -> None:
    """Click once over a WebSocket whose handshake has a trace."""
    async with opened(client, **TRACED) as socket:
        await next_of(socket)
        click = {"id": str(uuid.uuid4()), "x": 1, "y": 2} | fields
        await socket.send_message(json.dumps({"click": click}))
        while (await next_of(socket))[0] not in {"settled", "refused"}:
            pass


async def send_everything(client: Client) -> None:
    """Send one request of each kind, all in one trace."""
    client.headers.update(TRACED)
    assert (await client.click()).status_code == 200
    assert (await client.click(x=101)).status_code == 400
    assert (await client.get("/v1/hunts")).status_code == 200
    async with stream(client) as events:
        await events.next()
    await click_over_socket(client)


async def test_spans_of_each_way_in_reach_the_collector(database: str, receiver: Receiver) -> None:
    async with serving(database, otlp_url=receiver.url) as client:
        await send_everything(client)
    by_name: dict[str, list[Any]] = {}
    for span in receiver.spans:
        assert span.trace_id.hex() == TRACE
        by_name.setdefault(span.name, []).append(span)
    assert {name: len(spans) for name, spans in by_name.items()} == {
        f"POST {CLICKS}": 2, "GET /v1/hunts": 1, f"GET {EVENTS}": 1, f"GET {SOCKET}": 1,
        f"CLICK {SOCKET}": 1, "lane": 2, "commit": 2,
    }  # fmt: skip
    clicks = {each.span_id: each for each in by_name[f"POST {CLICKS}"] + by_name[f"CLICK {SOCKET}"]}
    for request in (*clicks.values(), *by_name[f"GET {EVENTS}"]):
        assert request.parent_span_id.hex() == PARENT
        assert request.trace_state == "a=1"
    for lane, commit in zip(by_name["lane"], by_name["commit"], strict=True):
        request = clicks[lane.parent_span_id]
        assert commit.parent_span_id == lane.parent_span_id
        assert abs(lane.start_time_unix_nano - request.start_time_unix_nano) < 1e6
        assert lane.end_time_unix_nano <= commit.start_time_unix_nano + 1e6
        assert commit.end_time_unix_nano <= request.end_time_unix_nano + 1e6


async def test_trace_is_in_the_lines_of_each_way_in(database: str) -> None:
    with capture_logs() as lines:
        async with serving(database, log_level="debug") as client:
            await send_everything(client)
    ids = {"trace_id": TRACE, "parent_id": PARENT}
    for event, number in (("request answered", 6), ("click settled", 2)):
        found = [each for each in lines if each["event"] == event]
        assert len(found) == number
        assert all(each.items() >= ids.items() for each in found)
    settled = next(each for each in lines if each["event"] == "click settled")
    assert (settled["hunt"], settled["status"], settled["commit"] > 0) == ("harbour", 200, True)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("traceparent", TRACED["traceparent"].upper())],
        [("traceparent", TRACED["traceparent"]), ("traceparent", TRACED["traceparent"])],
    ],
    ids=["none", "invalid", "two"],
)
async def test_without_one_valid_header_there_is_no_trace(
    headers: list[tuple[str, str]], database: str, receiver: Receiver
) -> None:
    with capture_logs() as lines:
        async with serving(database, access_log_clicks=1, otlp_url=receiver.url) as client:
            body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
            sent = [*client.headers.multi_items(), *headers]
            response = await client.post("/v1/hunts/harbour/clicks", json=body, headers=sent)
    assert response.status_code == 200
    [line] = [each for each in lines if each["event"] == "request answered"]
    assert not {"trace_id", "parent_id"} & line.keys()
    assert not receiver.spans


async def test_silent_collector_delays_no_click(database: str) -> None:
    listening = trio.socket.socket()
    await listening.bind(("127.0.0.1", 0))
    listening.listen()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces"
    with listening:
        async with serving(database, otlp_url=url) as client:
            client.headers.update(TRACED)
            with trio.fail_after(5):
                for _ in range(20):
                    assert (await client.click()).status_code == 200


@pytest.mark.parametrize("on", [False, True])
async def test_click_without_a_trace_calls_no_tracing(
    on: bool, database: str, receiver: Receiver
) -> None:
    calls: list[str] = []

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.endswith(
            ("tracing.py", "spans.py", "trace_context.py")
        ):
            calls.append(frame.f_code.co_qualname)

    async with serving(database, otlp_url=receiver.url if on else None) as client:
        await client.click()
        kept: Callable[..., object] | None = sys.getprofile()
        sys.setprofile(count)
        try:
            assert (await client.click()).status_code == 200
        finally:
            sys.setprofile(kept)
    # On a busy machine the exporter may report now that it could not send the first click's span.
    calls = [each for each in calls if each != "_log_failure"]
    assert calls == (["ClickTracing.settled"] if on else []), "one call for each batch"
