"""The report of a rehearsal: checks with their figures and limits, and go or no-go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from msgspec import Struct

from hunt.bench.run import percentile
from hunt.core.definition import Definition
from hunt.core.rerun import stocked
from hunt.rehearsal.clickers import Clicks
from hunt.rehearsal.pacing import paces
from hunt.testing.checks import Violation
from hunt.testing.history import History
from hunt.testing.oracle import check_history
from hunt.testing.rule_checks import rules
from hunt.testing.stored_log import StoredLog
from hunt.testing.webhook_checks import Delivered, in_order

#: Seconds by which grants may be behind the clicks, in addition to the limit of an answer.
MOMENT = 1.0


class Limits(Struct, frozen=True, kw_only=True):
    """Limits that a rehearsal must keep."""

    answer_p99: float  #: seconds from the time at which a click was due to its answer
    event_p99: float  #: seconds from the same time to the event on the stream
    shed: float = 0.01  #: share of the clicks that met 503, 504, or no answer


class Check(Struct, frozen=True):
    """One line of the report."""

    name: str
    found: str
    limit: str = ""  #: empty: it is shown only
    ok: bool = True


class Played(Struct, frozen=True, kw_only=True):
    """A rehearsal that was played."""

    definition: Definition
    seed: bytes
    players: int
    greeted: int  #: players whose stream was opened
    broken: int  #: streams that ended before the hunt did
    clicks: Clicks
    received: dict[str, float]  #: click id -> time of its event
    history: History
    log: StoredLog
    loaded: int  #: codes
    deliveries: Sequence[Delivered] | None  #: None: without a webhook
    opened: float  #: time of the opening of the hunt, by the clock of the clicks
    ended: float  #: seconds from the opening of the hunt to the last answer


class Report(Struct, frozen=True):
    """The checks, and what the oracle found."""

    checks: list[Check]
    violations: list[Violation]

    @property
    def go(self) -> bool:
        """Whether every check holds."""
        return all(each.ok for each in self.checks)


def report(played: Played, limits: Limits) -> Report:
    """Judge a rehearsal."""
    log = played.log
    found = check_history(played.history, log)
    found += rules(played.definition, played.seed, sorted(log.rows, key=lambda row: row.seq))
    checks = [
        *_clicks(played, limits),
        *_latencies(played, limits),
        *_streams(played),
        *_plan(played, limits),
        *_codes(played, found),
    ]
    if played.deliveries is not None:
        wrong = in_order(played.deliveries, _owed(log))
        owed = len(_owed(log))
        taken = len({each.id for each in played.deliveries})
        checks.append(Check("webhook events received", str(taken), f"all {owed}", not wrong))
        found += wrong
    checks.append(Check("violations found by the oracle", str(len(found)), "0", not found))
    return Report(checks, found)


def _owed(log: StoredLog) -> list[tuple[str, int, str]]:
    wins = sorted((row for row in log.rows if row.prize is not None), key=lambda row: row.seq)
    return [(f"{log.epoch}-{row.seq}", row.seq, row.id) for row in wins]


def _clicks(played: Played, limits: Limits) -> Iterator[Check]:
    clicks = played.clicks
    yield Check("clicks", str(clicks.sent))
    yield Check("clicks answered with an outcome", str(len(clicks.answered)), "some",
                bool(clicks.answered))  # fmt: skip
    yield Check("clicks sent once more", str(clicks.repeats))
    for kind, count in sorted(clicks.refused.items()):
        yield Check(f"refused by the rules: {kind}", str(count))
    share = clicks.shed / max(clicks.sent, 1)
    yield Check("refused for load, or unanswered", f"{clicks.shed} ({share:.2%})",
                f"{limits.shed:.0%}", share <= limits.shed)  # fmt: skip
    yield Check("clicks without an outcome", str(clicks.lost), "0", not clicks.lost)


def _latencies(played: Played, limits: Limits) -> Iterator[Check]:
    due = played.clicks.due
    events = [at - due[click] for click, at in played.received.items() if click in due]
    for name, found, limit in (
        ("answers", list(played.clicks.answered.values()), limits.answer_p99),
        ("events", events, limits.event_p99),
    ):
        ordered = sorted(found)
        p50, p99, most = (1000 * percentile(ordered, share) for share in (0.5, 0.99, 1.0))
        text = f"{p50:.0f} / {p99:.0f} / {most:.0f}"
        fits = bool(ordered) and p99 <= 1000 * limit
        yield Check(f"{name}: p50 / p99 / max ms", text, f"p99 {1000 * limit:.0f}", fits)


def _streams(played: Played) -> Iterator[Check]:
    whole = played.greeted == played.players
    yield Check("streams opened", str(played.greeted), str(played.players), whole)
    yield Check("streams that broke", str(played.broken), "0", not played.broken)
    missing = len(played.clicks.answered.keys() - played.received.keys())
    yield Check("answered clicks without an event", str(missing), "0", not missing)


def _plan(played: Played, limits: Limits) -> Iterator[Check]:
    """Compare the grants with the release plans; the oracle checks that none is early."""
    codes = Counter(each.prize for each in played.log.codes)
    definition = stocked(played.definition, codes)
    opened, closes = definition.opens_at, definition.closes_at
    assert opened is not None
    assert closes is not None
    found = paces(
        definition,
        played.seed,
        sorted(played.log.rows, key=lambda row: row.seq),
        due={
            click: opened + timedelta(seconds=at - played.opened)
            for click, at in played.clicks.due.items()
        },
        ended=min(opened + timedelta(seconds=played.ended), closes),
        slack=timedelta(seconds=MOMENT + limits.answer_p99),
    )
    paced = {each.prize: each for each in found}
    granted = Counter(row.prize for row in played.log.rows)
    for prize in definition.prizes:
        pace = paced.get(prize.id)
        if pace is None:
            of = "" if prize.stock is None else f" of {prize.stock}"
            yield Check(f"granted: {prize.id}", f"{granted[prize.id]}{of}")
            continue
        yield Check(
            f"granted: {prize.id}",
            f"{pace.granted}, at most {pace.off_plan:.0%} off its plan",
            f"plan {pace.planned}, by these clicks {pace.simulated}",
            not pace.early and not pace.behind,
        )


def _codes(played: Played, found: Sequence[Violation]) -> Iterator[Check]:
    if played.loaded:
        wrong = sum(each.check == "codes" for each in found)
        bound = sum(each.reward is not None for each in played.log.codes)
        yield Check("codes handed out, each once", f"{bound} of {played.loaded}", "each once",
                    not wrong)  # fmt: skip
