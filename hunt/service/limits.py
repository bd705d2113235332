"""How often players and addresses may do what they may."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hunt.core.limiter import Limiter
from hunt.errors import TooFast
from hunt.settings import Settings

#: Players, and as many addresses, that one limit remembers.
REMEMBERED = 16_384

#: Seconds between two warnings that an address is limited.
WARN_INTERVAL = 60.0

log = structlog.get_logger("hunt")


class Limit:
    """How often one thing may be done: by one player, and from one address.

    Args:
        name: Of the thing, for the count of refusals.
        players: Counts players; what it may be is in `hunt.core.limiter`.
        addresses: Counts addresses.
        refused: Told of each refusal: the name, and ``player`` or ``address``.
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
        """Count one more by a player.

        Raises:
            TooFast: Too many; this one is not counted.
        """
        try:
            self._players.check(player)
        except TooFast:
            self._refused(self._name, "player")
            raise

    def address(self, key: str | None) -> None:
        """Count one more from an address; one that is not known has no limit.

        Raises:
            TooFast: Too many; this one is not counted.
        """
        if key is None:
            return
        try:
            self._addresses.check(key)
        except TooFast:
            self._refused(self._name, "address")
            raise


class Limits:
    """All limits of one process.

    An address may do `address_players` times what a player may; only sessions,
    whose player is not known before, have a limit of their own for addresses.

    Args:
        settings: Rates, and bursts.
        clock: Monotonic time, in seconds.
        refused: Told of each refusal but a player's clicks.
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

        #: Of a player's clicks, for the intake, which counts refusals itself.
        self.clicks = limiter(settings.click_rate, settings.click_burst, 2 * REMEMBERED)
        #: Of an address' clicks; None where there is none, so that it costs nothing.
        self.address_clicks = (
            limit("click", settings.click_rate, settings.click_burst)
            if many and settings.click_rate
            else None
        )
        self.tickets = limit("ticket", settings.ticket_rate, settings.ticket_burst)
        self.connects = limit("connect", settings.connect_rate, settings.connect_burst)
        self.resumes = limit("resume", settings.resume_rate, settings.resume_burst)
        sessions = limiter(settings.session_rate, settings.session_burst)
        self.sessions = Limit("session", sessions, sessions, self._refused)

    def rotate(self) -> None:
        """Forget players and addresses that may do all again; to be called now and then."""
        for limiter in self._limiters:
            limiter.rotate()

    def _refused(self, name: str, by: str) -> None:
        self._count(name, by)
        now = self._clock()
        if by == "address" and now >= self._warned + WARN_INTERVAL:
            self._warned = now
            log.warning(
                "an address does too much; if it is a proxy's, name it in HUNT_TRUSTED_PROXIES",
                limit=name,
            )
