"""Every decision has its parts, and its figures are those of the benchmarks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BENCHMARKS = (DOCS / "reference" / "benchmarks.md").read_text("utf-8")
TEXT = (DOCS / "explanation" / "decisions.md").read_text("utf-8")
ENTRIES = dict(re.findall(r"^### (.+?)\n\n(.+?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
MEASURED = re.compile(r"^\*\*Measured\.\*\* (.+?)(?=^\*\*|\Z)", re.MULTILINE | re.DOTALL)
FIGURE = re.compile(r"\d+(?:,\d{3})+|\d+\.\d+")

#: Figures of the predecessor, reported by its operators.
REPORTED = {"4.2", "3,000"}


def missing(text: str) -> list[str]:
    """Return the figures of a text that the benchmarks do not contain."""
    known = set(FIGURE.findall(BENCHMARKS)) | REPORTED
    return [figure for figure in FIGURE.findall(text) if figure not in known]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_names_decision_alternatives_and_condition(entry: str) -> None:
    for part in ("Decision", "Alternatives", "What would change it"):
        assert f"**{part}.** " in ENTRIES[entry]


@pytest.mark.parametrize("entry", [each for each in ENTRIES if MEASURED.search(ENTRIES[each])])
def test_measured_figures_stand_in_benchmarks(entry: str) -> None:
    assert missing("".join(MEASURED.findall(ENTRIES[entry]))) == []


def test_unknown_figure_is_found() -> None:
    assert missing("12,345 clicks/s in 13.6 ms") == ["12,345"]
