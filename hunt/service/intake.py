"""Whether a click may be made now, what it wins, and its way into the lane."""

from __future__ import annotations

from collections.abc import Callable

from hunt.core.breaker import Breaker
from hunt.core.events import Click, Outcome
from hunt.core.fairness import Draws
from hunt.core.hunts import Hunt
from hunt.core.limiter import Limiter
from hunt.core.odds import Odds
from hunt.errors import CircuitOpen, HuntNotFound, HuntNotOpen, HuntUnavailable
from hunt.service.lanes import Lanes


class Intake:
    """Decides clicks.  Deciding does not await: a click is in its lane, or refused.

    Args:
        hunts: Returns a hunt, or None where there is none.
        lanes: Where clicks wait for their commit.
        breaker: Refuses while the store is slow or away.
        limiter: Counts the clicks of each player.
        pause: Returns the seconds for which a hunt refuses by itself; 0 where it does not.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
    """

    def __init__(
        self,
        *,
        hunts: Callable[[str], Hunt | None],
        lanes: Lanes,
        breaker: Breaker,
        limiter: Limiter,
        pause: Callable[[str], float],
        jitter: Callable[[], float],
    ) -> None:
        self._hunts = hunts
        self._lanes = lanes
        self._breaker = breaker
        self._limiter = limiter
        self._pause = pause
        self._jitter = jitter
        self._prepared: dict[str, _Prepared] = {}

    def click(
        self,
        hunt_id: str,
        player: str,
        click_id: str,
        place: tuple[float, float],
        settled: Callable[[Outcome], None],
        now: float,
    ) -> None:
        """Draw a click and let it wait for its commit; `settled` gets the outcome.

        Whether the hunt is open is settled with the commit, so that a click which
        was counted before the hunt closed still gets its outcome afterwards.  A draft
        does not exist for players.

        Args:
            hunt_id: Of the hunt.
            player: Who clicks, and may.
            click_id: A UUID in its canonical form.
            place: On the map.
            settled: Called once, with what became of it; must not block, nor raise.
            now: Trio's time; passed in, because asking for it costs as much as a draw.

        Raises:
            HuntNotFound: There is no such hunt.
            TooFast: The player clicks too fast.
            CircuitOpen: The breaker is not closed.
            HuntUnavailable: The store fails for this hunt.
            Overloaded: Too much waits already, or the process is stopping.
        """
        hunt = self._hunts(hunt_id)
        if hunt is None or hunt.state == "draft":
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        self._limiter.check(player)
        if self._breaker.state != "closed":
            raise CircuitOpen(retry_after=self._breaker.retry_after() + 0.5 + self._jitter())
        if pause := self._pause(hunt_id):
            raise HuntUnavailable(retry_after=pause + 0.5 + self._jitter())
        prepared = self._prepared.get(hunt_id)
        if prepared is None or prepared.hunt is not hunt:
            prepared = self._prepared[hunt_id] = _Prepared(hunt)
        x, y = place
        prize = prepared.draw(x, y, prepared.uniform(click_id, player))
        if prize is None:
            click = Click(click_id, player, x, y, None, 0)
        else:
            click = Click(click_id, player, x, y, prize.id, prize.points)
        self._lanes.put(hunt_id, click, settled, now)


class _Prepared:
    """What the draws of a hunt need, made once for each time that the hunt was read."""

    __slots__ = ("draw", "hunt", "uniform")

    def __init__(self, hunt: Hunt) -> None:
        self.hunt = hunt
        self.draw = Odds(hunt.definition.prizes).draw
        self.uniform = Draws(hunt.seed).uniform


def not_open(hunt: Hunt) -> HuntNotOpen:
    """Return the refusal of a hunt that takes no clicks now, with its times."""
    opens, closes = hunt.definition.opens_at, hunt.definition.closes_at
    return HuntNotOpen(
        opens_at=None if opens is None else opens.isoformat().replace("+00:00", "Z"),
        closes_at=None if closes is None else closes.isoformat().replace("+00:00", "Z"),
    )
