"""Commits batches: admission by the breaker, retries, and the outcome of each failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

import trio
from msgspec.structs import replace

from hunt.core.breaker import Breaker, Ticket
from hunt.core.events import Click, Outcome, Settlement
from hunt.error_kinds import kinds
from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    CircuitOpen,
    ClickRejected,
    ConnectTimeout,
    HuntFailed,
    HuntUnavailable,
    OutcomeUnknown,
    Overloaded,
    Refused,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreSlow,
    StoreTimeout,
    StoreUnavailable,
)
from hunt.logs import FaultLog
from hunt.service.quarantine import Quarantine

#: Takes a hunt's id, its clicks, and a function to call once the batch is sent.
Append = Callable[[str, Sequence[Click], Callable[[], None]], Awaitable[list[Outcome]]]
Reject = Callable[[str, Click, str], Awaitable[None]]

#: Attempts to send one batch.  A retry is safe: clicks are deduplicated by their ids.
ATTEMPTS = 3

#: Number of single clicks of a batch that may time out.  After that the cause is not a click
#: but a lock of some session, and the remaining clicks are refused without a try each.
ALONE = 2

log = FaultLog("hunt.guard")


@dataclass(slots=True)
class _Case:
    """The state of a batch while it, or parts of it, are sent again."""

    sent: Callable[[], None]  # to be called once the batch is sent
    known: int  # last known seq of the log before the batch was sent
    #: Ids of the clicks that were sent without an answer: they may be recorded.
    unanswered: set[str] = field(default_factory=set)
    new: set[str] = field(
        default_factory=set
    )  # ids of clicks that were answered for the first time
    alone: int = 0  # single clicks that timed out


class Guard:
    """Commits batches; every click gets an outcome.

    An outcome says "not recorded" only if that is certain.  A batch without an answer is
    sent again; if no attempt is answered, the outcome is `OutcomeUnknown`.

    If the store fails for one hunt only, that hunt goes into quarantine; other hunts go on.

    Args:
        append: Commits a batch, and returns an outcome for each click, in order; raises a
            `StoreError`.
        reject: Records a click that `append` will never accept; raises a `StoreError`.
        breaker: Admits calls, and learns the result of each.
        quarantine: The hunts whose commits are paused.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
        known: Returns the last known seq of a hunt's log.
        called: Called with the hunt after each call, which may have changed the breaker's state.
    """

    def __init__(
        self,
        append: Append,
        reject: Reject,
        breaker: Breaker,
        quarantine: Quarantine,
        *,
        jitter: Callable[[], float],
        known: Callable[[str], int],
        called: Callable[[str], None] = lambda hunt: None,
    ) -> None:
        self._append = append
        self._reject = reject
        self._breaker = breaker
        self._quarantine = quarantine
        self._jitter = jitter
        self._known = known
        self._called = called
        self.failures = Counter({kind.label: 0 for kind in kinds(StoreError)})  #: by label
        self.retries = 0  #: attempts beyond the first one of a batch

    async def commit(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None] = lambda: None,
        *,
        unanswered: Collection[str] = (),
        known: int | None = None,
    ) -> list[Outcome]:
        """Return an outcome for each click, in order.

        Args:
            hunt: The id of the hunt.
            clicks: One batch, not empty.
            sent: Called once the batch is sent; the caller can do other work until the answer.
                It may be called several times, or never; must not block or raise.
            unanswered: Ids of clicks that were sent before without an answer, and may be recorded.
            known: The last known seq of the log before that.
        """
        before = self._known(hunt) if known is None else known
        return await self._commit(hunt, clicks, _Case(sent, before, set(unanswered)))

    async def _commit(self, hunt: str, clicks: Sequence[Click], case: _Case) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            if self._breaker.state != "closed":
                break  # only the prober sends probes
            if pause := self._quarantine.pause(hunt):
                return self._refusals(clicks, case, self._unavailable(pause))
            self.retries += attempt > 0
            ticket = self._breaker.admit()
            try:
                outcomes = await self._call(ticket, hunt, clicks, case)
            except Refused as exc:  # of the whole batch, for example if the hunt was deleted
                return [exc] * len(clicks)
            except (StoreTimeout, StoreLost) as exc:
                case.unanswered.update(click.id for click in clicks)
                self._failed("batch unanswered", hunt, exc)
            except StoreConflict as exc:
                self._failed("batch conflicted", hunt, exc)
            except (BatchRejected, BatchTimeout) as exc:
                self._failed("batch split", hunt, exc)
                return await self._split(hunt, clicks, exc, case)
            except StoreUnavailable as exc:
                self._failed("database unavailable", hunt, exc)
                break
            except StoreError as exc:
                pause = self._quarantine.failed(hunt)
                self._failed("hunt quarantined", hunt, exc, retry_in=round(pause, 3))
                return self._refusals(clicks, case, self._unavailable(pause))
            else:
                if self._quarantine.succeeded(hunt):
                    log.warning("hunt released from quarantine", hunt=hunt)
                return self._first_answers(clicks, outcomes, case) if case.unanswered else outcomes
        return self._refusals(clicks, case, self._refusal("the database did not answer"))

    def _failed(self, event: str, hunt: str, error: StoreError, **fields: object) -> None:
        self.failures[error.label] += 1
        log.store_error(event, error, hunt=hunt, **fields)

    def _refusal(self, why: str) -> Refused:
        later = self._breaker.retry_after() + 0.5 + self._jitter()
        if self._breaker.state != "closed":
            return CircuitOpen(retry_after=later)
        return Overloaded(why, retry_after=later)

    def _unavailable(self, pause: float) -> Refused:
        return HuntUnavailable(retry_after=pause + 0.5 + self._jitter())

    @staticmethod
    def _refusals(clicks: Sequence[Click], case: _Case, refusal: Refused) -> list[Outcome]:
        """Return `refusal` for each click, and an unknown outcome for one that may be recorded."""
        return [OutcomeUnknown() if each.id in case.unanswered else refusal for each in clicks]

    @staticmethod
    def _first_answers(
        clicks: Sequence[Click], outcomes: Sequence[Outcome], case: _Case
    ) -> list[Outcome]:
        """Return the outcomes; leave `duplicate` true only for repeats by the client.

        The store also reports a duplicate if an unanswered attempt of this batch has recorded
        the click.  A row at or before the known seq is older than the batch, so the client
        has sent the click before.
        """
        answers: list[Outcome] = []
        for click, outcome in zip(clicks, outcomes, strict=True):
            each = outcome
            if (
                isinstance(each, Settlement)
                and each.duplicate
                and click.id in case.unanswered
                and click.id not in case.new
                and each.reward.seq > case.known
            ):
                each = replace(each, duplicate=False)
            if isinstance(each, Settlement) and not each.duplicate:
                case.new.add(click.id)
            answers.append(each)
        return answers

    async def _call(
        self, ticket: Ticket, hunt: str, clicks: Sequence[Click], case: _Case
    ) -> list[Outcome]:
        started = trio.current_time()
        try:
            outcomes = await self._append(hunt, clicks, case.sent)
        except StoreReadOnly:
            self._breaker.read_only(ticket)
            raise
        except (StoreTimeout, ConnectTimeout, StoreSlow):
            # A frozen server accepts neither batches nor connections, so both failures count
            # as timeouts.
            self._breaker.time_out(ticket)
            raise
        except (StoreUnavailable, StoreLost):
            self._breaker.fail(ticket)
            raise
        except HuntFailed:
            # After an unanswered attempt the server may still work on it and hold the lock:
            # that is a timeout.  Otherwise the failure concerns the hunt only.
            settle = self._breaker.time_out if case.unanswered else self._breaker.abandon
            settle(ticket)
            raise
        except BaseException:  # a bad batch, a cancellation or a bug: the store may be well
            self._breaker.abandon(ticket)
            raise
        else:
            self._breaker.succeed(ticket, trio.current_time() - started)
            return outcomes
        finally:
            self._called(hunt)

    async def _split(
        self, hunt: str, clicks: Sequence[Click], error: StoreError, case: _Case
    ) -> list[Outcome]:
        """Commit the halves of a batch that failed because of one row."""
        slow = isinstance(error, BatchTimeout)
        if slow and (len(clicks) == 1 or case.alone >= ALONE):
            case.alone += 1
            return self._refusals(clicks, case, self._refusal("the database took too long"))
        if len(clicks) > 1:
            half = len(clicks) // 2
            first = await self._commit(hunt, clicks[:half], case)
            case.new.update(each.reward.id for each in first if isinstance(each, Settlement))
            return first + await self._commit(hunt, clicks[half:], case)
        log.warning("click rejected", hunt=hunt, click=clicks[0].id, error=str(error))
        try:
            await self._reject(hunt, clicks[0], str(error))
        except StoreError as exc:
            log.store_error("rejection not recorded", exc, click=clicks[0].id)
        return [ClickRejected("the click was rejected; it will never be accepted")]
