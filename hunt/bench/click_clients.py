"""Keep-alive connections that click, each with one click in flight."""

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
    """A player's connection and its click in flight."""

    __slots__ = ("due", "head", "id", "number", "rest", "sock")

    def __init__(self, number: int, sock: socket.socket, head: bytes) -> None:
        self.number = number  #: index of its player
        self.sock = sock
        self.head = head  #: head of each request, with the start of its body
        self.id = b""  #: id of the click in flight
        self.due = 0.0  #: scheduled time of the click
        self.rest = b""  #: start of an incomplete answer


def _ignore(connection: ClickConnection, now: float) -> None:
    pass


class ClickClients:
    """Sends clicks and reads answers, without blocking.

    Args:
        target: Server and hunt.
        players: One for each connection.
        ground: Positions of the clicks.
        poller: Poller that watches the connections; may watch others, too.
        settled: Called for each answer with status 200, with its time.
        sent: Called before each click is sent, with its scheduled time.
        ids: Click ids; None: UUIDs of version 7, as real clients use.
    """

    def __init__(
        self,
        target: Target,
        players: Sequence[Player],
        *,
        ground: click_bodies.Ground,
        poller: Poller[Any],
        settled: Callable[[ClickConnection, float], None] = _ignore,
        sent: Callable[[ClickConnection, float], None] = _ignore,
        ids: Iterator[bytes] | None = None,
    ) -> None:
        self.run = Run()
        self.waiting = 0  #: clicks in flight
        self.won = 0  #: answers with a prize
        self.connections: list[ClickConnection] = []
        self._target = target
        self._players = players
        self._length = ground.body_length()
        self._places = ground.positions()
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
        """Close all connections."""
        for each in self.connections:
            self._poller.remove(each)
            each.sock.close()

    def click(self, connection: ClickConnection, due: float) -> None:
        """Send a click that was scheduled for `due`."""
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
        # The server has closed the connection: the poller reports it, `receive` counts it.
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    def receive(self, connection: ClickConnection) -> bool:
        """Read an answer; return whether the connection can click again."""
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
        """Reopen a connection that has ended; return whether a click was in flight."""
        self._reopen(connection)
        if not connection.id:  # idle connections may be closed at any time
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
