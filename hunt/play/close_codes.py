"""Close codes of WebSockets: standard ones, and 4000 plus an HTTP status."""

from __future__ import annotations

#: The hunt has ended.
OVER = 1000

#: A message is not a JSON object.
NOT_JSON = 1007

#: The server failed.
FAILED = 1011

#: The server drains; reconnect.
RESTART = 1012

#: The server cannot serve the client now; reconnect later.
AGAIN = 1013

#: The token is missing, invalid or expired.
BAD_TOKEN = 4401

#: The client read too slowly; reconnect and resume.
TOO_SLOW = 4408
