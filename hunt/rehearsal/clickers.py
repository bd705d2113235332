"""Players who click at a constant rate, with repeats, and what they were answered."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import trio
from msgspec import Struct

from hunt.bench.players import Player
from hunt.bench.target import Target
from hunt.core.crowds import UNIFORM, Crowds, Shares
from hunt.core.definition import Definition
from hunt.core.expected_value import grid, worth
from hunt.error_kinds import FINAL
from hunt.rehearsal.links import BrokenLink, ClickLink
from hunt.testing import answers
from hunt.testing.history import Attempt, History

#: Attempts of one click, at most.
TRIES = 4

#: Seconds before a click is sent again.
AGAIN = 0.25

#: Share of the answered clicks that are sent once more.
REPEATS = 0.05

#: Half of the players click around the hints, if the hunt has positions.
CROWDS: Shares = {"uniform": 0.5, "hints": 0.5}


class Due(NamedTuple):
    """A click to be made."""

    player: Player
    number: int  #: of the player
    at: float  #: by Trio's clock


class Clicks(Struct):
    """The results of the clicks."""

    sent: int = 0
    repeats: int = 0
    answered: dict[str, float] = {}  #: click id -> seconds from its due time to its first answer
    due: dict[str, float] = {}  #: click id -> time at which it was due
    shed: int = 0  #: answers with 503 or 504, and clicks without an answer
    lost: int = 0  #: clicks whose outcome stayed unknown, or that were refused for load
    refused: Counter[str] = Counter()  #: clicks refused by the rules, by problem type


class Clickers:
    """The clicks of all players.

    Args:
        target: Server and hunt.
        definition: The hunt.
        players: Players who click.
        history: Takes each attempt.
        seed: Chooses players, positions and click ids.
    """

    def __init__(
        self,
        target: Target,
        definition: Definition,
        players: Sequence[Player],
        history: History,
        *,
        seed: int,
    ) -> None:
        self.clicks = Clicks(answered={}, due={}, refused=Counter())
        self._target = target
        self._definition = definition
        self._players = players
        self._history = history
        self._random = random.Random(seed)
        _, values = worth(definition, {})
        located = any(not isinstance(each.odds, float | int) for each in definition.prizes)
        self._crowds = Crowds(
            definition,
            CROWDS if located else UNIFORM,
            spread=0.004,
            best=grid(definition, values).best if located else (0.0, 0.0),
            uniform=self._random.random,
        )

    async def run(self, began: float, seconds: float, rate: float) -> None:
        """Click at `rate` a second from `began`, by Trio's clock; return after the last answer."""
        sender, receiver = trio.open_memory_channel[Due](math.inf)
        links = min(max(math.ceil(rate / 4), 16), 256)
        async with trio.open_nursery() as nursery:
            for _ in range(links):
                nursery.start_soon(self._link, receiver.clone())
            receiver.close()
            async with sender:
                for number in range(max(int(seconds * rate), 1)):
                    at = began + number / rate
                    await trio.sleep_until(at)
                    who = self._random.randrange(len(self._players))
                    sender.send_nowait(Due(self._players[who], who, at))

    async def _link(self, dues: trio.MemoryReceiveChannel[Due]) -> None:
        link = ClickLink(self._target)
        try:
            async with dues:
                async for due in dues:
                    await self._click(link, due)
        finally:
            link.close()

    async def _click(self, link: ClickLink, due: Due) -> None:
        """Send a click until its outcome is known; some are sent once more."""
        click, body = self._made(due.number)
        self.clicks.sent += 1
        self.clicks.due[click] = due.at
        for _ in range(TRIES):
            attempt = await self._attempt(link, due.player, click, body)
            if attempt.verdict == "ok":
                self.clicks.answered.setdefault(click, attempt.answered - due.at)
                if self._random.random() < REPEATS:
                    self.clicks.repeats += 1
                    await self._attempt(link, due.player, click, body)
                return
            if attempt.status in FINAL or (attempt.status == 429 and self._definition.cooldown):
                self.clicks.refused[attempt.note or str(attempt.status)] += 1
                return
            self.clicks.shed += 1
            await trio.sleep(AGAIN)
        self.clicks.lost += 1

    def _made(self, player: int) -> tuple[str, bytes]:
        """Return the id and the body of a new click."""
        x, y = self._crowds.position(self._crowds.of(player))
        click = str(UUID(int=self._random.getrandbits(128), version=4))
        body: dict[str, object] = {"id": click, "x": x, "y": y}
        if self._definition.max_accuracy is not None:
            body["accuracy"] = self._definition.max_accuracy / 2
        return click, json.dumps(body).encode()

    async def _attempt(self, link: ClickLink, player: Player, click: str, body: bytes) -> Attempt:
        sent, status, text = trio.current_time(), None, b""
        try:
            status, text = await link.click(player.token, body)
            note = "" if status == 200 else _slug(text)
        except BrokenLink as exc:
            note = str(exc)
        attempt = answers.attempt(
            sent=sent,
            answered=trio.current_time(),
            hunt=self._definition.id,
            player=player.name,
            click=click,
            status=status,
            body=text,
            note=note,
        )
        self._history.add(attempt)
        return attempt


def _slug(body: bytes) -> str:
    """Return the problem type of a refusal, without its address."""
    try:
        return str(json.loads(body)["type"]).rpartition("#")[2].rpartition("/")[2]
    except (ValueError, KeyError, TypeError):
        return ""
