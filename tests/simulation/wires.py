"""Client ends of an engine's connections, parked and awake."""

from __future__ import annotations

import json
import os
import re
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import trio
import trio.testing
from hypercorn.config import Config

from hunt.core import tokens
from hunt.edge.admission import Admission
from hunt.edge.handshake import Handshake, Upgraded
from hunt.edge.park import Park
from hunt.edge.parked_connection import ParkedConnection
from hunt.edge.socket import serve
from hunt.engine import Engine
from hunt.play.request import Request
from tests.simulation.ledger import HUNT
from tests.support.raw_websocket import say

#: Number of clicks on each connection, pipelined or one after the other.
CLICKS = 3

#: An answer of 200, a settled click of a socket, or a reward on a stream.
_TOLD = re.compile(rb'"id":"([0-9a-f-]{36})","seq":([0-9]+)')


def body() -> dict[str, object]:
    return {"id": str(uuid.uuid4()), "x": 1.0, "y": 1.0}


@dataclass
class Wires:
    """The client ends of an engine's connections, and all received answers."""

    socks: list[socket.socket] = field(default_factory=list)
    told: bytes = b""
    park: Park | None = None

    async def use(self, engine: Engine) -> None:
        """Click and listen on parked connections and a WebSocket, until all clicks are answered."""
        token = tokens.sign(engine.settings.jwt_secret, "ada", ttl=3600, now=datetime.now(UTC))
        async with trio.open_nursery() as nursery:
            park = self.park = Park(
                engine.play,
                heartbeat=engine.settings.heartbeat,
                config=Config(),
                hand_over=lambda fd, *_: os.close(fd),
            )
            await nursery.start(park.run)
            self._connect(park, f"GET /v1/hunts/{HUNT}/events", token, "\r\n")
            resume = f"Last-Event-ID: {engine.catalogue.hunts[HUNT].epoch}-0\r\n\r\n"
            self._connect(park, f"GET /v1/hunts/{HUNT}/events", token, resume)
            clicking = self._connect(park, f"GET /v1/hunts/{HUNT}", token, "\r\n", hot=False)
            async with trio.open_nursery() as talking:
                talking.start_soon(self._click, clicking, token)
                talking.start_soon(self._talk, engine, token)
            nursery.cancel_scope.cancel()

    def _connect(
        self, park: Park, line: str, token: str, rest: str, *, hot: bool = True
    ) -> socket.socket:
        """Connect, and request a stream if it is to be parked."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self.socks.append(theirs)
        head = f"{line} HTTP/1.1\r\nHost: hunt\r\nAuthorization: Bearer {token}\r\n{rest}"
        slot = Admission(trio.current_time).admit(park.play.proxies.peer(""))
        ParkedConnection(park, ours.detach(), slot).begin(head.encode() * hot)
        return theirs

    async def _click(self, sock: socket.socket, token: str) -> None:
        for _ in range(CLICKS):
            data = json.dumps(body()).encode()
            sock.send(
                b"POST /v1/hunts/%b/clicks HTTP/1.1\r\nHost: hunt\r\nAuthorization: Bearer %b\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (HUNT.encode(), token.encode(), len(data), data)
            )
            await trio.lowlevel.wait_readable(sock)
            self.told += sock.recv(65536)

    async def _talk(self, engine: Engine, token: str) -> None:
        """Click on a WebSocket, and close it once all clicks are answered."""
        client, server = trio.testing.memory_stream_pair()
        asked = Request(hunt=HUNT, host="hunt", authorization=f"Bearer {token}")
        upgraded = Upgraded(Handshake(asked, b"k" * 24, "r"), engine.play.proxies.peer(""), b"")
        async with client, trio.open_nursery() as nursery:
            nursery.start_soon(partial(serve, engine.play, server, upgraded))
            for _ in range(CLICKS):
                await client.send_all(say(click=body()))
            heard = b""
            while sum(heard.count(each) for each in (b'"settled"', b'"refused"')) < CLICKS:
                heard += await client.receive_some(65536)
            self.told += heard
            await client.send_all(say(ping=1))
            await client.aclose()

    def check(self, rows: dict[str, int]) -> None:
        """Check that all connections have ended, and that all answers are true."""
        for sock in self.socks:
            with sock, suppress(ConnectionResetError):
                # Raises if the other end is still open.
                while data := sock.recv(65536):
                    self.told += data
        for click, seq in _TOLD.findall(self.told):
            assert rows[click.decode()] == int(seq)
        if self.park is not None:
            assert not self.park._parked
            assert not self.park._timed
