"""The figures of all servers side by side, with their ratios to those of the reference."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.compare.ratios import Figures, ratio
from hunt.bench.figure_table import Columns, cell

CLICKS: Columns = {
    "clicks_per_second": ("clicks/s", 0),
    "p50_ms": ("p50 ms", 1),
    "p90_ms": ("p90 ms", 1),
    "p99_ms": ("p99 ms", 1),
    "max_ms": ("max ms", 0),
    "server_cpu_ms_per_1000": ("server CPU ms/1,000", 1),
    "postgres_cpu_ms_per_1000": ("PostgreSQL CPU ms/1,000", 1),
    "rows_per_batch": ("rows/commit", 0),
    "generator_cpu_us_per_click": ("generator us", 1),
}

PLAYED: Columns = {
    "p50_ms": ("answer p50 ms", 1),
    "p99_ms": ("p99 ms", 1),
    "max_ms": ("max ms", 0),
    "event_p50_ms": ("event p50 ms", 1),
    "event_p99_ms": ("event p99 ms", 1),
    "server_cores": ("server cores", 2),
    "postgres_cores": ("PostgreSQL cores", 2),
    "generator_cores": ("generator cores", 2),
    "refused": ("refused", 0),
}

IDLE: Columns = {
    "bytes_per_stream": ("bytes each", 0),
    "server_mib": ("server MiB", 1),
    "idle_cpu_percent": ("idle % of a core", 2),
    "opened_per_second": ("opened/s", 0),
}

#: These figures depend on the measurement, not on the server.
_BARE = frozenset(
    {
        "max_ms",
        "refused",
        "rows_per_batch",
        "generator_cpu_us_per_click",
        "generator_cores",
        "opened_per_second",
    }
)


def rows(
    columns: Columns, figures: Mapping[str, Figures], reference: str | None
) -> list[list[str]]:
    """Return the cells with their headings, without columns that have no figures.

    Args:
        columns: The columns to show.
        figures: The figures of each server, by its name.
        reference: Name of the server to which the others are compared; None: no ratios.
    """
    shown = {
        name: column
        for name, column in columns.items()
        if any(each.get(name) is not None for each in figures.values())
    }
    base = figures.get(reference, {}) if reference is not None else {}
    body = []
    for server, each in figures.items():
        line = [server]
        for name, (_, digits) in shown.items():
            text = cell(each.get(name), digits)
            times = None if name in _BARE else ratio(each.get(name), base.get(name))
            line.append(text if times is None or server == reference else f"{text} ({times:.2f}x)")
        body.append(line)
    return [["server", *(heading for heading, _ in shown.values())], *body]
