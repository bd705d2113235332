"""Parts of a page with plots: style, head, axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b2430; --soft: #4a5563; --line: #dde3ea; --page: #fff;
  --card: #f5f7fa; --accent: #1f5fa8; --band: #1f5fa833; --plan: #a8480c; --bad: #a3142b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #aab4c0; --line: #303a45;
  --page: #14191f; --card: #1c232b; --accent: #7cb7f5; --band: #7cb7f540; --plan: #f0a05c;
  --bad: #ff8a9a } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--page) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
.scrolls { overflow-x: auto }
th, td { padding: .25rem .5rem; font-size: .875rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line) }
th { font-weight: 600 } figure { margin: 2rem 0 } svg { width: 100%; height: auto }
text { font: 12px system-ui, sans-serif; fill: var(--soft) } .bad { color: var(--bad) }
"""


def head(title: str, style: str = "") -> str:
    """Return the beginning of a page, up to its body.

    Args:
        title: Title of the page.
        style: More CSS, after `STYLE`.
    """
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}{style}</style>"
    )


def ticks(most: float) -> list[float]:
    """Return about four round values from 0 to `most`."""
    if most <= 0:
        return [0.0]
    power: float = 10.0 ** math.floor(math.log10(most))
    steps = (factor * power for factor in (2, 1, 0.5, 0.25, 0.2))
    step = next(each for each in steps if most / each >= 3)
    return [step * at for at in range(int(most / step + 1e-9) + 1)]


def number(value: float) -> str:
    """Return a number with at most four significant digits, or whole from 10,000 on."""
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return the points of an SVG line."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
