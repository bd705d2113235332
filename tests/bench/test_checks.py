from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from hunt.bench import clicks, figure_table, html_report
from hunt.bench.game import OutcomeChecker
from hunt.bench.result import Result
from hunt.bench.run import Run, percentile
from hunt.bench.target import Target
from hunt.errors import SettingsError

ID = "0b6e1c9c-9f27-4f0e-8a44-1f1f6f4b9d11"


def player(number: int) -> Any:
    return SimpleNamespace(number=number, id=ID.encode())


def event(seq: int, click_id: str = ID) -> bytes:
    return b'id: k3-%d\nevent: reward\ndata: {"id":"%b","seq":%d,"x":1}\n\n' % (
        seq,
        click_id.encode(),
        seq,
    )


@pytest.fixture
def referee() -> OutcomeChecker:
    referee = OutcomeChecker()
    referee.sent(player(1), 0.0)
    return referee


def test_event_may_arrive_before_or_after_answer(referee: OutcomeChecker) -> None:
    referee.heard(player(1), event(5))
    referee.settled(player(1), 1.0)
    assert (referee.missing, referee.problems(), len(referee.delays)) == (0, [], 1)


def test_missing_event_is_found(referee: OutcomeChecker) -> None:
    referee.settled(player(1), 1.0)
    assert referee.missing == 1
    assert "did not arrive" in referee.problems()[0]


def test_duplicate_event_is_found(referee: OutcomeChecker) -> None:
    referee.heard(player(1), event(5) + event(5))
    assert any("duplicated" in problem for problem in referee.problems())


def test_event_on_other_players_stream_is_found(referee: OutcomeChecker) -> None:
    referee.heard(player(2), event(5))
    assert "another player" in referee.problems()[0]


def test_ended_stream_is_found(referee: OutcomeChecker) -> None:
    referee.heard(player(1), None)
    assert referee.problems() == ["1 stream ended"]


@pytest.mark.parametrize(("rows", "word"), [(9, "not in the log"), (12, "click too many")])
def test_wrong_length_of_log_is_found(rows: int, word: str) -> None:
    run = Run(sent=11)
    run.statuses[200], run.statuses[504] = 10, 1
    assert word in clicks._log(run, rows)[0]
    assert clicks._log(run, 10) == clicks._log(run, 11) == []


def test_only_load_shedding_statuses_are_accepted() -> None:
    run = Run(sent=3)
    run.statuses.update([200, 503, 500])
    assert (run.refused, run.problems()) == (1, ["1 click was answered with 500"])
    run.sent = 4
    assert "1 click got no answer" in run.problems()[0]


def test_percentile_is_an_observed_value() -> None:
    values = list(map(float, range(1, 11)))
    assert [percentile(values, share) for share in (0.0, 0.5, 0.9, 0.99, 1.0)] == [1, 5, 9, 10, 10]
    assert percentile([], 0.5) == 0


@pytest.mark.parametrize("url", ["https://localhost", "localhost:80", "http://x:99999"])
def test_unsupported_url_is_explained(url: str) -> None:
    with pytest.raises(SettingsError, match="--url"):
        Target.parse(url, "harbour")


def test_many_connections_use_several_local_addresses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = Target("127.0.0.1", server.getsockname()[1], "harbour")
        with target.connect(0) as first, target.connect(16_000) as later:
            assert first.getsockname()[0] != later.getsockname()[0]


def test_page_shows_figures_plots_and_failures() -> None:
    run = Run(seconds=2.0)
    run.latencies.extend([0.001, 0.002, 0.004])
    run.times.extend([0.1, 0.7, 1.2])
    result = Result({"connections": 64.0, "p50_ms": 2.0}, {200: 3}, ["<it> failed"], run)
    shown = html_report.page("Clicks", figure_table.CLICKS, [result], ["64"])
    assert shown.count("<polyline") == 2
    assert "&lt;it&gt; failed" in shown
    assert "<td>2.00</td>" in shown
    assert "http" not in shown  # nothing comes from elsewhere
