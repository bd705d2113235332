"""Hypercorn's HTTP/1.1, without the way from there to HTTP/2 over cleartext."""

from __future__ import annotations

import h11
from hypercorn.protocol.h11 import H11Protocol


class HTTP1(H11Protocol):
    """Answers a request that would upgrade to h2c as if it had not asked.

    A server may ignore an ``Upgrade`` (RFC 9110, 7.8), and no browser sends this one.
    Hypercorn's upgrade parses ``HTTP2-Settings`` unguarded (H1), and a client that
    announces a window of nothing and leaves holds its connection for long.
    """

    async def _check_protocol(self, event: h11.Request) -> None:
        upgrades = {value.lower() for name, value in event.headers if name == b"upgrade"}
        if upgrades != {b"h2c"}:
            await super()._check_protocol(event)
