"""Thousands of players who click on two nodes, and keep the answers with their receipts."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import trio

from tests.faults import http
from tests.faults.players import token
from tests.proof.bundles import Json

#: Connections of all players together.
CONNECTIONS = 32

#: Seconds before a click whose outcome is unknown is sent again, to the other node.
AGAIN = 0.2

#: Refusals that a repetition cannot change.
FINAL = {403, 409, 422}


@dataclass
class Crowd:
    """The players of one hunt.

    Args:
        hunt: Id of the hunt.
        ports: Ports of the nodes.
        players: Number of players.
        clicks: Clicks of all players together.
    """

    hunt: str
    ports: Sequence[int]
    players: int
    clicks: int
    rate: float  #: clicks a second, at most
    answers: list[Json] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)  #: 0: no answer
    source: random.Random = field(default_factory=lambda: random.Random(19))

    async def play(self) -> None:
        """Make all clicks; each until its outcome is known."""
        sender, receiver = trio.open_memory_channel[int](0)
        async with trio.open_nursery() as nursery:
            for _ in range(CONNECTIONS):
                nursery.start_soon(self._connection, receiver.clone())
            receiver.close()
            begun = trio.current_time()
            async with sender:
                for number in range(self.clicks):
                    await trio.sleep_until(begun + number / self.rate)
                    await sender.send(number)

    async def _connection(self, numbers: trio.MemoryReceiveChannel[int]) -> None:
        channels = [http.Channel(port) for port in self.ports]
        with closing(channels[0]), closing(channels[1]):
            async with numbers:
                async for number in numbers:
                    await self._click(channels, number)

    async def _click(self, channels: Sequence[http.Channel], number: int) -> None:
        player = f"player-{self.source.randrange(self.players)}"
        made = str(uuid.UUID(int=self.source.getrandbits(128), version=4))
        x, y = (round(self.source.uniform(0, 100), 2) for _ in "xy")
        body = json.dumps({"id": made, "x": x, "y": y}).encode()
        for attempt in range(200):
            channel = channels[(number + attempt) % 2]
            status = 0
            try:
                with trio.move_on_after(6):
                    sent = http.click_request(token(player), self.hunt, body)
                    response = await channel.request(sent)
                    status = response.status
            except http.Broken:
                pass
            self.statuses[status] += 1
            if status == 200:
                self.answers.append(json.loads(response.body))
                return
            if status in FINAL:
                return
            if status == 0:
                channel.close()
            await trio.sleep(AGAIN)
