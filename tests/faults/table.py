"""The page with the results of all faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.rig import Result

PAGE = Path(__file__).with_name("page.md")


AT_LOAD = "| offered load of three times the capacity | see below | | | | |\n"


def row(result: Result) -> str:
    """Return a line of the table."""
    return "| {} | {} | {} | {:.1f} s | {} | `{}` |\n".format(
        result.script.row,
        saw(result),
        streams(result.figures),
        result.figures["recovered"],
        len(result.violations) or "none",
        result.script.name,
    )


#: Texts for figures of single faults.
SAID = {
    "replaced": "a new process after {:.1f} s",
    "reset after": "all streams reset after {:.1f} s",
    "rows gone": "{:.0f} rows gone with the backup",
    "answers gone": "{:.0f} answered clicks gone",
    "freed": "descriptor freed after {:.0f} s",
    "cut off": "cut off after {:.0f} s",
    "memory kept at first": "{:+.1f} MiB after the first time",
    "memory kept": "{:+.1f} MiB afterwards",
    "served": "{:.0f} of 10 new clients served",
    "probes": "{:.0f} of as many probes of `/livez` answered",
    "stalls seen": "{:.0f} noticed by metric and log",
    "token after": "the expired token: {:.0f}",
    "inputs": "{:.0f} hostile inputs, a 200 after each",
    "conflicts": "{:.0f} batches sent again",
    "bus back": "bus connected again after {:.1f} s",
    "webhook seconds": "webhook caught up in {:.1f} s",
    "webhook repeats": "{:.0f} requests repeated",
    "entry late": "latest entry of the schedule after {:.1f} s",
    "released prizes": "{:.0f} prizes granted by their plans",
    "codes told": "{:.0f} codes handed out, each once",
    "drained": "drained in {:.1f} s",
}


def saw(result: Result) -> str:
    """Return the text of the column "client saw"."""
    figures = result.figures
    parts = [f"{count:,} x {status}" for status, count in sorted(result.statuses.items())]
    parts.append(f"slowest {_time(figures['slowest'])}")
    if figures["refused"]:
        parts.append(f"refusals p99 {_time(figures['refusal p99'])}")
    if figures["late refusal p99"]:
        parts.append(f"once open {_time(figures['late refusal p99'])}")
    parts += [said.format(figures[name]) for name, said in SAID.items() if name in figures]
    return "; ".join(parts)


def streams(figures: Mapping[str, float]) -> str:
    """Return the text of the column "streams"."""
    cut = f"{figures['streams cut']:.0f} cut" if figures["streams cut"] else "none cut"
    return f"{cut}, silence {figures['silence']:.1f} s"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def page(results: Sequence[Result], overload: Mapping[str, float], **words: float) -> str:
    """Return the whole page.

    Args:
        results: Results of the scripts, in order.
        overload: Figures of `tests.faults.overload.measure`.
        words: Values for the placeholders of the page, such as the load.
    """
    rows = []
    for times in (1, 2, 3):
        goodput, memory = overload[f"goodput at {times}x"], overload[f"memory at {times}x"]
        answers, refusals = overload[f"p99 at {times}x"], overload[f"refusal p99 at {times}x"]
        refused = _time(refusals) if refusals else "none refused"
        rows.append(
            f"| {times}x | {goodput:.0%} | {_time(answers)} | {refused} | {memory / 1e6:.0f} MB |\n"
        )
    return PAGE.read_text("utf-8").format(
        day=datetime.now(UTC).date().isoformat(),
        results="".join(map(row, results)) + AT_LOAD,
        rows="".join(rows),
        capacity=overload["capacity"],
        back=overload["back to normal"],
        normal=overload["p99 before"] * 1000,
        **words,
    )
