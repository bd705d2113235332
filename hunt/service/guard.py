"""Commits the batches of lanes: the breaker, retries, and what each failure means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import trio
from msgspec.structs import replace

from hunt.core.breaker import Breaker, Ticket
from hunt.core.events import Click, Outcome, Settlement
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
    kinds,
)
from hunt.logs import FaultLog
from hunt.service.quarantine import Quarantine

#: Gets a hunt, its clicks, and what to call once they are on their way.
Append = Callable[[str, Sequence[Click], Callable[[], None]], Awaitable[list[Outcome]]]
Reject = Callable[[str, Click, str], Awaitable[None]]

#: Times that one batch is sent: clicks have ids, so sending it again is safe.
ATTEMPTS = 3

#: Clicks of one batch that each took too long alone, after which it is not they
#: who are to blame (somebody holds a lock), and the rest is not tried one by one.
ALONE = 2

log = FaultLog("hunt.guard")


@dataclass(slots=True)
class _Case:
    """What is known of a batch while it, or its parts, are sent again."""

    sent: Callable[[], None]  # to be called when it is on its way
    known: int  # seq that the log had reached, as far as was known, before the batch was sent
    #: Ids of the clicks that were sent without an answer: "not recorded" is not certain.
    unanswered: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)  # ids that were answered for the first time
    alone: int = 0  # clicks that took too long alone


class Guard:
    """Commits batches; whatever happens, every click gets an outcome.

    An outcome says "not recorded" only where that is certain.  Where the answer
    was lost the same batch is sent again, and where that does not help either,
    the outcome is `OutcomeUnknown`.

    A hunt for which the store fails by itself goes into quarantine, while the
    others go on.

    Args:
        append: The store's; raises a `StoreError`, or returns outcomes in order.
        reject: The store's; records a click that `append` will never take.
        breaker: Told how each call ended.
        quarantine: Of the hunts that refuse alone.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
        known: Returns the seq up to which this process knows a hunt's log.
        called: Called with the hunt after each call, which may have moved the breaker.
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
        self.retries = 0  #: calls that sent the same batch again

    async def commit(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None] = lambda: None
    ) -> list[Outcome]:
        """Return an outcome for each click, in order.

        Args:
            hunt: Its id.
            clicks: One batch.
            sent: Called once the batch is on its way, so that what else there is to
                do is done while the store works; perhaps more than once, or never.
        """
        return await self._commit(hunt, clicks, _Case(sent, self._known(hunt)))

    async def _commit(self, hunt: str, clicks: Sequence[Click], case: _Case) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            if self._breaker.state != "closed":
                break  # its probes are the supervisor's to send, not a batch's
            if pause := self._quarantine.pause(hunt):
                return self._refusals(clicks, case, self._unavailable(pause))
            self.retries += attempt > 0
            ticket = self._breaker.admit()
            try:
                outcomes = await self._call(ticket, hunt, clicks, case)
            except Refused as exc:  # all of them, as where there is no such hunt
                return [exc] * len(clicks)
            except (StoreTimeout, StoreLost) as exc:
                case.unanswered.update(click.id for click in clicks)
                self._failed("commit outcome unknown", hunt, exc)
            except StoreConflict as exc:
                self._failed("commit must be repeated", hunt, exc)
            except (BatchRejected, BatchTimeout) as exc:
                self._failed("batch refused, splitting it", hunt, exc)
                return await self._split(hunt, clicks, exc, case)
            except StoreUnavailable as exc:
                self._failed("store unavailable", hunt, exc)
                break
            except StoreError as exc:
                pause = self._quarantine.failed(hunt)
                self._failed("hunt unavailable", hunt, exc, retry_in=round(pause, 3))
                return self._refusals(clicks, case, self._unavailable(pause))
            else:
                if self._quarantine.succeeded(hunt):
                    log.warning("hunt available again", hunt=hunt)
                return self._first_answers(clicks, outcomes, case) if case.unanswered else outcomes
        return self._refusals(clicks, case, self._refusal("the database did not answer"))

    def _failed(self, event: str, hunt: str, error: StoreError, **fields: object) -> None:
        self.failures[error.label] += 1
        log.warning(event, hunt=hunt, sqlstate=error.sqlstate, error=str(error), **fields)

    def _refusal(self, why: str) -> Refused:
        later = self._breaker.retry_after() + 0.5 + self._jitter()
        if self._breaker.state != "closed":
            return CircuitOpen(retry_after=later)
        return Overloaded(why, retry_after=later)

    def _unavailable(self, pause: float) -> Refused:
        return HuntUnavailable(retry_after=pause + 0.5 + self._jitter())

    @staticmethod
    def _refusals(clicks: Sequence[Click], case: _Case, refusal: Refused) -> list[Outcome]:
        """Return the refusal for each click; an unknown outcome where it may be recorded."""
        return [OutcomeUnknown() if each.id in case.unanswered else refusal for each in clicks]

    @staticmethod
    def _first_answers(
        clicks: Sequence[Click], outcomes: Sequence[Outcome], case: _Case
    ) -> list[Outcome]:
        """Return outcomes that call a click a repeat only where its client repeated it.

        To the store a click is also a repeat where an attempt of ours recorded it, whose
        answer was lost.  A row of this batch that is no further on than the log was known
        before the batch was sent is older, so its client did send it before.
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
            # A frozen server takes neither a batch nor a connection: two of
            # either kind are two timeouts.
            self._breaker.time_out(ticket)
            raise
        except (StoreUnavailable, StoreLost):
            self._breaker.fail(ticket)
            raise
        except HuntFailed:
            # Where the attempt before had no answer, the server still works on that one,
            # which holds the lock: that is a timeout.  Else it is about the hunt.
            settle = self._breaker.time_out if case.unanswered else self._breaker.abandon
            settle(ticket)
            raise
        except BaseException:  # about the batch, cancelled, or a bug: no news of the store
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
        """Commit the halves of a batch that failed for some row's sake."""
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
            log.warning("rejection not recorded", click=clicks[0].id, error=str(exc))
        return [ClickRejected("the click was rejected; it will not be taken again")]
