"""Parts of the wire contract that every HTTP transport keeps: routes, headers and limits."""

from __future__ import annotations

#: Route templates, as the access log names them.
CLICKS = "/v1/hunts/<hunt_id>/clicks"
EVENTS = "/v1/hunts/<hunt_id>/events"
SOCKET = "/v1/hunts/<hunt_id>/socket"

#: Maximum size of the body of a click, in bytes.
MAX_BODY = 4096

#: Maximum time for a body to arrive, in seconds.
BODY_TIMEOUT = 5

#: Headers of every response, unless its route sets another value.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

#: Headers of every event stream: proxies may neither cache nor buffer it.
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

#: The only version of the WebSocket protocol (RFC 6455, 4.1).
WEBSOCKET_VERSION = "13"
