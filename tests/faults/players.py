"""Players who click, retry and listen, with a record of all answers and events."""

from __future__ import annotations

import json
import random
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import trio

from hunt.core import tokens
from hunt.error_kinds import FINAL
from hunt.testing import answers
from hunt.testing.history import Attempt, History, Mark
from tests.faults import http
from tests.faults.nodes import SECRET

HUNT = "harbour"

#: Seconds that a client waits for an answer.
PATIENCE = 6.0

#: Seconds, at most, that a client waits before it tries again.  A real one would
#: heed ``Retry-After``; this one is impatient, so that it sees the moment of recovery.
AGAIN = 0.15


async def readiness(port: int) -> int:
    """Return the readiness that a server reports."""
    channel = http.Channel(port)
    try:
        return (await channel.request(http.get_request("/readyz", ""))).status
    finally:
        channel.close()


def token(player: str, ttl: float = 6 * 3600) -> str:
    """Return the token of a player."""
    return tokens.sign((SECRET,), player, ttl=ttl, now=datetime.now(UTC))


@dataclass
class Crowd:
    """The state that all players of a run share.

    Attributes:
        history: What they saw.
        ports: Ports at which they connect, in turn.
        stream_ports: Ports at which they open streams.
        pause: Seconds between two clicks of one connection.
        repeat: The share of answered clicks that are sent again.
        fickle: The share of refusals that the client accepts as final.
        hasty: The share of clicks whose client leaves before the answer.
        poison: The share of clicks that no store will take; see `POISON`.
    """

    history: History
    ports: list[int]
    stream_ports: list[int]
    random: random.Random
    pause: float = 0.02
    repeat: float = 0.05
    fickle: float = 0.1
    hasty: float = 0.0
    poison: float = 0.0
    clicking: bool = True
    silence: float = 0.0  #: the longest on a stream that was open
    connected: dict[str, bool] = field(default_factory=dict)  #: listener -> it has a connection
    disconnections: list[tuple[str, float]] = field(default_factory=list)  #: listener, time
    _numbers: int = 0

    def number(self) -> int:
        """Return a number that was not used before."""
        self._numbers += 1
        return self._numbers

    def mark(self, text: str) -> None:
        """Record a global event."""
        self.history.add(Mark(time=trio.current_time(), text=text))

    def forget_streams(self) -> None:
        """Reset the statistics of streams; the history keeps their rewards."""
        self.silence = 0.0
        self.connected.clear()
        self.disconnections.clear()

    def click_id(self) -> str:
        """Return a UUID that is made from this run's seed."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


#: Position of clicks that the store rejects, in runs with such a position.
POISON = 99.0


async def click_all_the_time(crowd: Crowd, player: str, number: int) -> None:
    """Click until `Crowd.clicking` is false; every click until it has its outcome.

    Args:
        crowd: The state that all players share.
        player: The id of the player.
        number: Chooses the server to begin with; after a failure the next one is tried.
    """
    signed = token(player)
    with closing(http.Channel(crowd.ports[number % len(crowd.ports)])) as channel:
        while crowd.clicking:
            x = round(crowd.random.random() * 90, 3)
            if crowd.random.random() < crowd.poison:
                x = POISON
            body = json.dumps({"id": crowd.click_id(), "x": x, "y": 50.0}).encode()
            while True:
                if not channel.connected:  # the node to which a load balancer would send it now
                    channel.port = crowd.ports[number % len(crowd.ports)]
                attempt = await click(crowd, channel, player, signed, body)
                if attempt.verdict == "ok" or attempt.status in FINAL:
                    break
                if attempt.verdict == "refused" and crowd.random.random() < crowd.fickle:
                    break
                number += 1
                channel.close()
                await trio.sleep(AGAIN * (0.5 + crowd.random.random() / 2))
            if crowd.random.random() < crowd.repeat:
                await click(crowd, channel, player, signed, body)
            await trio.sleep(crowd.pause * 2 * crowd.random.random())


async def click(
    crowd: Crowd, channel: http.Channel, player: str, signed: str, body: bytes
) -> Attempt:
    """Send a click once, and record the result."""
    sent = trio.current_time()
    status: int | None = None
    text, note = b"", ""
    hasty = crowd.random.random() < crowd.hasty
    patience = 0.005 * crowd.random.random() if hasty else PATIENCE
    try:
        with trio.fail_after(patience):
            response = await channel.request(http.click_request(signed, HUNT, body))
        status, text = response.status, bytes(response.body)
        if status != 200:
            note = text.decode("utf-8", "replace")[:200]
    except http.Broken as exc:
        note = str(exc)
    except trio.TooSlowError:
        note = "left" if hasty else "given up"
    attempt = answers.attempt(
        sent=sent,
        answered=trio.current_time(),
        hunt=HUNT,
        player=player,
        click=json.loads(body)["id"],
        status=status,
        body=text,
        note=note,
    )
    crowd.history.add(attempt)
    return attempt
