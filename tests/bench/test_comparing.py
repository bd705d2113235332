from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import delivery_rate, output
from benchmarks.compare import axum, sheet, wrk
from benchmarks.compare.ratios import medians, ratio
from benchmarks.compare.turns import alternate
from hunt.bench import figure_table
from hunt.core import sse
from hunt.core.events import Reward

COLUMNS: figure_table.Columns = {"clicks_per_second": ("clicks/s", 0), "max_ms": ("max ms", 1)}


def test_contenders_alternate() -> None:
    order: list[str] = []

    def turn(whose: str) -> int:
        order.append(whose)
        return len(order)

    assert alternate(["a", "b", "c"], 2, turn) == [[1, 4], [2, 5], [3, 6]]
    assert order == ["a", "b", "c"] * 2


def test_median_ignores_unknown_figures() -> None:
    rounds: list[dict[str, float | None]] = [
        {"p50_ms": 9.0, "batches": None, "cpu": None},
        {"p50_ms": 1.0, "batches": 4.0, "cpu": None},
        {"p50_ms": 2.0, "batches": 6.0, "cpu": None},
    ]
    assert medians(rounds) == {"p50_ms": 2.0, "batches": 5.0, "cpu": None}


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [(3.0, 2.0, 1.5), (0.0, 2.0, 0.0), (3.0, 0.0, None), (None, 2.0, None), (3.0, None, None)],
)
def test_ratio_needs_both_figures(
    value: float | None, reference: float | None, expected: float | None
) -> None:
    assert ratio(value, reference) == expected


def test_figures_are_compared_with_reference() -> None:
    figures = {
        "axum": {"clicks_per_second": 2000.0, "max_ms": 9.0},
        "hunt": {"clicks_per_second": 3000.0, "max_ms": 4.0},
    }
    shown = sheet.rows(COLUMNS, figures, "axum")
    assert shown == [
        ["server", "clicks/s", "max ms"],
        ["axum", "2,000", "9.0"],
        ["hunt", "3,000 (1.50x)", "4.0"],  # a maximum depends on one click
    ]
    assert sheet.rows(COLUMNS, figures, None)[2] == ["hunt", "3,000", "4.0"]


def test_names_align_left_and_numbers_right() -> None:
    named = [["server", "clicks/s"], ["axum", "2,000"], ["hunt-2", "30"]]
    assert figure_table.plain(named).splitlines() == [
        "server  clicks/s",
        "axum       2,000",
        "hunt-2        30",
    ]
    assert output.markdown(named).splitlines()[1] == "| --- | ---: |"
    assert output.markdown([["conns", "p50"], ["64", "1"]]).splitlines()[1] == "| ---: | ---: |"


def test_figures_print_in_selected_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = argparse.ArgumentParser()
    output.options(parser)
    for flag, expected in {
        "--json": '{"title": "T", "figures": [{"max_ms": 2.0}]}\n',
        "--markdown": "**T**\n\n| max ms |\n| ---: |\n| 2.0 |\n\n",
    }.items():
        output.show("T", COLUMNS, [{"max_ms": 2.0}], parser.parse_args([flag]))
        assert capsys.readouterr().out == expected


def test_failed_check_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as held:
        output.end([])
    assert held.value.code == 0
    with pytest.raises(SystemExit) as failed:
        output.end(["3 clicks got no answer"])
    assert failed.value.code == 1
    assert capsys.readouterr().err == "FAILED: 3 clicks got no answer\n"


def test_wrk_result_is_checked_against_log() -> None:
    # It does not wait for the clicks in flight, so the log may contain them, too.
    for rows in (100, 164):
        assert wrk.problems(settled=100, bad=0, broken=0, rows=rows, connections=64) == []
    for rows in (99, 165):
        [problem] = wrk.problems(settled=100, bad=0, broken=0, rows=rows, connections=64)
        assert f"grew by {rows}" in problem
    [problem] = wrk.problems(settled=100, bad=2, broken=1, rows=100, connections=64)
    assert "2 answers" in problem


def test_last_line_of_wrk_is_parsed() -> None:
    output = 'Running 3s test\n  10 requests\n{"answers":10,"p99_ms":8.125}\n'
    assert wrk.parse(output) == {"answers": 10, "p99_ms": 8.125}
    with pytest.raises(SystemExit, match="wrk"):
        wrk.parse("unable to connect\n")


def test_given_binary_is_used(tmp_path: Any) -> None:
    binary = tmp_path / "server"
    binary.write_bytes(b"")
    assert axum.build(binary, tmp_path / "target") == binary


ID = "0b6e1c9c-9f27-4f0e-8a44-1f1f6f4b9d11"


def listener(number: int) -> Any:
    return SimpleNamespace(number=number)


def events(*seqs: int) -> bytes:
    rewards = (Reward(seq, ID, "ada", None, 0, "2026-11-01T18:00:00Z") for seq in seqs)
    return b"".join(sse.reward("k3", each) for each in rewards)


def test_complete_streams_pass() -> None:
    ledger = delivery_rate.DeliveryChecker(4, 2)
    for number in (0, 1):
        ledger.heard(listener(number), b"event: hello\ndata: {}\n\n")
        ledger.heard(listener(number), events(5, 6))
    ledger.heard(listener(0), events(7))
    assert (ledger.last, ledger.reads, ledger.torn, ledger.ended) == ([7, 6], 3, 0, 0)


@pytest.mark.parametrize("told", [(6,), (5, 7), (4,), (5, 5)])
def test_missing_or_duplicate_event_is_found(told: tuple[int, ...]) -> None:
    ledger = delivery_rate.DeliveryChecker(4, 1)
    ledger.heard(listener(0), events(*told))
    assert ledger.torn == 1


def test_ended_torrent_stream_is_found() -> None:
    ledger = delivery_rate.DeliveryChecker(4, 1)
    ledger.heard(listener(0), None)
    assert ledger.ended == 1
