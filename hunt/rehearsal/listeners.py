"""Players who listen: each has one event stream, and resumes it after a break."""

from __future__ import annotations

import json
from functools import partial
from itertools import count

import trio

from hunt.bench.players import Player
from hunt.bench.target import Target
from hunt.core import sse
from hunt.rehearsal.links import BrokenLink, follow
from hunt.testing.history import Closed, Greeted, History, Opened, Received, Reset

#: Seconds before a stream is opened again.
AGAIN = 0.2


class Listeners:
    """The streams of all players.

    Args:
        target: Server and hunt.
        history: Takes what they see.
    """

    def __init__(self, target: Target, history: History) -> None:
        self.target = target
        self.history = history
        self._numbers = count(1)
        self.greeted: set[str] = set()  #: players whose stream was greeted
        self.received: dict[str, float] = {}  #: click id -> time of its event
        self.broken = 0  #: streams that ended before the hunt did
        self._changed = trio.Event()

    async def listen(self, player: Player) -> None:
        """Follow the rewards of a player until the hunt is over."""
        stream = _Stream(self, player)
        while not stream.over:
            connection = f"{player.name} #{next(self._numbers)}"
            await stream.follow(connection)
            if not stream.over:
                self.broken += 1
                await trio.sleep(AGAIN)

    async def wait_greeted(self, players: int) -> None:
        """Return once each of `players` has a stream."""
        while len(self.greeted) < players:
            await self._changed.wait()

    async def wait_received(self, clicks: set[str]) -> None:
        """Return once the event of each click has arrived."""
        while not clicks <= self.received.keys():
            await self._changed.wait()

    def news(self) -> None:
        """Wake the waiting tasks."""
        self._changed.set()
        self._changed = trio.Event()


class _Stream:
    """The successive connections of one player."""

    def __init__(self, listeners: Listeners, player: Player) -> None:
        self._listeners = listeners
        self._player = player
        self._last: str | None = None  # id of the last event
        self.over = False

    async def follow(self, connection: str) -> None:
        """Take the events of one connection until it ends."""
        history, last = self._listeners.history, self._last
        epoch, _, seq = (last or "").partition("-")
        history.add(
            Opened(
                time=trio.current_time(),
                hunt=self._listeners.target.hunt,
                player=self._player.name,
                listener=self._player.name,
                connection=connection,
                epoch=epoch or None,
                after=int(seq) if last else None,
            )
        )
        why = "ended"
        try:
            await follow(
                self._listeners.target, self._player.token, last, partial(self._take, connection)
            )
        except BrokenLink as exc:
            why = str(exc)
        history.add(Closed(time=trio.current_time(), connection=connection, why=why))

    def _take(self, connection: str, event: sse.Event) -> None:
        listeners, now = self._listeners, trio.current_time()
        data = json.loads(event.data) if event.data else {}
        if event.event == "hello":
            listeners.history.add(
                Greeted(
                    time=now,
                    connection=connection,
                    epoch=data["epoch"],
                    seq=data["seq"],
                    resumed=data["resumed"],
                )
            )
            listeners.greeted.add(self._player.name)
            listeners.news()
            if self._last is None:
                self._last = f"{data['epoch']}-{data['seq']}"
        elif event.event == "reward":
            assert event.id is not None
            self._last = event.id
            epoch, _, seq = event.id.partition("-")
            listeners.history.add(
                Received(
                    time=now,
                    connection=connection,
                    epoch=epoch,
                    seq=int(seq),
                    click=data["id"],
                    prize=data["prize"],
                    points=data["points"],
                    code=data.get("code"),
                )
            )
            listeners.received[data["id"]] = now
            listeners.news()
        elif event.event == "reset":
            listeners.history.add(Reset(time=now, connection=connection, reason=data["reason"]))
            self._last = None
        elif event.event == "state" and data.get("state") == "over":
            self.over = True
