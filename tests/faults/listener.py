"""A player's stream over successive connections, with a record of all events."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import aclosing

import trio

from hunt.core import sse
from hunt.testing.history import Closed, Greeted, Opened, Received, Reset
from tests.faults import http
from tests.faults.nodes import HEARTBEAT
from tests.faults.players import AGAIN, HUNT, Crowd, token

#: Seconds of silence after which a listener connects again.
WATCHDOG = 2.5 * HEARTBEAT

#: Events without an id that the oracle does not check; "" is a pause.
IGNORED = {"", "drain", "state", "stock", "announcement", "reward_state"}


class Listener:
    """A player's stream, one connection after another."""

    def __init__(self, crowd: Crowd, player: str) -> None:
        self.crowd = crowd
        self.player = player
        self.name = f"{player}/{crowd.number()}"
        self.last: tuple[str, int] | None = None  #: epoch and seq that it knows
        self.paused: Callable[[], bool] = lambda: False  #: it reads nothing while this is true
        self._number = crowd.number()
        self._retry = AGAIN
        self._lost_at: float | None = None
        self._connection = ""
        self._leaving = False
        crowd.connected[self.name] = False

    def leave(self) -> None:
        """Stop reconnecting, so that no more rewards are due on these streams."""
        self._leaving = True

    async def run(self) -> None:
        """Listen until cancelled."""
        crowd = self.crowd
        signed = token(self.player)
        try:
            while True:
                self._number += 1
                self._connection = f"{self.name}#{crowd.number()}"
                port = crowd.stream_ports[self._number % len(crowd.stream_ports)]
                why = await self._listen(http.Channel(port), signed)
                self._lost(why)
                await trio.sleep(min(self._retry, AGAIN) * (0.5 + crowd.random.random() / 2))
        finally:
            if self._lost_at is None:
                self._lost("the run is over")

    async def _listen(self, channel: http.Channel, signed: str) -> str:
        """Read one connection to its end; return why it ended."""
        epoch, after = self.last or (None, None)
        self.crowd.history.add(
            Opened(
                time=trio.current_time(),
                hunt=HUNT,
                player=self.player,
                listener=self.name,
                connection=self._connection,
                epoch=epoch,
                after=after,
            )
        )
        parser = sse.Parser()
        request = http.stream_request(signed, HUNT, None if epoch is None else f"{epoch}-{after}")
        try:
            async with aclosing(channel.body(request)) as pieces:
                while True:
                    began = trio.current_time()
                    with trio.move_on_after(WATCHDOG):
                        piece = await anext(pieces, None)
                        if piece is None:
                            return "the end"
                        self.crowd.silence = max(self.crowd.silence, trio.current_time() - began)
                        for event in parser.feed(piece):
                            self._heard(event)
                        continue
                    return "silence"
        except (http.Broken, ValueError) as exc:
            return str(exc)
        finally:
            channel.close()

    def _heard(self, event: sse.Event) -> None:
        now = trio.current_time()
        if event.retry is not None:
            self._retry = event.retry / 1000
        if event.event in IGNORED:
            return
        data = json.loads(event.data)
        if event.event == "hello":
            self._found(now)
            self.crowd.history.add(
                Greeted(
                    time=now,
                    connection=self._connection,
                    epoch=data["epoch"],
                    seq=data["seq"],
                    resumed=data["resumed"],
                )
            )
            if not data["resumed"]:
                self.last = (data["epoch"], data["seq"])
        elif event.event == "reward":
            assert event.id is not None
            epoch, _, seq = event.id.partition("-")
            assert int(seq) == data["seq"]
            self.last = (epoch, int(seq))
            self.crowd.history.add(
                Received(
                    time=now,
                    connection=self._connection,
                    epoch=epoch,
                    seq=int(seq),
                    click=data["id"],
                    prize=data["prize"],
                    points=data["points"],
                    code=data.get("code"),
                )
            )
        else:
            assert event.event == "reset", event
            self.crowd.history.add(
                Reset(time=now, connection=self._connection, reason=data["reason"])
            )

    def _found(self, now: float) -> None:
        self.crowd.connected[self.name] = True
        if self._lost_at is not None:
            self.crowd.disconnections.append((self.name, now))
            self._lost_at = None

    def _lost(self, why: str) -> None:
        now = trio.current_time()
        self.crowd.connected[self.name] = False
        self._lost_at = self._lost_at or now
        self.crowd.history.add(
            Closed(time=now, connection=self._connection, why=why, left=self._leaving)
        )
