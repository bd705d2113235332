"""Refusals of requests: nothing was recorded, unless a class says otherwise.

A message is one sentence that is safe to show to a client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hunt.errors.base import HuntError


class Refused(HuntError):
    """The server has a defect, which it has logged.

    Base of every refusal.  The attributes and the first line of the docstring are shown to
    clients.  A subclass inherits the attributes that it does not set.
    """

    status: ClassVar[int] = 500  #: the HTTP status
    slug: ClassVar[str] = "internal-error"  #: names the problem type, in its URI
    title: ClassVar[str] = "Internal error"  #: of the problem type; the same for all errors of it
    label: ClassVar[str] = "other"  #: of the outcome, in `hunt_clicks_total`
    close_code: ClassVar[int] = 1013  #: of a WebSocket that it ends; 1013: try again later
    headers: ClassVar[tuple[str, ...]] = ()  #: names of headers that each answer has

    retry_after: float | None = None  #: seconds, >= 0; None if waiting does not help


class InvalidRequest(Refused):
    """The request is malformed."""

    status, slug, title, label = 400, "invalid-request", "Invalid request", "invalid"

    def __init__(self, detail: str, *, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.errors = dict(errors or {})  #: field -> error message


class UnsupportedType(InvalidRequest):
    """The type or the encoding of the body is not supported."""

    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class NotAuthenticated(Refused):
    """The token is missing, invalid or expired."""

    status, slug, title, label = 401, "not-authenticated", "Not authenticated", "unauthenticated"
    close_code = 4401
    headers = ("WWW-Authenticate",)


class NotAllowed(Refused):
    """The client is authenticated, but not allowed to do this."""

    status, slug, title, label = 403, "not-allowed", "Not allowed", "forbidden"
    close_code = 4403


class NoGuests(NotAllowed):
    """This server admits no guests: each player needs a token."""

    slug, title = "no-guests", "No guests"


class ChallengeRequired(NotAllowed):
    """A visitor must pass a challenge to become a guest: see `GET /v1/challenge`."""

    slug, title = "challenge-required", "Challenge required"

    def __init__(self) -> None:
        super().__init__(
            "this server asks visitors to pass a challenge: GET /v1/challenge, and send the "
            "answer in the header Hunt-Challenge"
        )


class ChallengeFailed(NotAllowed):
    """The answer to the challenge is wrong, expired, or was used before."""

    slug, title = "challenge-failed", "Challenge failed"


class Banned(NotAllowed):
    """The player, or the client's network, may not play."""

    slug, title, label = "banned", "Banned", "banned"

    def __init__(self) -> None:
        super().__init__("this player may not play: an operator has ended it")


class BanNotFound(Refused):
    """There is no such ban."""

    status, slug, title, label = 404, "no-such-ban", "No such ban", "not_found"


class EntryNotFound(Refused):
    """The schedule of the hunt has no such entry."""

    status, slug, title, label = 404, "no-such-entry", "No such entry", "not_found"


class HuntNotFound(Refused):
    """There is no such hunt."""

    status, slug, title, label = 404, "no-such-hunt", "No such hunt", "not_found"


class WebhookNotFound(HuntNotFound):
    """The hunt has no such webhook."""

    slug, title = "no-such-webhook", "No such webhook"


class HuntNotOpen(Refused):
    """The hunt takes no clicks now."""

    status, slug, title, label = 409, "hunt-not-open", "Hunt not open", "not_open"

    def __init__(self, *, opens_at: str | None, closes_at: str | None) -> None:
        super().__init__("this hunt is not open now")
        self.opens_at = opens_at  #: RFC 3339; None without such a time
        self.closes_at = closes_at  #: RFC 3339; None without such a time


class WrongState(Refused):
    """The state of the hunt does not allow this change."""

    status, slug, title, label = 409, "wrong-state", "Wrong state", "wrong_state"


class RewardNotFound(Refused):
    """The hunt has no such reward, or it belongs to another player."""

    status, slug, title, label = 404, "no-such-reward", "No such reward", "not_found"

    def __init__(self) -> None:
        super().__init__("there is no such reward")


class ClaimRefused(Refused):
    """The reward cannot be claimed, or not any more."""

    status, slug, title, label = 409, "claim-refused", "Claim refused", "wrong_state"

    def __init__(self, detail: str, *, state: str | None) -> None:
        super().__init__(detail)
        self.state = state  #: present state of the reward


class NameRefused(Refused):
    """The player cannot have this name."""

    status, slug, title, label = 403, "name-refused", "Name refused", "forbidden"


class RewardsUnchanged(Refused):
    """The state of a reward does not allow the change, so no reward was changed."""

    status, slug, title, label = 409, "rewards-unchanged", "Rewards unchanged", "wrong_state"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("no reward was changed")
        self.errors = dict(errors)  #: seq -> error message


class ClickConflict(Refused):
    """The click id was used before, for another click."""

    status, slug, title, label = 422, "click-conflict", "Click conflict", "conflict"


class ClickRejected(Refused):
    """The database refused this one click, and the reason is recorded."""

    status, slug, title, label = 422, "click-rejected", "Click rejected", "rejected"


class TooFast(Refused):
    """A rate limit of the player or of the address is exceeded."""

    status, slug, title, label = 429, "too-fast", "Too fast", "too_fast"
    headers = ("Retry-After",)
    retry_after: float

    def __init__(self, *, retry_after: float) -> None:
        super().__init__(f"too fast: try again in {retry_after:.1f} s")
        self.retry_after = retry_after


class NoAttempts(Refused):
    """The player has used up the attempts of this period."""

    status, slug, title, label = 403, "no-attempts-left", "No attempts left", "no_attempts"

    def __init__(self, *, seconds: float | None) -> None:
        when = "in this hunt" if seconds is None else f"for another {seconds:.0f} s"
        super().__init__(f"no attempts are left {when}")


class Inaccurate(Refused):
    """The reported position is less accurate than the hunt demands."""

    status, slug, title, label = 403, "position-inaccurate", "Position inaccurate", "inaccurate"

    def __init__(self, accuracy: float, limit: float) -> None:
        needs = f"this hunt needs {limit:.15g} or less"
        super().__init__(f"the position is accurate to {accuracy:.15g} only: {needs}")


class TooFar(Refused):
    """The player cannot have come this far since the last click that counted."""

    status, slug, title, label = 403, "too-far", "Too far", "too_far"
    headers = ("Retry-After",)
    retry_after: float

    def __init__(self, *, retry_after: float) -> None:
        super().__init__(f"this is too far from your last click: try again in {retry_after:.1f} s")
        self.retry_after = retry_after


class Overloaded(Refused):
    """The server cannot do this now; nothing was recorded."""

    status, slug, title, label = 503, "overloaded", "Overloaded", "overloaded"
    headers = ("Retry-After",)
    retry_after: float

    def __init__(self, detail: str = "the server cannot do it now", *, retry_after: float) -> None:
        super().__init__(f"{detail}: try again in {retry_after:.1f} s")
        self.retry_after = retry_after


class ChallengeUnavailable(Overloaded):
    """The answer to the challenge cannot be verified now."""

    slug, title = "challenge-unavailable", "Challenge unavailable"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("the answer cannot be verified now", retry_after=retry_after)


class CircuitOpen(Overloaded):
    """The circuit breaker is open: the database is slow or unavailable."""

    slug, title, label = "breaker-open", "Circuit breaker open", "breaker_open"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("the database is slow or unavailable", retry_after=retry_after)


class HuntUnavailable(Overloaded):
    """The database cannot serve this hunt; other hunts are not affected."""

    slug, title, label = "hunt-unavailable", "Hunt unavailable", "hunt_unavailable"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("this hunt is unavailable", retry_after=retry_after)


class QueueFull(Overloaded):
    """Too many clicks wait for a commit, or the oldest has waited too long."""

    slug, title, label = "queue-full", "Queue full", "queue_full"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("too many clicks are waiting", retry_after=retry_after)


class Draining(Overloaded):
    """The server is stopping and takes no new clicks."""

    slug, title, label = "draining", "Draining", "draining"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("this server is stopping", retry_after=retry_after)


class OutcomeUnknown(Refused):
    """The click may or may not be recorded: send it again with the same id."""

    status, slug, title, label = 504, "outcome-unknown", "Outcome unknown", "unknown"

    def __init__(self, detail: str = "the outcome is unknown: repeat with the same id") -> None:
        super().__init__(detail)
