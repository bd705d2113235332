"""Challenges that a visitor must pass to become a guest."""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

import trio

from hunt.core import altcha
from hunt.errors import ChallengeFailed, ChallengeUnavailable, SettingsError, StoreError
from hunt.logs import FaultLog
from hunt.service.siteverify import PROVIDERS, SiteVerify, Unavailable
from hunt.settings import Settings

#: Used challenges that one process remembers.
REMEMBERED = 16_384

#: Seconds after which a client may try again.
RETRY_AFTER = 2.0

log = FaultLog("hunt")


class Challenge(Protocol):
    """One kind of challenge."""

    @property
    def kind(self) -> str:
        """Its name in `HUNT_CHALLENGE`."""

    def offered(self) -> dict[str, object]:
        """Return the JSON from which a client makes an answer."""

    async def verify(self, answer: str) -> None:
        """Return if an answer is right; it is right only once.

        Raises:
            ValueError: It is wrong; the message says why, without the answer.
            Unavailable: It cannot be checked now.
        """

    def rotate(self) -> None:
        """Drop expired entries from memory."""

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Hold connections until cancelled."""


class Altcha:
    """Proof of work, which the server verifies itself.

    Args:
        keys: See `hunt.core.altcha.keys`.
        work: Largest number that a client must find.
        use: Records a challenge, for all nodes; returns False if it was used before.
        wall: Seconds since 1970.
    """

    kind = "altcha"

    def __init__(
        self,
        keys: list[bytes],
        *,
        work: int,
        use: Callable[..., Awaitable[bool]],
        wall: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._work = work
        self._use = use
        self._wall = wall
        self._used: OrderedDict[str, float] = OrderedDict()  # challenge -> its end, by `wall`

    def offered(self) -> dict[str, object]:
        """See `Challenge`."""
        made = altcha.puzzle(
            self._keys[0],
            number=secrets.randbelow(self._work + 1),
            most=self._work,
            nonce=secrets.token_bytes(12),
            now=self._wall(),
        )
        return {"kind": self.kind, "puzzle": made}

    async def verify(self, answer: str) -> None:
        """See `Challenge`."""
        solved = altcha.check(self._keys, answer, now=self._wall())
        # This process refuses a repeat even while the database cannot be asked.
        if solved.challenge in self._used:
            raise ValueError("the answer was used before")
        self._used[solved.challenge] = solved.expires
        if len(self._used) > REMEMBERED:
            self._used.popitem(last=False)
        try:
            is_new = await self._use(solved.challenge, until=solved.expires)
        except StoreError as exc:
            raise Unavailable(f"the database cannot be asked: {exc}") from exc
        if not is_new:
            raise ValueError("the answer was used before")

    def rotate(self) -> None:
        """Forget expired challenges: answers to them are refused anyway."""
        now = self._wall()
        # In the order of their answers, which is about that of their ends.
        while self._used and next(iter(self._used.values())) < now:
            self._used.popitem(last=False)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """See `Challenge`; there are none."""
        task_status.started()


class Challenges:
    """The challenge of a server, and the meaning of its failures.

    Args:
        challenge: The kind of challenge.
        timeout: Seconds, > 0, for the verification of an answer.
        admits: Whether visitors are let in while answers cannot be verified.
    """

    def __init__(self, challenge: Challenge, *, timeout: float, admits: bool) -> None:
        self.kind = challenge.kind
        self.offered = challenge.offered
        self.run = challenge.run
        self.rotate = challenge.rotate
        self.faults = Counter(challenge=0)  #: answers that could not be verified
        self._challenge = challenge
        self._timeout = timeout
        self._admits = admits

    async def verify(self, answer: str) -> None:
        """Return if a visitor may become a guest.

        Raises:
            ChallengeFailed: The answer is wrong.
            ChallengeUnavailable: The answer cannot be verified, and visitors must wait.
        """
        try:
            with trio.fail_after(self._timeout):
                await self._challenge.verify(answer)
        except ValueError as exc:
            raise ChallengeFailed(str(exc)) from None
        except (Unavailable, trio.TooSlowError) as exc:
            why = str(exc) or f"no answer within {self._timeout:g} s"
            self.faults["challenge"] += 1
            log.warning("challenge not verified", kind=self.kind, error=why, admitted=self._admits)
            if not self._admits:
                raise ChallengeUnavailable(retry_after=RETRY_AFTER) from exc


def make_challenges(
    settings: Settings, *, use: Callable[..., Awaitable[bool]], wall: Callable[[], float]
) -> Challenges | None:
    """Return the challenge of a server; None without one.

    Args:
        settings: The settings of the server.
        use: See `Altcha`.
        wall: See `Altcha`.

    Raises:
        SettingsError: A setting that the challenge needs is missing.
    """
    kind = settings.challenge
    if kind == "none":
        return None
    made: Challenge
    if kind == "altcha":
        keys = altcha.keys(settings.jwt_secret)
        made = Altcha(keys, work=settings.challenge_work, use=use, wall=wall)
    else:
        if settings.challenge_site_key is None or settings.challenge_secret is None:
            raise SettingsError(
                f"HUNT_CHALLENGE={kind} needs HUNT_CHALLENGE_SITE_KEY and HUNT_CHALLENGE_SECRET: "
                "create both with the provider"
            )
        made = SiteVerify(
            PROVIDERS[kind],
            url=settings.challenge_url,
            site_key=settings.challenge_site_key,
            secret=settings.challenge_secret,
        )
    return Challenges(
        made, timeout=settings.challenge_timeout, admits=settings.challenge_outage == "admit"
    )
