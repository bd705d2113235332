"""Figures of ``docs/reference/benchmarks.md``, which the package contains."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from hunt.core.sizing import Figures, Pace
from hunt.errors import HuntError

_NUMBER = r"([\d,]+(?:\.\d+)?)"


def page() -> str:
    """Return the text of the page: of the package, or of the repository in development."""
    packaged = resources.files("hunt").joinpath("benchmarks.md")
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[2] / "docs/reference/benchmarks.md").read_text("utf-8")


def read(text: str) -> Figures:
    """Return the figures in the text of the page.

    Raises:
        HuntError: A figure is not where it should be.
    """
    section = _section(text, "### The pace of a lane")
    paces = _paces(section)
    thousand = _find(text, r"^\| 1,000 \| axum .*\n\|\s*\| hunt, one process \|(.*)")
    cells = [
        float(_plain(each)) for each in re.findall(_NUMBER, re.sub(r"\([^)]*\)", "", thousand))
    ]
    rate, _, _, server_ms, postgres_ms, _ = cells
    paces.append(Pace(rate, server_ms, postgres_ms))
    streams = _number(text, rf"memory of the process with {_NUMBER} idle streams")
    percent = _number(text, rf"CPU for their heartbeats, two each in 30 s \| {_NUMBER} %")
    two = _find(text, r"^\| 1,000 \| axum .*\n.*\n\|\s*\| hunt, two processes \|(.*)")
    return Figures(
        paces=paces,
        one_hunt=_number(two, _NUMBER),
        process_mib=_number(text, rf"A process without streams takes {_NUMBER} MiB"),
        stream_bytes=_number(text, rf"memory of each stream \| {_NUMBER} bytes"),
        process_streams=int(streams),
        heartbeat_us=percent / 100 * 30 / (2 * streams) * 1e6,
        delivery_us=_number(text, rf"CPU for each stream \| {_NUMBER} microseconds"),
        request_bytes=_number(text, rf"request of a click[^|]*\| {_NUMBER} bytes"),
        response_bytes=_number(text, rf"response to a click[^|]*\| {_NUMBER} bytes"),
        event_bytes=_number(text, rf"event of a click[^|]*\| {_NUMBER} bytes"),
        heartbeat_bytes=_number(text, rf"a heartbeat[^|]*\| {_NUMBER} bytes"),
        wal_bytes=_number(text, rf"write-ahead log of a click[^|]*\| {_NUMBER} bytes"),
    )


def _paces(section: str) -> list[Pace]:
    """Return the paces in the table of the section, from its rows named ``rule``."""
    row = rf"^\| {_NUMBER} \| rule \|" + rf" {_NUMBER} \|" * 5
    return [
        Pace(float(_plain(rate)), float(_plain(server)), float(_plain(postgres)))
        for rate, _, _, _, server, postgres in re.findall(row, section, re.MULTILINE)
    ]


def _section(text: str, heading: str) -> str:
    _, found, rest = text.partition(f"\n{heading}\n")
    if not found:
        raise HuntError(f"benchmarks: no section {heading!r}")
    return rest.partition("\n### ")[0]


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise HuntError(f"benchmarks: no figure matches {pattern!r}")
    return match[1]


def _number(text: str, pattern: str) -> float:
    return float(_plain(_find(text, pattern)))


def _plain(number: str) -> str:
    return number.replace(",", "")
