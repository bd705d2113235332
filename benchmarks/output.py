"""Output of benchmarks: a plain table, a Markdown table, or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from hunt.bench.figure_table import Columns, plain, rows


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select the format."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print Markdown tables")


def table(title: str, cells: Sequence[Sequence[str]], chosen: argparse.Namespace) -> None:
    """Print a table whose first row has the headings; print nothing with ``--json``."""
    if chosen.json:
        return
    body = markdown(cells) if chosen.markdown else plain(cells)
    heading = f"**{title}**\n" if chosen.markdown else title
    print(f"{heading}\n{body}\n", flush=True)


def show(
    title: str,
    columns: Columns,
    figures: Sequence[Mapping[str, object]],
    chosen: argparse.Namespace,
) -> None:
    """Print the figures as a table, or as one line of JSON."""
    if chosen.json:
        print(json.dumps({"title": title, "figures": figures}), flush=True)
    else:
        table(title, rows(columns, figures), chosen)


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with numbers aligned right."""
    head, *body = cells
    # A first column of text has names.
    left = not body or not body[0][0][:1].isdigit()
    lines = [head, ["---" if left and not at else "---:" for at in range(len(head))], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def end(problems: Sequence[str]) -> None:
    """Print the failed checks, and exit with status 1 if there are any."""
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    raise SystemExit(1 if problems else 0)
