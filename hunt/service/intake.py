"""The synchronous path of a click: rate limit, breaker, lane."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hunt.core.breaker import Breaker
from hunt.core.events import Click, Outcome, Settlement
from hunt.core.hints import Hints
from hunt.core.hunts import Hunt
from hunt.core.limiter import Limiter
from hunt.errors import CircuitOpen, HuntNotOpen, HuntUnavailable
from hunt.service.drawing import Drawing
from hunt.service.tracing import TracedClick


class Intake:
    """Checks clicks, without ``await``: a click is in its lane when `click` returns.

    Args:
        put: Queues a click for its commit, as `Lanes.put`.
        breaker: Refuses clicks while the database is slow or unavailable.
        limiter: The rate limit of each player.
        pause: Returns the seconds for which a hunt in quarantine refuses clicks; else 0.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
        drawing: Has the hints of each hunt.
    """

    def __init__(
        self,
        *,
        put: Callable[[str, Click, Callable[[Outcome], None], float], None],
        breaker: Breaker,
        limiter: Limiter,
        pause: Callable[[str], float],
        jitter: Callable[[], float],
        drawing: Drawing,
    ) -> None:
        self._put = put
        self._breaker = breaker
        self._limiter = limiter
        self._pause = pause
        self._jitter = jitter
        self._drawing = drawing

    def click(
        self,
        hunt: Hunt,
        player: str,
        click_id: str,
        position: tuple[float, float],
        settled: Callable[[Outcome], None],
        now: float,
    ) -> None:
        """Put a click into its lane, which draws it together with its batch.

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
        definition = hunt.definition
        hunt_id = definition.id
        self._limiter.check(player)
        if self._breaker.state != "closed":
            raise CircuitOpen(retry_after=self._breaker.retry_after() + 0.5 + self._jitter())
        if pause := self._pause(hunt_id):
            raise HuntUnavailable(retry_after=pause + 0.5 + self._jitter())
        hints = None if definition.hints == "none" else self._drawing.of(hunt).hints
        if hints is not None and isinstance(settled, TracedClick):
            # Not wrapped: the lane finds traced clicks by their class.
            settled.settled = _hinting(hints, settled.settled)
        elif hints is not None:
            settled = _hinting(hints, settled)
        self._put(hunt_id, Click(click_id, player, *position), settled, now)


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


def not_open(hunt: Hunt) -> HuntNotOpen:
    """Return the refusal of a hunt that is not open, with its times."""
    opens, closes = hunt.definition.opens_at, hunt.definition.closes_at
    return HuntNotOpen(
        opens_at=None if opens is None else opens.isoformat().replace("+00:00", "Z"),
        closes_at=None if closes is None else closes.isoformat().replace("+00:00", "Z"),
    )
