"""Players of a simulation, who click on a real server at their times."""

from __future__ import annotations

import json
import random
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import trio

from hunt.core.arrivals import Arrival, Arrivals, Habits
from hunt.core.crowds import Crowds
from hunt.core.definition import Definition
from hunt.core.expected_value import grid, worth
from hunt.error_kinds import FINAL
from hunt.testing import answers
from hunt.testing.history import Attempt, History
from tests.examples.compressed import Example
from tests.faults import http
from tests.faults.players import token

#: Connections of all players together.
CONNECTIONS = 32

#: Seconds before a click is sent again.
AGAIN = 0.2

#: Attempts of one click, at most, until it has an answer that is final.
TRIES = 5


class Players:
    """The players of one example.

    Args:
        example: Says how they come and where they click.
        definition: The hunt on the server.
        count: Number of players.
        port: Port of the server.
        seed: Chooses times and positions.
    """

    def __init__(
        self, example: Example, definition: Definition, *, count: int, port: int, seed: int
    ) -> None:
        self.history = History()
        self.late = 0.0  #: seconds, at most, between the time of a click and its request
        source = random.Random(seed)
        self._definition = definition
        self._port = port
        self._random = source
        self._tokens: dict[int, str] = {}
        self._arrivals = Arrivals(
            definition,
            Habits(curve=example.curve),
            clicks=count * example.clicks,
            players=count,
            uniform=source.random,
        )
        _, values = worth(definition, {})
        self._crowds = Crowds(
            definition,
            example.crowd,
            spread=example.spread,
            best=grid(definition, values).best,
            uniform=source.random,
        )

    async def run(self) -> None:
        """Make all clicks at their times."""
        sender, receiver = trio.open_memory_channel[Arrival](0)
        async with trio.open_nursery() as nursery:
            for _ in range(CONNECTIONS):
                nursery.start_soon(self._connection, receiver.clone())
            receiver.close()
            async with sender:
                for arrival in self._arrivals:
                    early = (arrival.at - datetime.now(UTC)).total_seconds()
                    await trio.sleep(max(early, 0))
                    await sender.send(arrival)

    async def _connection(self, arrivals: trio.MemoryReceiveChannel[Arrival]) -> None:
        with closing(http.Channel(self._port)) as channel:
            async with arrivals:
                async for arrival in arrivals:
                    await self._click(channel, arrival)

    async def _click(self, channel: http.Channel, arrival: Arrival) -> None:
        """Send one click until its outcome is known."""
        self.late = max(self.late, (datetime.now(UTC) - arrival.at).total_seconds())
        x, y = self._crowds.position(self._crowds.of(arrival.player))
        click = str(UUID(int=self._random.getrandbits(128), version=4))
        body: dict[str, object] = {"id": click, "x": x, "y": y}
        if self._definition.max_accuracy is not None:
            body["accuracy"] = 10
        for _ in range(TRIES):
            attempt = await self._attempt(channel, arrival.player, click, json.dumps(body).encode())
            self.history.add(attempt)
            if attempt.verdict == "ok" or attempt.status in FINAL:
                return
            await trio.sleep(AGAIN)

    async def _attempt(
        self, channel: http.Channel, player: int, click: str, body: bytes
    ) -> Attempt:
        name = f"player-{player}"
        if player not in self._tokens:
            self._tokens[player] = token(name)
        request = http.click_request(self._tokens[player], self._definition.id, body)
        sent, status, text = trio.current_time(), None, b""
        try:
            response = await channel.request(request)
            status, text = response.status, bytes(response.body)
        except http.Broken:
            channel.close()
        return answers.attempt(
            sent=sent,
            answered=trio.current_time(),
            hunt=self._definition.id,
            player=name,
            click=click,
            status=status,
            body=text,
        )
