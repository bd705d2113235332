"""``hunt simulate --replay``: the clicks of a finished hunt under other rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from hunt.core import bundle, rerun
from hunt.core.definition import Definition
from hunt.core.rerun import Outcome, Played
from hunt.errors import HuntError
from hunt.plurals import plural

#: Said with each comparison.
LIMITS = (
    "The same clicks at the same times, drawn with the same numbers. Players who see other "
    "outcomes would click otherwise."
)


def check_options(context: click.Context) -> None:
    """Raise a usage error for an option of ``hunt simulate`` that a replay does not use."""
    used = {"file", "replay", "release", "door", "stocks", "html", "as_json"}
    for each in context.command.params:
        name = each.name or ""
        if name not in used and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{each.opts[0]} has no effect with --replay")


def run(
    path: Path,
    rules: Definition | None,
    *,
    stocks: dict[str, int],
    even: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Print what the clicks of a bundle got, and what they get under other rules.

    Args:
        path: File of the bundle.
        rules: The other rules; None: those of the bundle.
        stocks: Stocks of prizes in place of those of the rules.
        even: Release the stock of each drawn prize at an even rate.
        html: File for a page; None: no page.
        as_json: Print JSON.
    """
    played = rerun.read(bundle.read(path))
    other = rerun.stocked(rules or played.definition, stocks)
    if even:
        other = rerun.evenly(other)
    before, after = rerun.as_played(played), rerun.under(played, other)
    if html is not None:
        from hunt.reports.rerun_page import page

        try:
            html.write_text(page(played, other, before, after, LIMITS), "utf-8")
        except OSError as exc:
            raise HuntError(f"{html}: cannot be written ({exc.strerror})") from None
    if as_json:
        shown = {"played": before, "other": after, "until": played.bounds}
        click.echo(json.dumps(msgspec.to_builtins(shown)))
        return
    for line in text(played, other, before, after):
        click.echo(line)
    click.echo(LIMITS)


def text(played: Played, other: Definition, before: Outcome, after: Outcome) -> Iterator[str]:
    """Yield the lines of a comparison, with a column for each set of rules."""
    rows: list[tuple[str, object, object]] = [
        ("", "as played", "other rules"),
        ("clicks that count", before.counted, after.counted),
        ("players who win", before.winners, after.winners),
        ("points", before.points, after.points),
    ]
    for prize in names(played, other):
        rows.append((f"{prize} granted", before.granted.get(prize), after.granted.get(prize)))
        if prize in {*before.sold_out, *after.sold_out}:
            one, two = (passed(played, each.sold_out.get(prize)) for each in (before, after))
            rows.append((f"{prize} sold out after", one, two))
    width = max(len(name) for name, _, _ in rows)
    for name, played_value, other_value in rows:
        yield f"{name:<{width}}  {_shown(played_value):>14}  {_shown(other_value):>14}"
    erased = sum(1 for each in played.rows if each.row.id is None)
    if erased:
        yield plural(
            erased,
            "click of an erased player cannot be drawn again, and is left out",
            "clicks of erased players cannot be drawn again, and are left out",
        )
    yield "granted up to each time, as played / under other rules:"
    for number, until in enumerate(played.bounds):
        counts = "  ".join(
            f"{prize} {before.parts[number].get(prize, 0)}/{after.parts[number].get(prize, 0)}"
            for prize in names(played, other)
        )
        yield f"{until:%Y-%m-%d %H:%M:%S}  {counts}"


def names(played: Played, other: Definition) -> list[str]:
    """Return the ids of the prizes of both, in their order."""
    return list(dict.fromkeys(each.id for each in (*played.definition.prizes, *other.prizes)))


def passed(played: Played, at: datetime | None) -> str:
    """Return the time from the first click as text, or "never"."""
    return "never" if at is None else str(at - played.rows[0].at).partition(".")[0]


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
