"""Rate limits of players and addresses."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hunt.core.limiter import Limiter
from hunt.errors import TooFast
from hunt.settings import Settings

#: Maximum number of players, and of addresses, that one limit remembers.
REMEMBERED = 16_384

#: Seconds between two warnings that an address is limited.
WARN_INTERVAL = 60.0

log = structlog.get_logger("hunt")


class Limit:
    """The rate limit of one action, by player and by address.

    Args:
        name: The name of the action, for metrics.
        players: Limits each player.
        addresses: Limits each address.
        refused: Called with the name, and ``player`` or ``address``, at each refusal.
    """

    def __init__(
        self,
        name: str,
        players: Limiter,
        addresses: Limiter,
        refused: Callable[[str, str], None],
    ) -> None:
        self._name = name
        self._players = players
        self._addresses = addresses
        self._refused = refused

    def player(self, player: str) -> None:
        """Count an action of a player.

        Raises:
            TooFast: The rate is exceeded; the action is not counted.
        """
        try:
            self._players.check(player)
        except TooFast:
            self._refused(self._name, "player")
            raise

    def address(self, key: str | None) -> None:
        """Count an action from an address; an unknown address has no limit.

        Raises:
            TooFast: The rate is exceeded; the action is not counted.
        """
        if key is None:
            return
        try:
            self._addresses.check(key)
        except TooFast:
            self._refused(self._name, "address")
            raise


class Limits:
    """All rate limits of one process.

    The limits of an address are `address_players` times those of a player.  A request for a
    new session has no player yet, so a limit of its own applies to its address.

    Args:
        settings: Rates and bursts.
        clock: Monotonic time, in seconds.
        refused: Called at each refusal, except of a player's clicks, with the name of the
            limit, and ``player`` or ``address``.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        refused: Callable[[str, str], None],
    ) -> None:
        self._clock = clock
        self._count = refused
        self._warned = float("-inf")
        many = settings.address_players

        self._limiters: list[Limiter] = []

        def limiter(rate: float, burst: int, capacity: int = REMEMBERED) -> Limiter:
            made = Limiter(clock, rate=rate, burst=burst, capacity=capacity)
            self._limiters.append(made)
            return made

        def limit(name: str, rate: float, burst: int) -> Limit:
            addresses = limiter(rate * many, burst * many or 1)
            return Limit(name, limiter(rate, burst), addresses, self._refused)

        #: Limits the clicks of each player; the intake counts its refusals.
        self.clicks = limiter(settings.click_rate, settings.click_burst, 2 * REMEMBERED)
        #: Limits the clicks from each address; None without such a limit.
        self.address_clicks = (
            limit("click", settings.click_rate, settings.click_burst)
            if many and settings.click_rate
            else None
        )
        self.tickets = limit("ticket", settings.ticket_rate, settings.ticket_burst)
        self.claims = limit("claim", settings.ticket_rate, settings.ticket_burst)
        self.connects = limit("connect", settings.connect_rate, settings.connect_burst)
        self.resumes = limit("resume", settings.resume_rate, settings.resume_burst)
        sessions = limiter(settings.session_rate, settings.session_burst)
        self.sessions = Limit("session", sessions, sessions, self._refused)

    def rotate(self) -> None:
        """Evict players and addresses whose buckets are full again; call this regularly."""
        for limiter in self._limiters:
            limiter.rotate()

    def _refused(self, name: str, by: str) -> None:
        self._count(name, by)
        now = self._clock()
        if by == "address" and now >= self._warned + WARN_INTERVAL:
            self._warned = now
            log.warning(
                "address rate limited",
                limit=name,
                cure="if it is a proxy's, name it in HUNT_TRUSTED_PROXIES",
            )
