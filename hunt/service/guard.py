"""What stands between a lane and the store: the breaker, and what a failure means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import trio

from hunt.core.breaker import Breaker, Ticket
from hunt.core.events import Click, Outcome
from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    CircuitOpen,
    ClickRejected,
    ConnectTimeout,
    HuntNotFound,
    OutcomeUnknown,
    Overloaded,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreTimeout,
    StoreUnavailable,
)
from hunt.logs import FaultLog

#: Gets a hunt, its clicks, and what to call once they are on their way.
Append = Callable[[str, Sequence[Click], Callable[[], None]], Awaitable[list[Outcome]]]
Reject = Callable[[str, Click, str], Awaitable[None]]

#: Times that one batch is sent: clicks have ids, so sending it again is safe.
ATTEMPTS = 3

#: What a failed call is counted as, by class; the first that fits.
FAILURES: tuple[tuple[type[StoreError], str], ...] = (
    (StoreReadOnly, "read_only"),
    (StoreUnavailable, "unavailable"),
    (StoreTimeout, "timeout"),
    (StoreLost, "lost"),
    (StoreConflict, "conflict"),
    (BatchTimeout, "statement_timeout"),
    (BatchRejected, "rejected"),
    (StoreError, "other"),
)

#: Clicks of one batch that each took too long alone, after which it is not they
#: who are to blame (somebody holds a lock), and the rest is not tried one by one.
ALONE = 2

log = FaultLog("hunt.guard")


@dataclass(slots=True)
class _Case:
    """What is known of a batch while it is sent again, and its parts."""

    sent: Callable[[], None]  # to be called when it is on its way
    unknown: bool = False  # an answer was lost, so "not recorded" is not certain
    alone: int = 0  # clicks that took too long alone


class Guard:
    """Commits batches; whatever happens, every click gets an outcome.

    An outcome says "not recorded" only where that is certain.  Where the answer
    was lost the same batch is sent again, and where that does not help either,
    the outcome is `OutcomeUnknown`.

    Args:
        append: The store's; raises a `StoreError`, or returns outcomes in order.
        reject: The store's; records a click that `append` will never take.
        breaker: Told how each call ended.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
        breaker_moved: Called after each call, when the breaker may have moved.
    """

    def __init__(
        self,
        append: Append,
        reject: Reject,
        breaker: Breaker,
        *,
        jitter: Callable[[], float],
        breaker_moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._append = append
        self._reject = reject
        self._breaker = breaker
        self._jitter = jitter
        self._breaker_moved = breaker_moved
        self.failures = Counter({label: 0 for _, label in FAILURES})  #: of calls, by kind
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
        return await self._commit(hunt, clicks, _Case(sent))

    async def _commit(self, hunt: str, clicks: Sequence[Click], case: _Case) -> list[Outcome]:
        for attempt in range(ATTEMPTS):
            if self._breaker.state != "closed":
                break  # its probes are the supervisor's to send, not a batch's
            self.retries += attempt > 0
            ticket = self._breaker.admit()
            try:
                return await self._call(ticket, hunt, clicks, case.sent)
            except HuntNotFound as exc:
                return [exc] * len(clicks)
            except (StoreTimeout, StoreLost) as exc:
                case.unknown = True
                self._failed("a commit's outcome is unknown", hunt, exc)
            except StoreConflict as exc:  # a deadlock's victim: again
                self._failed("a commit was given up for another", hunt, exc)
            except (BatchRejected, BatchTimeout) as exc:
                self._failed("a batch was refused, and is split", hunt, exc)
                return await self._split(hunt, clicks, exc, case)
            except StoreUnavailable as exc:
                self._failed("the store is unavailable", hunt, exc)
                break
        return [self._refusal(case)] * len(clicks)

    def _failed(self, event: str, hunt: str, error: StoreError) -> None:
        self.failures[next(label for kind, label in FAILURES if isinstance(error, kind))] += 1
        log.warning(event, hunt=hunt, error=str(error))

    def _refusal(self, case: _Case, why: str = "the database did not answer") -> Outcome:
        if case.unknown:
            return OutcomeUnknown()
        later = self._breaker.retry_after() + 0.5 + self._jitter()
        if self._breaker.state != "closed":
            return CircuitOpen(retry_after=later)
        return Overloaded(why, retry_after=later)

    async def _call(
        self, ticket: Ticket, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        started = trio.current_time()
        try:
            outcomes = await self._append(hunt, clicks, sent)
        except StoreReadOnly:
            self._breaker.read_only(ticket)
            raise
        except (StoreTimeout, ConnectTimeout):
            # A frozen server takes neither a batch nor a connection: two of
            # either kind are two timeouts.
            self._breaker.time_out(ticket)
            raise
        except (StoreUnavailable, StoreLost):
            self._breaker.fail(ticket)
            raise
        except BaseException:  # about the batch, cancelled, or a bug: no news of the store
            self._breaker.abandon(ticket)
            raise
        else:
            self._breaker.succeed(ticket, trio.current_time() - started)
            return outcomes
        finally:
            self._breaker_moved()

    async def _split(
        self, hunt: str, clicks: Sequence[Click], error: StoreError, case: _Case
    ) -> list[Outcome]:
        """Commit the halves of a batch that failed for some row's sake."""
        slow = isinstance(error, BatchTimeout)
        if slow and (len(clicks) == 1 or case.alone >= ALONE):
            case.alone += 1
            return [self._refusal(case, "the database took too long")] * len(clicks)
        if len(clicks) > 1:
            half = len(clicks) // 2
            first = await self._commit(hunt, clicks[:half], case)
            return first + await self._commit(hunt, clicks[half:], case)
        log.warning("a click was rejected", hunt=hunt, click=clicks[0].id, error=str(error))
        try:
            await self._reject(hunt, clicks[0], str(error))
        except StoreError as exc:
            log.warning("the rejection was not recorded", click=clicks[0].id, error=str(exc))
        return [ClickRejected("the click was rejected; it will not be taken again")]
