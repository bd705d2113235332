from __future__ import annotations

import pytest

from hunt.core.readiness import WORKER_SILENCE, NodeState, Readiness, Report


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def report(*reasons: str, failing: bool = False, alarm: int = 0) -> Report:
    return Report(reasons=list(reasons), failing=failing, alarm=alarm)


def node(readiness: Readiness, *workers: int | None) -> NodeState:
    return readiness.node(workers, draining=False)


@pytest.mark.parametrize(
    ("share", "workers", "needed"),
    [(0.5, 1, 1), (0.5, 2, 1), (0.5, 3, 2), (0.5, 16, 8), (1.0, 3, 3), (0.0, 4, 1), (0.55, 20, 11)],
)
def test_share_decides_how_many_workers_must_be_able(
    share: float, workers: int, needed: int
) -> None:
    for able in range(workers + 1):
        readiness = Readiness(share=share, clock=Clock())
        for each in range(able):
            readiness.report(each, report())
        assert node(readiness, *range(workers)).ready == (able >= needed)


def test_draining_node_is_not_ready() -> None:
    readiness = Readiness(share=0.5, clock=Clock())
    readiness.report(1, report())
    state = readiness.node([1], draining=True)
    assert not state.ready
    assert state.reasons == ["draining"]


def test_empty_worker_slot_counts_as_unable() -> None:
    readiness = Readiness(share=1.0, clock=Clock())
    readiness.report(1, report())
    assert not node(readiness, 1, None).ready


def test_silent_worker_counts_as_unable() -> None:
    clock = Clock()
    readiness = Readiness(share=0.5, clock=clock)
    readiness.report(1, report())
    clock.now += WORKER_SILENCE
    assert node(readiness, 1).ready
    clock.now += 0.1
    assert not node(readiness, 1).ready
    assert "not reported" in node(readiness, 1).workers[0].reasons[0]
    readiness.report(1, report())
    assert node(readiness, 1).ready


def test_ended_worker_is_removed() -> None:
    readiness = Readiness(share=0.5, clock=Clock())
    readiness.report(1, report())
    for _ in "ab":  # a worker may end before its first report
        readiness.end(1)
        assert not node(readiness, 1).ready


def test_alarm_makes_workers_unable_until_their_probe() -> None:
    readiness = Readiness(share=0.5, clock=Clock())
    for each in (1, 2):
        readiness.report(each, report())
    assert node(readiness, 1, 2).ready
    readiness.report(1, report("the breaker is open", failing=True))
    doubtful = node(readiness, 1, 2)
    assert not doubtful.ready
    assert doubtful.alarm == 1
    assert "no probe here has succeeded" in doubtful.workers[1].reasons[0]
    readiness.report(2, report("probing", alarm=1))
    assert not node(readiness, 1, 2).ready
    readiness.report(2, report(alarm=1))
    assert node(readiness, 1, 2).ready


def test_reopened_breaker_is_no_new_alarm() -> None:
    readiness = Readiness(share=0.5, clock=Clock())
    for state in ("open", "half-open", "open", "half-open"):
        readiness.report(1, report(state, failing=True))
    assert readiness.alarm == 1
    readiness.report(1, report())
    readiness.report(1, report("open", failing=True))
    assert readiness.alarm == 2


def test_breaker_forced_open_is_no_alarm() -> None:
    readiness = Readiness(share=0.5, clock=Clock())
    readiness.report(1, report("the breaker is open: forced"))
    assert readiness.alarm == 0


def test_report_returns_whether_it_differs() -> None:
    readiness = Readiness(share=0.5, clock=Clock())
    assert readiness.report(1, report())
    assert not readiness.report(1, report())
    assert readiness.report(1, report("draining"))


def test_state_names_each_process_and_its_reasons() -> None:
    readiness = Readiness(share=1.0, clock=Clock())
    readiness.report(11, report())
    readiness.report(12, report("breaker open"))
    state = node(readiness, 11, 12, 13, None)
    assert [(each.process, each.able) for each in state.workers] == [
        (11, True), (12, False), (13, False),
    ]  # fmt: skip
    assert [each.reasons for each in state.workers] == [
        [], ["breaker open"], ["has not reported yet"],
    ]  # fmt: skip
    assert state.reasons == ["1 of 4 workers can take clicks, 4 must be able to"]
