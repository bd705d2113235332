"""How every benchmark shows its figures: a table, the same in Markdown, or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from hunt.bench.figure_table import Columns, plain, rows


def options(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print figures for programs")
    form.add_argument("--markdown", action="store_true", help="print tables for documents")


def table(title: str, cells: Sequence[Sequence[str]], chosen: argparse.Namespace) -> None:
    """Print a table of cells, the first row of which are the headings; with --json nothing."""
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
    """Print the figures, a line of a table for each, or as one JSON value a line."""
    if chosen.json:
        print(json.dumps({"title": title, "figures": figures}), flush=True)
    else:
        table(title, rows(columns, figures), chosen)


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """Return a table for documents; numbers stand to the right."""
    head, *body = cells
    # A text that stands first is a name.
    left = not body or not body[0][0][:1].isdigit()
    lines = [head, ["---" if left and not at else "---:" for at in range(len(head))], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def end(problems: Sequence[str]) -> None:
    """Exit; with 1 where a check failed, saying which."""
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    raise SystemExit(1 if problems else 0)
