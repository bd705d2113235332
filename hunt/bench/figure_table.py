"""Tables of figures as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Name of a figure -> heading, and digits after the decimal point.
Columns = Mapping[str, tuple[str, int]]

CLICKS: Columns = {
    "connections": ("conns", 0),
    "rate": ("rate/s", 0),
    "clicks_per_second": ("clicks/s", 0),
    "p50_ms": ("p50 ms", 2),
    "p90_ms": ("p90 ms", 2),
    "p99_ms": ("p99 ms", 2),
    "max_ms": ("max ms", 1),
    "batches": ("batches", 0),
    "rows_per_batch": ("rows/batch", 1),
    "server_cpu_ms_per_1000": ("server CPU ms/1,000", 1),
    "postgres_cpu_ms_per_1000": ("PostgreSQL CPU ms/1,000", 1),
    "generator_cpu_us_per_click": ("generator us", 1),
    "refused": ("refused", 0),
}

STREAMS: Columns = {
    "streams": ("streams", 0),
    "opened_per_second": ("opened/s", 0),
    "server_mib": ("server MiB", 1),
    "bytes_per_stream": ("bytes each", 0),
    "idle_cpu_percent": ("idle % of a core", 2),
    "fan_out": ("fan-out to", 0),
    "fan_out_p50_ms": ("first to last p50 ms", 1),
    "fan_out_max_ms": ("max ms", 1),
    "fan_out_click_p50_ms": ("click to last p50 ms", 1),
    "cpu_us_per_delivery": ("CPU us each", 1),
}

GAME: Columns = {
    "players": ("players", 0),
    "rate": ("rate/s", 0),
    "clicks": ("clicks", 0),
    "refused": ("refused", 0),
    "p50_ms": ("answer p50 ms", 1),
    "p99_ms": ("p99 ms", 1),
    "max_ms": ("max ms", 1),
    "event_p50_ms": ("event p50 ms", 1),
    "event_p99_ms": ("p99 ms", 1),
    "event_max_ms": ("max ms", 1),
    "server_cores": ("server cores", 2),
    "postgres_cores": ("PostgreSQL cores", 2),
    "generator_cores": ("generator cores", 2),
}


def cell(value: object, digits: int) -> str:
    """Return the text of a figure; a dash if it is unknown."""
    if isinstance(value, int | float):
        return f"{value:,.{digits}f}"
    return "-" if value is None else str(value)


def rows(columns: Columns, figures: Sequence[Mapping[str, object]]) -> list[list[str]]:
    """Return headings and cells, without columns whose figures are all unknown."""
    shown = {n: c for n, c in columns.items() if any(row.get(n) is not None for row in figures)}
    body = [[cell(row.get(n), digits) for n, (_, digits) in shown.items()] for row in figures]
    return [[heading for heading, _ in shown.values()], *body]


def plain(cells: Sequence[Sequence[str]]) -> str:
    """Return cells as aligned text: names to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    named = any(not row[0][:1].isdigit() for row in cells[1:])
    return "\n".join(
        "  ".join(
            text.ljust(width) if named and not at else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def render(columns: Columns, figures: Sequence[Mapping[str, object]]) -> str:
    """Return the table of figures as text."""
    return plain(rows(columns, figures))
