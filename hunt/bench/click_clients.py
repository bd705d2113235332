"""Keep-alive connections that click, one click at a time each, and see the answers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Self

from hunt.bench import click_bodies
from hunt.bench.players import Player
from hunt.bench.poller import Poller
from hunt.bench.responses import ResponseParser
from hunt.bench.run import Run
from hunt.bench.target import Target


class ClickConnection:
    """A player's connection, and the click that is under way on it."""

    __slots__ = ("due", "head", "id", "number", "rest", "sock")

    def __init__(self, number: int, sock: socket.socket, head: bytes) -> None:
        self.number = number  #: which of the players
        self.sock = sock
        self.head = head  #: of each request
        self.id = b""  #: of the last click
        self.due = 0.0  #: when the click was meant to be sent
        self.rest = b""  #: of an answer that is not whole


def _ignore(connection: ClickConnection, now: float) -> None:
    pass


class ClickClients:
    """Sends clicks and reads answers, without blocking.

    Args:
        target: Whose hunt.
        players: One for each connection.
        size: Width and height of the map.
        poller: Watches the connections, and perhaps others.
        settled: Called for each answer of 200, with its time.
        sent: Called before each click is sent, with when it was meant to be.
        ids: Of the clicks; None: such as our own clients make.
    """

    def __init__(
        self,
        target: Target,
        players: Sequence[Player],
        *,
        size: tuple[float, float],
        poller: Poller[Any],
        settled: Callable[[ClickConnection, float], None] = _ignore,
        sent: Callable[[ClickConnection, float], None] = _ignore,
        ids: Iterator[bytes] | None = None,
    ) -> None:
        self.run = Run()
        self.waiting = 0  #: clicks without an answer
        self.won = 0  #: answers with a prize
        self.connections: list[ClickConnection] = []
        self._target = target
        self._players = players
        self._length = click_bodies.body_length(*size)
        self._places = click_bodies.positions(*size)
        self._ids = click_bodies.timed_uuids() if ids is None else ids
        self._poller = poller
        self._settled = settled
        self._sent = sent
        self._cut = ResponseParser().parse

    def __enter__(self) -> Self:
        """Open a connection for each player."""
        for number, player in enumerate(self._players):
            head = self._target.click_head(player.token, self._length) + click_bodies.OPENING
            opened = ClickConnection(number, self._target.connect(number), head)
            self.connections.append(opened)
            self._poller.add(opened)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close them."""
        for each in self.connections:
            self._poller.remove(each)
            each.sock.close()

    def click(self, connection: ClickConnection, due: float) -> None:
        """Send a click that was meant to be sent at `due`."""
        connection.id = click_id = next(self._ids)
        connection.due = due
        request = b"%b%b%b" % (connection.head, click_id, next(self._places))
        self.run.sent += 1
        self.waiting += 1
        self._sent(connection, due)
        try:
            if connection.sock.send(request) == len(request):
                return
        except OSError:
            pass
        # The server has hung up; the poller shows it, and `receive` counts it.
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    def receive(self, connection: ClickConnection) -> bool:
        """Read what came; return whether the connection can click again."""
        try:
            data = connection.sock.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            return self._broken(connection)
        if connection.rest:
            data = connection.rest + data
            connection.rest = b""
        found = self._cut(data)
        if found is None:
            connection.rest = data
            return False
        now = perf_counter()
        run, status = self.run, found[0].status
        run.statuses[status] += 1
        self.waiting -= 1
        if status == 200:
            run.latencies.append(now - connection.due)
            run.times.append(now - run.began)
            if connection.id not in data or b'"duplicate":false' not in data:
                run.wrong += 1
            self.won += b'"prize":null' not in data
            self._settled(connection, now)
        connection.id = b""
        if found[0].closes:
            self._reopen(connection)
        return True

    def _broken(self, connection: ClickConnection) -> bool:
        """See the end of a connection; True where that interrupted a click."""
        self._reopen(connection)
        if not connection.id:  # it was idle, and may be closed at any time
            return False
        connection.id = b""
        self.run.broken += 1
        self.waiting -= 1
        return True

    def _reopen(self, connection: ClickConnection) -> None:
        self._poller.remove(connection)
        connection.sock.close()
        connection.sock = self._target.connect(connection.number)
        connection.rest = b""
        self._poller.add(connection)
