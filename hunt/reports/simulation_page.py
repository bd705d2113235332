"""The page of a simulation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape

from msgspec import Struct

from hunt.core.definition import Definition
from hunt.core.expected_value import Grid, grid, worth
from hunt.core.intervals import Band
from hunt.core.simulation import Scenario
from hunt.core.simulation_summary import PrizeSummary, Summary
from hunt.core.time_slices import TimeSpan
from hunt.plurals import plural
from hunt.reports import grants_chart, heat_map
from hunt.reports.plot import head, number

#: Slices of time in the table, at most.
MOST_SLICES = 200

STYLE = """
h1 { margin-bottom: 0; line-height: 1.2 } h2 { margin: 2.5rem 0 .5rem }
p { max-width: 44rem } .soft { color: var(--soft) }
.warn { border-left: 4px solid var(--plan); padding: .25rem .75rem; background: var(--card) }
.tiles, .cards { display: grid; gap: 1rem; margin: 1rem 0 }
.tiles { grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)) }
.cards { grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)) }
.tile, .card { background: var(--card); border-radius: .5rem; padding: .75rem 1rem; margin: 0 }
.tile b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.tile span, .card figcaption span { color: var(--soft); font-size: .875rem }
.map { margin: 1rem 0 } .map svg { display: block; border-radius: .5rem }
.ring { fill: none; stroke: #fff; stroke-width: 1.5; stroke-dasharray: 5 4; opacity: .9 }
.name { fill: #fff; font-size: 15px; font-weight: 600; paint-order: stroke; stroke: #0f1633;
  stroke-width: 4px } .best, .edge { fill: none; stroke: #fff; stroke-width: 3 }
.edge { stroke: #0f1633; stroke-width: 7; stroke-linecap: round } .card text { font-size: 14px }
.legend { max-width: 24rem; margin-top: .75rem; font-size: .875rem; color: var(--soft) }
.ramp { height: .75rem; border-radius: .25rem }
.ends { display: flex; justify-content: space-between }
.grid { stroke: var(--line) } .band { fill: var(--band) }
.median { fill: none; stroke: var(--accent); stroke-width: 2 }
.plan { fill: none; stroke: var(--plan); stroke-width: 2; stroke-dasharray: 6 4 }
.key i { display: inline-block; width: 1.5rem; border-top: 3px solid; vertical-align: middle }
.key i.m { border-color: var(--accent) }
.key i.p { border-color: var(--plan); border-style: dashed }
.key i.b { height: .75rem; border: 0; background: var(--band) } .key span { margin-right: 1.25rem }
th:first-child, td:first-child { text-align: left }
.when { position: relative; display: block; width: 12rem; height: 1rem; border-radius: .25rem;
  background: var(--card) }
.when i { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: .25rem;
  background: var(--band) } .when b { position: absolute; top: 0; bottom: 0; width: 3px;
  margin-left: -1px; background: var(--accent) }
code { font-size: .875rem; overflow-wrap: anywhere } summary { cursor: pointer; padding: .5rem 0 }
"""

KEY = (
    '<p class="key soft"><span><i class="m"></i> median of the runs</span> '
    '<span><i class="b"></i> 5 % to 95 % of the runs</span> '
    '<span><i class="p"></i> release plan</span></p>'
)


class Report(Struct, frozen=True, kw_only=True):
    """A simulation to show."""

    definition: Definition
    scenario: Scenario
    summary: Summary
    seed: int  #: of the command, to repeat it


def page(report: Report) -> str:
    """Return the page."""
    definition, summary = report.definition, report.summary
    measure, values = worth(definition, report.scenario.costs)
    values_on_map = grid(definition, values)
    span = TimeSpan(definition, report.scenario.by)
    runs = plural(summary.runs, "run")
    players = plural(report.scenario.players, "player", shown=f"{report.scenario.players:,}")
    clicks = plural(summary.clicks.p50, "click", shown=number(summary.clicks.p50))
    return "\n".join(
        [
            head(f"Simulation of {definition.title}", STYLE),
            f"<body><main><h1>{escape(definition.title)}</h1>",
            f'<p class="soft">Simulated: {runs} of {players} with '
            f"{clicks}, from {span.starts:%Y-%m-%d %H:%M} to "
            f"{span.ends:%Y-%m-%d %H:%M} UTC.</p>",
            '<p class="warn">This page shows the secret positions of the hunt. Do not publish it '
            "before the hunt has ended.</p>",
            _tiles(report, values_on_map, measure),
            "<h2>What a click is worth</h2>",
            heat_map.figure(definition, values_on_map, measure),
            f"<h2>Grants by {span.by}</h2>{KEY}",
            _charts(report, span),
            "<h2>Sold out</h2>",
            _sold_out(report, span),
            "<h2>Odds and grants</h2>",
            _odds(summary.prizes),
            _crowds(report, measure),
            _slices(summary, span),
            f'<p class="soft">Repeat it with <code>--seed {report.seed}</code>.</p>',
            "</main></body></html>\n",
        ]
    )


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML, the first of each row is its head."""
    top = "".join(f"<th scope=col>{each}</th>" for each in columns)
    body = "".join(
        f"<tr><th scope=row>{first}</th>{''.join(f'<td>{each}</td>' for each in others)}</tr>"
        for first, *others in rows
    )
    return (
        f'<div class="scrolls" tabindex="0" role="region" aria-label="{name}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _tiles(report: Report, values: Grid, measure: str) -> str:
    summary, shares = report.summary, report.summary.players
    off = [each.off_plan for each in summary.prizes if each.off_plan is not None]
    found = [
        (f"{shares.winners:.1%}", "of the players win something"),
        (f"{shares.refused:.1%}", "meet a refusal"),
        (f"{shares.sold_out:.1%}", "are told that a prize is sold out"),
        (number(summary.payout.p50), "points are paid out"),
        (number(values.highest), f"{measure} a click at the best position"),
    ]
    if report.scenario.costs:
        found.append((f"{summary.cost.p50:,.2f}", "is the cost of all grants"))
    if off:
        found.append((f"{max(off):.1%}", "largest deviation from a release plan"))
    tiles = "".join(
        f'<div class="tile"><b>{value}</b><span>{escape(text)}</span></div>'
        for value, text in found
    )
    return f'<div class="tiles">{tiles}</div>'


def _is_unplanned(prize: PrizeSummary) -> bool:
    return prize.off_plan is None


def _charts(report: Report, span: TimeSpan) -> str:
    titles = {each.id: each.title for each in report.definition.prizes}
    shown = "".join(
        grants_chart.figure(each, titles[each.id], span, report.summary.slices)
        for each in sorted(report.summary.prizes, key=_is_unplanned)
    )
    return f'<div class="cards">{shown}</div>'


def _band(band: Band, runs: int) -> str:
    if runs == 1 or band.p5 == band.p95:
        return number(band.p50)
    return f"{number(band.p50)} ({number(band.p5)} to {number(band.p95)})"


def _sold_out(report: Report, span: TimeSpan) -> str:
    length = span.length.total_seconds()
    rows = []
    for each in report.summary.prizes:
        if each.stock is None:
            continue
        when = bar = "never"
        if each.sold_out is not None:
            low, middle, high = (
                timedelta(seconds=round(value))
                for value in (each.sold_out.p5, each.sold_out.p50, each.sold_out.p95)
            )
            when = f"{middle}" if low == high else f"{middle} ({low} to {high})"
            left, right = each.sold_out.p5 / length, each.sold_out.p95 / length
            bar = (
                f'<span class="when"><i style="left:{left:.1%};width:{right - left:.1%}"></i>'
                f'<b style="left:{each.sold_out.p50 / length:.1%}"></b></span>'
            )
        share = f"{each.sold_out_runs:.0%}"
        rows.append([escape(each.id), number(each.stock), share, when, bar])
    if not rows:
        return "<p>No prize has a stock.</p>"
    columns = ("prize", "stock", "runs that sold out", "after", "from opening to end")
    return table("Sold out", columns, rows)


def _odds(prizes: Sequence[PrizeSummary]) -> str:
    rows = []
    for each in prizes:
        chance = each.chance
        rows.append(
            [
                escape(each.id),
                f"{chance.estimate:.3%}",
                f"{chance.low:.3%} to {chance.high:.3%}",
                _band(each.drawn, 2),
                _band(each.granted, 2),
                "" if each.voided is None else _band(each.voided, 2),
                "" if each.off_plan is None else f"{each.off_plan:.1%}",
            ]
        )
    columns = (
        "prize",
        "chance of a click",
        "95 % interval",
        "drawn",
        "granted",
        "lost",
        "off plan",
    )
    return table("Odds and grants", columns, rows)


def _crowds(report: Report, measure: str) -> str:
    crowds = report.summary.crowds
    if len(crowds) == 1:
        return ""
    everyone = max(sum(each.players for each in crowds.values()), 1)
    clicks = max(sum(each.clicks for each in crowds.values()), 1)
    grants = max(sum(each.grants for each in crowds.values()), 1)
    value = sum(each.value for each in crowds.values()) or 1
    rows = [
        [
            name,
            f"{each.players / everyone:.1%}",
            f"{each.clicks / clicks:.1%}",
            f"{each.grants / grants:.1%}",
            f"{each.value / value:.1%}",
            f"{each.winners / max(each.players, 1):.1%}",
            number(each.value / max(each.players, 1)),
        ]
        for name, each in crowds.items()
    ]
    columns = (
        "crowd", "players", "clicks", "grants", f"share of {measure}", "win something",
        f"{measure} a player",
    )  # fmt: skip
    return "<h2>Crowds</h2>" + table("Crowds", columns, rows)


def _slices(summary: Summary, span: TimeSpan) -> str:
    """Return the figures of the charts as a table."""
    prizes = [each.id for each in summary.prizes]
    rows = []
    for each in summary.slices[:MOST_SLICES]:
        cells = [f"{each.until:%Y-%m-%d %H:%M}", _band(each.clicks, summary.runs)]
        for prize in prizes:
            plan = each.planned.get(prize)
            of = "" if plan is None else f" / {number(plan.p50)}"
            cells.append(_band(each.granted[prize], summary.runs) + of)
        rows.append(cells)
    found = table("Grants and plan", ("up to", "clicks", *map(escape, prizes)), rows)
    return f"<details><summary>Grants / plan by {span.by}, as a table</summary>{found}</details>"
