"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def head(*columns: str) -> Sequence[str]:
    """Return the two lines that begin a table."""
    return row(*columns), "|" + "---|" * len(columns)


def row(*cells: str) -> str:
    """Return a row; an unescaped ``|`` in a cell would end it."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
