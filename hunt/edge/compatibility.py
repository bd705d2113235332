"""The private names of Hypercorn, Quart, Quart-Trio and h11 that hunt uses.

Add a name here when a class of hunt overrides or calls another private name.
`tests/test_compatibility.py` fails if an overridden name is missing.
"""

from __future__ import annotations

import sys

from hunt.compatibility import ATTRIBUTE, Package

# Quart 0.23 and Quart-Trio 0.13 dropped older Pythons; the names are the same in both.
_NEW = sys.version_info >= (3, 13)

_PROTOCOL = "app, config, context, task_group, connection_state, ssl, client, server, send"
_TRIO_SERVE = "app, config, *, sockets=, shutdown_trigger=, task_status="

HYPERCORN = Package(
    name="hypercorn",
    releases=("0.18",),
    read="0.18.0",
    names={
        # Replaced by `hunt.edge.installation`.
        "hypercorn.trio:worker_serve": _TRIO_SERVE,
        "hypercorn.trio.run:worker_serve": _TRIO_SERVE,
        "hypercorn.trio.run:TCPServer": "app, config, context, state, stream",
        "hypercorn.trio.run:WorkerContext": "max_requests",
        "hypercorn.trio.run:trio": ATTRIBUTE,
        "hypercorn.protocol:H11Protocol": _PROTOCOL,
        "hypercorn.protocol:H2Protocol": _PROTOCOL,
        # `hunt.edge.worker`
        "hypercorn.trio.worker_context:WorkerContext.terminate": ATTRIBUTE,
        "hypercorn.trio.worker_context:WorkerContext.terminated": ATTRIBUTE,
        # `hunt.edge.connection`
        "hypercorn.trio.tcp_server:TCPServer.run": "self",
        "hypercorn.trio.tcp_server:TCPServer.protocol_send": "self, event",
        "hypercorn.trio.tcp_server:TCPServer._close": "self",
        "hypercorn.trio.tcp_server:TCPServer._idle_timeout": "self",
        "hypercorn.trio.tcp_server:TCPServer._initiate_server_close": "self",
        "hypercorn.trio.tcp_server:TCPServer._read_data": "self",
        "hypercorn.trio.tcp_server:TCPServer.idle_task": ATTRIBUTE,
        "hypercorn.trio.tcp_server:TCPServer.send_lock": ATTRIBUTE,
        "hypercorn.protocol:ProtocolWrapper.handle": "self, event",
        "hypercorn.protocol:ProtocolWrapper.protocol": ATTRIBUTE,
        # `hunt.edge.http1`
        "hypercorn.protocol.h11:H11Protocol.connection": ATTRIBUTE,
        "hypercorn.protocol.h11:H11Protocol.initiate": "self",
        "hypercorn.protocol.h11:H11Protocol.stream_send": "self, event",
        "hypercorn.protocol.h11:H11Protocol._check_protocol": "self, event",
        "hypercorn.protocol.h11:H11Protocol._close_stream": "self",
        "hypercorn.protocol.h11:H11Protocol._create_stream": "self, request",
        "hypercorn.protocol.h11:H11Protocol._handle_events": "self",
        "hypercorn.protocol.h11:H11Protocol._maybe_recycle": "self",
        "hypercorn.protocol.h11:H11Protocol._send_error_response": "self, status_code",
        "hypercorn.protocol.h11:H11Protocol._send_h11_event": "self, event",
        # `hunt.edge.http2`
        "hypercorn.protocol.h2:H2Protocol.connection": ATTRIBUTE,
        "hypercorn.protocol.h2:H2Protocol.streams": ATTRIBUTE,
        "hypercorn.protocol.h2:H2Protocol.handle": "self, event",
        "hypercorn.protocol.h2:H2Protocol.priority": ATTRIBUTE,
        "hypercorn.protocol.h2:H2Protocol.stream_buffers": ATTRIBUTE,
        "hypercorn.protocol.h2:StreamBuffer": "event_class",
        "hypercorn.protocol.h2:H2Protocol.initiate": "self, headers=, settings=",
        "hypercorn.protocol.h2:H2Protocol.stream_send": "self, event",
        "hypercorn.protocol.h2:H2Protocol._close_stream": "self, stream_id",
        "hypercorn.protocol.h2:H2Protocol._flush": "self",
        "hypercorn.protocol.h2:H2Protocol._handle_events": "self, events",
        "hypercorn.protocol.h2:H2Protocol._window_updated": "self, stream_id",
    },
)

QUART = Package(
    name="quart",
    releases=("0.23",) if _NEW else ("0.20", "0.21", "0.22"),
    read="0.23.1" if _NEW else "0.22.0",
    names={
        "quart.app:Quart.create_url_adapter": "self, request",
        "quart.app:Quart.url_rule_class": (
            "string, defaults=, subdomain=, methods=, endpoint=, "
            "strict_slashes=, merge_slashes=, host=, websocket=, provide_automatic_options="
        ),
        "quart.asgi:ASGIHTTPConnection._create_request_from_scope": "self, send",
        "quart.wrappers.response:ResponseBody.__aenter__": "self",
        "quart.wrappers.response:ResponseBody.__aexit__": "self, exc_type, exc_value, tb",
    },
)

QUART_TRIO = Package(
    name="quart-trio",
    releases=("0.13",) if _NEW else ("0.12",),
    read="0.13.0" if _NEW else "0.12.0",
    names={
        "quart_trio.app:QuartTrio.asgi_http_class": "app, scope",
        "quart_trio.app:QuartTrio.request_class": (
            "method, scheme, path, query_string, headers, root_path, http_version, scope, *, "
            "max_content_length=, body_timeout=, send_push_promise"
        ),
        "quart_trio.asgi:TrioASGIHTTPConnection.__call__": "self, receive, send",
    },
)

H11 = Package(
    name="h11",
    releases=("0.16",),
    read="0.16.0",
    names={
        "h11._connection:Connection._receive_buffer": ATTRIBUTE,
        "h11._connection:Connection.next_event": "self",
        "h11._connection:Connection.receive_data": "self, data",
        "h11._connection:Connection.start_next_cycle": "self",
        "h11._connection:Connection.they_are_waiting_for_100_continue": ATTRIBUTE,
        "h11._receivebuffer:ReceiveBuffer.maybe_extract_lines": "self",
        "h11._receivebuffer:ReceiveBuffer.maybe_extract_next_line": "self",
    },
)

PACKAGES = (HYPERCORN, QUART, QUART_TRIO, H11)
