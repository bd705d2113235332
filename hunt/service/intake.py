"""The synchronous path of a click: rate limit, breaker, draw, lane."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hunt.core import chain
from hunt.core.breaker import Breaker
from hunt.core.cache import Cache
from hunt.core.definition import Prize
from hunt.core.events import Click, Outcome, Settlement
from hunt.core.fairness import Draws
from hunt.core.hints import Hints
from hunt.core.hunts import Hunt
from hunt.core.limiter import Limiter
from hunt.core.odds import Odds
from hunt.errors import CircuitOpen, HuntNotOpen, HuntUnavailable

#: Size of the cache of prepared draws, in bytes.
PREPARED_SIZE = 8 * 2**20

#: Estimated size of a hunt's prepared draws without prizes, and of each prize, in bytes.
ENTRY, PRIZE = 4096, 512


class Intake:
    """Checks and draws clicks, without ``await``: a click is in its lane when `click` returns.

    Args:
        put: Queues a click for its commit, as `Lanes.put`.
        breaker: Refuses clicks while the database is slow or unavailable.
        limiter: The rate limit of each player.
        pause: Returns the seconds for which a hunt in quarantine refuses clicks; else 0.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
    """

    def __init__(
        self,
        *,
        put: Callable[[str, Click, Callable[[Outcome], None], float], None],
        breaker: Breaker,
        limiter: Limiter,
        pause: Callable[[str], float],
        jitter: Callable[[], float],
    ) -> None:
        self._put = put
        self._breaker = breaker
        self._limiter = limiter
        self._pause = pause
        self._jitter = jitter
        #: Draws of the hunts with clicks; those of a few hundred hunts fit.
        self.prepared: Cache[str, _Prepared] = Cache(PREPARED_SIZE, _size)

    def click(
        self,
        hunt: Hunt,
        player: str,
        click_id: str,
        position: tuple[float, float],
        settled: Callable[[Outcome], None],
        now: float,
    ) -> None:
        """Draw a click and put it into its lane.

        The commit decides whether the hunt is open.  A repeat of a click that was counted
        before the end therefore still gets its outcome afterwards.

        Args:
            hunt: A hunt that players can see, as it is now.
            player: Id of a player whom the hunt permits.
            click_id: A UUID in its canonical form.
            position: On the map.
            settled: Called once, with the outcome; must not block or raise.
            now: Monotonic time, in seconds; reading the clock costs as much as a draw.

        Raises:
            TooFast: The player clicks too fast.
            CircuitOpen: The breaker is not closed.
            HuntUnavailable: The hunt is in quarantine.
            Overloaded: Too many clicks wait already, or the process drains.
        """
        hunt_id = hunt.definition.id
        self._limiter.check(player)
        if self._breaker.state != "closed":
            raise CircuitOpen(retry_after=self._breaker.retry_after() + 0.5 + self._jitter())
        if pause := self._pause(hunt_id):
            raise HuntUnavailable(retry_after=pause + 0.5 + self._jitter())
        prepared = self.prepared.get(hunt_id)
        if prepared is None or prepared.hunt is not hunt:
            prepared = _Prepared(hunt)
            self.prepared.put(hunt_id, prepared)
        x, y = position
        name = "" if prepared.pseudonym is None else prepared.pseudonym(player)
        if prepared.hints is not None:
            settled = _hinting(prepared.hints, settled)
        prize = prepared.draw(x, y, prepared.uniform(click_id, name or player))
        if prize is None:
            click = Click(click_id, player, x, y, None, 0, name)
        else:
            click = Click(click_id, player, x, y, prize.id, prize.points, name)
        self._put(hunt_id, click, settled, now)


class _Prepared:
    """The draws of a hunt, prepared once after each read of the hunt."""

    __slots__ = ("draw", "hints", "hunt", "pseudonym", "uniform")

    def __init__(self, hunt: Hunt) -> None:
        self.hunt = hunt
        self.draw = Odds(hunt.definition).draw
        self.uniform = Draws(hunt.seed).uniform
        key = hunt.player_key
        self.pseudonym = None if key is None else chain.Pseudonyms(key).of
        self.hints = None
        if hunt.definition.hints == "warmth":
            self.hints = Hints(_present(hunt), hunt.definition.map)


def _present(hunt: Hunt) -> list[Prize]:
    """Return the prizes that were granted when the hunt was read: in time and in stock."""
    now = hunt.as_of
    return [
        prize
        for prize in hunt.definition.prizes
        if (prize.starts is None or prize.starts <= now)
        and (prize.until is None or now < prize.until)
        and hunt.stock_left.get(prize.id) != 0
    ]


def _hinting(hints: Hints, settled: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
    """Return a function that adds the hint to an outcome without a prize, and settles it."""

    def hinted(outcome: Outcome) -> None:
        if isinstance(outcome, Settlement) and outcome.reward.prize is None:
            reward = outcome.reward
            if reward.x is not None and reward.y is not None:  # the player is not erased
                reward = replace(reward, hint=hints.step(reward.x, reward.y))
                outcome = replace(outcome, reward=reward)
        settled(outcome)

    return hinted


def _size(hunt: str, prepared: _Prepared) -> int:
    return ENTRY + PRIZE * len(prepared.hunt.definition.prizes)


def not_open(hunt: Hunt) -> HuntNotOpen:
    """Return the refusal of a hunt that is not open, with its times."""
    opens, closes = hunt.definition.opens_at, hunt.definition.closes_at
    return HuntNotOpen(
        opens_at=None if opens is None else opens.isoformat().replace("+00:00", "Z"),
        closes_at=None if closes is None else closes.isoformat().replace("+00:00", "Z"),
    )
