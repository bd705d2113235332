"""``hunt size``: its figures are those of the page of benchmarks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hunt.cli import benchmark_figures
from hunt.core.sizing import Pace
from hunt.errors import HuntError
from tests.cli.commands import run

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "benchmarks.md").read_text("utf-8")
ARGUMENTS = ["--players", "5000", "--clicks-per-second", "3000", "--streams", "5000"]


def cells(row: str) -> list[str]:
    """Return the cells of the only row of the page that begins like this."""
    [line] = [each for each in PAGE.splitlines() if each.startswith(f"| {row}")]
    return [each.strip() for each in line.strip("|").split("|")]


def first(text: str) -> float:
    return float(re.findall(r"[\d,.]*\d", text)[0].replace(",", ""))


def test_package_has_the_page_of_the_repository() -> None:
    assert benchmark_figures.page() == PAGE


def test_figures_are_those_of_the_page() -> None:
    found = benchmark_figures.read(PAGE)
    for name, row in (
        ("stream_bytes", "memory of each stream"),
        ("delivery_us", "one event to 5,000 streams"),
        ("request_bytes", "request of a click"),
        ("response_bytes", "response to a click"),
        ("event_bytes", "event of a click"),
        ("heartbeat_bytes", "a heartbeat"),
        ("wal_bytes", "write-ahead log of a click"),
    ):
        assert getattr(found, name) == first(cells(row)[1])
    streams = first(cells("memory of the process with")[0])
    assert found.process_streams == streams
    share = first(cells("CPU for their heartbeats")[1]) / 100
    assert found.heartbeat_us == pytest.approx(share * 30e6 / (2 * streams))
    ten_thousand = cells("10,000 | rule")
    assert found.paces[3] == Pace(10_000, first(ten_thousand[5]), first(ten_thousand[6]))
    rates = [each.rate for each in found.paces]
    assert rates == sorted(set(rates))
    assert len(rates) == 5
    thousand = PAGE[PAGE.index("| 1,000 | axum |") :].splitlines()
    one, two = ([each.strip() for each in thousand[n].strip("|").split("|")] for n in (1, 2))
    assert found.paces[4] == Pace(first(one[2]), first(one[5]), first(one[6]))
    assert found.one_hunt == first(two[2])


def test_changed_page_changes_the_figures() -> None:
    changed = PAGE.replace(
        "| memory of each stream | 897 bytes |", "| memory of each stream | 1,326.5 bytes |"
    )
    assert benchmark_figures.read(changed).stream_bytes == 1326.5


def test_missing_figure_is_named() -> None:
    with pytest.raises(HuntError, match="memory of each stream"):
        benchmark_figures.read(PAGE.replace("memory of each stream", "memory"))


def test_table_and_json_agree() -> None:
    text = run("size", *ARGUMENTS).output
    found = json.loads(run("size", *ARGUMENTS, "--json").output)
    assert f"nodes                    {found['nodes']} with 2 cores" in text
    assert f"PostgreSQL cores used    {found['postgres_cores']:.2f}" in text


def test_output_in_the_documents_is_that_of_the_command() -> None:
    text = (DOCS / "explanation" / "scaling.md").read_text("utf-8")
    shown = re.findall(r"^    \$ hunt (size .+)\n((?:    .*\n)+)", text, re.MULTILINE)
    assert len(shown) == 2
    for arguments, output in shown:
        printed = run(*arguments.split()).output.partition("Computed from")[0]
        assert re.sub(r"^    ", "", output, flags=re.MULTILINE) == printed
