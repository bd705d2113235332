"""A game of players behind a proxy: HTTP/2 over TLS, with a record of answers and events."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import starmap
from typing import Any

import httpx
import psycopg
import trio

from hunt.core.events import Reward
from hunt.core.sse import Parser
from hunt.core.tokens import sign
from hunt.testing.checks import Violation
from hunt.testing.history import Attempt, History
from hunt.testing.proof_checks import proven
from hunt.testing.stored_log import StoredLog
from tests.support import certificates, stored_chain
from tests.support.processes import until

SECRET = b"deploy-secret-deploy-secret-deploy"

ROWS = """
    select seq, click_id::text, player, prize, points, hunt_time(at), x, y, sold_out
      from rewards order by seq
"""

#: Players at the same time, and seconds between two clicks of one.
PLAYERS, PAUSE = 6, 0.02


@dataclass
class Player:
    """Sends each click until it is settled, and follows the stream of its rewards."""

    name: str
    client: httpx.AsyncClient
    statuses: Counter[int] = field(default_factory=Counter)  #: of all answers to clicks
    settled: dict[str, int] = field(default_factory=dict)  #: seq of each click with a 200, by id
    streamed: list[tuple[int, str]] = field(default_factory=list)  #: seq and click id, in order
    last_id: str | None = None  #: of the last event with an id
    answers: list[Attempt] = field(default_factory=list)  #: with a 200
    cuts: int = 0  #: streams that ended or failed
    greeted: trio.Event = field(default_factory=trio.Event)  #: the first stream has begun

    async def play(self, stopping: trio.Event) -> None:
        """Click until `stopping`; the last click is settled, too."""
        await self.greeted.wait()  # a stream begins with the first click after its greeting
        while not stopping.is_set():
            body = {"id": str(uuid.uuid4()), "x": 40.5, "y": 20}
            while body["id"] not in self.settled:
                answer = await self.client.post("/v1/hunts/harbour/clicks", json=body)
                self.statuses[answer.status_code] += 1
                assert answer.status_code in {200, 503, 504}, answer.text
                if answer.status_code == 200:
                    self._keep(answer.json())
                else:
                    await trio.sleep(PAUSE)
            await trio.sleep(PAUSE)

    def _keep(self, told: dict[str, Any]) -> None:
        self.settled[told["id"]] = told["seq"]
        receipt = told.get("receipt") or {}  # a release before receipts gives none
        attempt = Attempt(
            sent=0, answered=0, hunt="harbour", player=self.name, click=told["id"], verdict="ok",
            status=200, seq=told["seq"], prize=told["prize"], points=told["points"],
            upto=receipt.get("upto"), head=receipt.get("head"),
        )  # fmt: skip
        self.answers.append(attempt)

    async def follow(self) -> None:
        """Read the stream until cancelled; resume after each cut."""
        while True:
            headers = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
            parser = Parser()
            with suppress(httpx.TransportError):
                async with self.client.stream(
                    "GET", "/v1/hunts/harbour/events", headers=headers
                ) as answer:
                    async for chunk in answer.aiter_bytes():
                        events = parser.feed(chunk)
                        if events:
                            self.greeted.set()
                        ids = (each.id for each in reversed(events) if each.id)
                        self.last_id = next(ids, self.last_id)
                        rewards = [json.loads(e.data) for e in events if e.event == "reward"]
                        self.streamed += [(each["seq"], each["id"]) for each in rewards]
            self.cuts += 1
            await trio.sleep(0.1)


@dataclass
class Game:
    """Players of one hunt, behind one address."""

    players: list[Player]

    async def until_settled(self, count: int) -> None:
        """Return once each player has `count` more settled clicks."""
        wanted = [len(each.settled) + count for each in self.players]
        await until(
            lambda: all(len(p.settled) >= n for p, n in zip(self.players, wanted, strict=True)),
            seconds=90,
        )

    def check(self, database: str, *, refused: bool = False) -> None:
        """Compare answers, streams and the log; raise `AssertionError` at a difference.

        Args:
            database: Connection string of the database.
            refused: Whether answers with 503 or 504 are allowed; their clicks were repeated.
        """
        rows: dict[str, tuple[str, int]] = {}
        with psycopg.connect(database) as connection:
            for click, player, seq in connection.execute(
                "select click_id, player, seq from rewards"
            ):
                rows[str(click)] = (player, seq)
        for each in self.players:
            assert each.statuses[200] == len(each.settled)
            assert refused or each.statuses.keys() == {200}, f"{each.name}: {each.statuses}"
            logged = {click: seq for click, (player, seq) in rows.items() if player == each.name}
            assert each.settled == logged
            order = [seq for seq, _ in each.streamed]
            assert order == sorted(set(order)), f"{each.name}: out of order or repeated"
            assert {click: seq for seq, click in each.streamed} == logged

    def against_receipts(self, database: str) -> list[Violation]:
        """Return the violations of seals, of published heads and of the receipts of answers.

        Args:
            database: Connection string of the database.
        """
        with psycopg.connect(database) as connection:
            chain = stored_chain.of(connection.execute(stored_chain.QUERY, ["harbour"]).fetchone())
            rows = list(starmap(Reward, connection.execute(ROWS)))
        log = StoredLog(hunt="harbour", epoch="", last_seq=len(rows), rows=rows, chain=chain)
        return proven(History(each for player in self.players for each in player.answers), log)


@asynccontextmanager
async def playing(url: str) -> AsyncIterator[Game]:
    """Play behind the proxy at `url`; at the end of the block, stop and wait for the events."""
    context = certificates.client("h2")
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        players = []
        for number in range(PLAYERS):
            name = f"player-{number}"
            token = sign((SECRET,), name, ttl=3600, now=datetime.now(UTC))
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=url,
                    headers={"Authorization": f"Bearer {token}"},
                    http2=True,
                    verify=context,
                    timeout=30,
                )
            )
            players.append(Player(name, client))
        stopping = trio.Event()
        async with trio.open_nursery() as clicking:
            for each in players:
                nursery.start_soon(each.follow)
                clicking.start_soon(each.play, stopping)
            yield Game(players)
            # A request that is cancelled would leave its HTTP/2 connection half written.
            stopping.set()
        await until(
            lambda: all(
                each.settled.keys() <= {click for _, click in each.streamed} for each in players
            ),
            seconds=30,
        )
        nursery.cancel_scope.cancel()
