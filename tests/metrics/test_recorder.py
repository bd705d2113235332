from __future__ import annotations

from hunt.core.events import Reward, Settlement
from hunt.errors import CircuitOpen, Draining, OutcomeUnknown, Overloaded, QueueFull, Refused
from hunt.metrics.recorder import Recorder, outcome_label


def test_outcome_has_a_label() -> None:
    settled = Settlement(Reward(1, "", "", "coin", 1, ""), False)
    assert outcome_label(settled) == "won"
    assert outcome_label(Settlement(Reward(1, "", "", None, 0, ""), False)) == "nothing"
    assert outcome_label(Settlement(settled.reward, True)) == "duplicate"
    assert outcome_label(OutcomeUnknown()) == "unknown"
    assert outcome_label(CircuitOpen(retry_after=1)) == "breaker_open"
    assert outcome_label(QueueFull(retry_after=1)) == "queue_full"
    assert outcome_label(Draining(retry_after=1)) == "draining"
    assert outcome_label(Overloaded(retry_after=1)) == "overloaded"
    assert outcome_label(Refused()) == "other"


def test_outcomes_of_a_batch_are_counted_by_label() -> None:
    recorder = Recorder()
    won = Settlement(Reward(1, "", "", "coin", 1, ""), False)
    recorder.settled("harbour", [won, OutcomeUnknown(), won], [0.003, 0.1, 0.1])
    assert recorder.clicks.counts == {("harbour", "won"): 2, ("harbour", "unknown"): 1}
    assert sum(recorder.click_seconds.counts()) == 3


def test_bus_lag_is_the_longest_since_it_was_taken() -> None:
    recorder = Recorder()
    recorder.bus_lag(0.5)
    recorder.bus_lag(0.25)
    assert recorder.newest_bus_lag == 0.25
    assert recorder.take_bus_lag() == 0.5
    assert recorder.take_bus_lag() is None
