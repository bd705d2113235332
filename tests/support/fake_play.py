"""A play API whose services are fakes, for tests that need no server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import trio

from hunt.core.address_players import AddressPlayers
from hunt.core.bans import BanList
from hunt.core.events import Outcome, Reward
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer, Proxies
from hunt.core.tokens import Identity
from hunt.errors import NotAuthenticated, Refused
from hunt.play.access_log import AccessLog
from hunt.play.auth import Authenticator
from hunt.play.greeting import Greeter
from hunt.play.play import Play
from hunt.play.reconnect import Reconnect
from hunt.play.request import Request
from hunt.play.stream import StreamServices
from hunt.service.hub import Hub
from hunt.service.tracing import ClickTracing, Tracer
from hunt.settings import Settings
from tests.support.hunts import HUNTS

JSON = "application/json"
PEER = Peer("1.2.3.4", trusted=False, key="1.2.3.4")
BODY = b'{"id":"0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90","x":1,"y":2}'


class FakeLimit:
    """A rate limit that notes each check; it refuses while `refusal` is set."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.refusal: Refused | None = None

    def player(self, player: str) -> None:
        self._check("player", player)

    def address(self, key: str | None) -> None:
        self._check("address", key)

    def _check(self, kind: str, key: str | None) -> None:
        self.asked.append((kind, key))
        if self.refusal is not None:
            raise self.refusal


@dataclass
class FakeTokens:
    """Tokens that are all of one player; ``wrong`` is invalid."""

    player: str = "ada"
    hunts: frozenset[str] | None = None
    generation: int = 3
    verified: list[tuple[str, str]] = field(default_factory=list)
    held: bool = True

    def verify(self, token: str, use: str) -> Identity:
        self.verified.append((token, use))
        if token == "wrong":
            raise NotAuthenticated("the token is wrong")
        return Identity(self.player, self.hunts, use == "cookie", 1e12, None)

    def hold(self, identity: Identity) -> bool:
        return self.held and identity.player == self.player


@dataclass
class FakeIntake:
    """An intake that keeps the clicks, or refuses them."""

    clicks: list[tuple[str, str, str, tuple[float, float]]] = field(default_factory=list)
    settle: list[Callable[[Outcome], None]] = field(default_factory=list)
    since: list[float] = field(default_factory=list)
    refusal: Refused | None = None

    def click(
        self,
        hunt: Hunt,
        player: str,
        click_id: str,
        position: tuple[float, float],
        settled: Callable[[Outcome], None],
        now: float,
    ) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.clicks.append((hunt.id, player, click_id, position))
        self.settle.append(settled)
        self.since.append(now)


@dataclass
class FakeLimits:
    address_clicks: FakeLimit | None = None
    connects: FakeLimit = field(default_factory=FakeLimit)
    resumes: FakeLimit = field(default_factory=FakeLimit)


@dataclass
class FakeMetrics:
    refusals: list[tuple[str, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  #: of the refusals
    latencies: list[float] = field(default_factory=list)  #: of deliveries
    cut: int = 0

    @property
    def deliveries(self) -> int:
        return len(self.latencies)

    def refused(self, hunt: str, refusal: Refused, seconds: float) -> None:
        self.refusals.append((hunt, refusal.label))
        self.seconds.append(seconds)

    def delivered(self, seconds: float) -> None:
        self.latencies.append(seconds)

    def cut_off(self) -> None:
        self.cut += 1


class FakeLog:
    """A log in memory, of one hunt."""

    def __init__(self) -> None:
        self.rows: list[Reward] = []
        self.before_read: Callable[[], object] = lambda: None
        self.reads: list[tuple[int, int] | None] = []  #: of history, with its bounds; None: last

    async def last(self) -> dict[str, int]:
        await trio.lowlevel.checkpoint()
        self.reads.append(None)
        return {"harbour": len(self.rows)}

    async def history(self, hunt: str, player: str, after: int, limit: int, /) -> Sequence[Reward]:
        await trio.lowlevel.checkpoint()
        self.before_read()
        self.reads.append((after, limit))
        rows = self.rows if hunt == "harbour" else []
        return [each for each in rows if each.player == player and each.seq > after][:limit]

    def add(self, player: str = "ada") -> Reward:
        seq = len(self.rows) + 1
        self.rows.append(Reward(seq, f"c{seq}", player, "coin", 7, ""))
        return self.rows[-1]


class World:
    """A `Play`, and the fakes that it uses.

    Args:
        hunts: Hunts that the token of the player names; None: it is for all hunts.
        tracer: Exports spans; None: clicks are not traced.
        settings: Fields of `Settings`.
    """

    def __init__(
        self,
        *,
        hunts: frozenset[str] | None = None,
        tracer: Tracer | None = None,
        **settings: Any,
    ) -> None:
        self.tokens = FakeTokens(hunts=hunts)
        self.limits = FakeLimits()
        self.intake = FakeIntake()
        self.metrics = FakeMetrics()
        self.log = FakeLog()
        self.wall = 0.0  #: seconds since the epoch
        self.now = 0.0  #: monotonic time, in seconds
        self.hunts: dict[str, Hunt] = dict(HUNTS)
        self.faults: Counter[str] = Counter()
        self.settings = Settings(**settings)
        self.bans = BanList()
        self.hub = Hub(
            epoch=lambda hunt: "k1", per_player=2, jitter=lambda: 0.0, clock=lambda: self.wall,
            tokens=cast(Any, self.tokens), bans=self.bans,
        )  # fmt: skip
        reconnect = Reconnect(lambda: 0.0)
        greeter = Greeter(
            self.log, position=self.position, replay_limit=3,
            heartbeat=15.0, reconnect=reconnect, faults=self.faults,
        )  # fmt: skip
        streams = StreamServices(
            hub=self.hub, greeter=greeter, metrics=cast(Any, self.metrics), reconnect=reconnect,
            buffer=4, heartbeat=15.0, clock=lambda: self.now,
        )  # fmt: skip
        self.play = Play(
            hunts=self.hunts,
            authenticator=Authenticator(
                cast(Any, self.tokens), origins=("https://allowed",), clock=lambda: self.wall
            ),
            limits=cast(Any, self.limits),
            bans=self.bans,
            addresses=AddressPlayers(lambda: self.now),
            proxies=Proxies(["10.0.0.0/8"]),
            intake=cast(Any, self.intake),
            streams=streams,
            metrics=cast(Any, self.metrics),
            access=AccessLog(self.settings, clock=lambda: self.now, requests=Counter()),
            clock=lambda: self.now,
            tracing=None if tracer is None else ClickTracing(tracer),
        )

    def position(self, hunt: str) -> int:
        """Return the last seq of a hunt."""
        return len(self.log.rows) if hunt == "harbour" else 0

    def click(self, request: Request, body: bytes = BODY, **options: Any) -> Refused | None:
        """Click, and settle nothing."""
        return self.play.click(request, PEER, body, lambda outcome: None, self.now, **options)


def request(**fields: Any) -> Request:
    """Return the request of a player with a token."""
    given = {"hunt": "harbour", "host": "hunt", "authorization": "Bearer t", "content_type": JSON}
    return Request(**given | fields)
