"""Generates pages of the reference from the declarations in the code.

Run ``python docs/generate.py`` after a change of a setting, a metric, a refusal, a command, a
route or the definition of hunts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.registry import CollectorRegistry

from hunt.error_kinds import kinds
from hunt.errors import Refused
from hunt.metrics.declarations import METRICS
from hunt.metrics.families import CUMULATIVE, Rule
from hunt.metrics.metric import Metric, Source
from hunt.metrics.node_declarations import NODE_METRICS
from hunt.metrics.registry import PROCESS_RULES
from hunt.play.problems import meaning, type_of
from hunt.settings import DECLARATIONS, Settings
from hunt.settings_file import GROUPS, setting_text
from hunt.sources import PREFIX
from reference_pages import commands, http_api, hunt_file, proof_vectors
from reference_pages.tables import head, row

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"

#: When to change each setting.
CHANGES = "when-to-change.toml"

SETTINGS_HEAD = """\
# Settings

<!-- Generated from hunt/settings.py by docs/generate.py: do not edit. -->

A flag of a command precedes the variable, the variable precedes the settings file (`hunt.toml`,
or `--config`), the file precedes the default. In the file, a setting has the name of its variable
in lower case, without `HUNT_`. `hunt config` shows the values in force and their origins;
`hunt config --default` prints a commented settings file, and `hunt config --check` says whether a
server would start with the settings.
A setting marked *secret* is never shown, and may be read from a file, as in
`HUNT_JWT_SECRET_FILE=/run/secrets/hunt`.
"""

METRICS_HEAD = """\
# Metrics

<!-- Generated from hunt/metrics by docs/generate.py: do not edit. -->

`/metrics` shows the values of a node in Prometheus' text format 0.0.4. The *rule* says how the
values of its worker processes become one ([Readiness](readiness.md#metrics)). The kinds of faults
are explained in [Faults](faults.md).
"""

PROBLEMS_HEAD = """\
# Problems

<!-- Generated from hunt/errors and hunt/play/refusals.py by docs/generate.py: do not edit. -->

Every error response is an `application/problem+json` (RFC 9457) with `type`, `title`, `status` and
`detail`. Some add `errors` (field → problem), `opens_at` and `closes_at`. Programs should use
`type` or `status`; `detail` is for people, and its text may change.

`type` is a path on the server, such as `/docs/problems#too-fast`. The server shows a page with
these meanings there. A status that only the framework produces has the type `about:blank`, and
means what HTTP says.

With 429 and 503, `Retry-After` is the number of seconds to wait. After 503, nothing was recorded.
After 504, that is unknown: send the click again with the same `id`.
"""


def settings_page() -> str:
    """Return ``docs/reference/settings.md``."""
    return "\n".join([SETTINGS_HEAD.rstrip(), *_setting_lines()]) + "\n"


def _setting_lines() -> Iterator[str]:
    defaults = {each.name: each for each in fields(Settings)}
    changes = tomllib.loads((DOCS / CHANGES).read_text("utf-8"))
    for name, declared in DECLARATIONS.items():
        if name in GROUPS:
            yield from ("", f"## {GROUPS[name]}")
        fixed = "" if declared.default else setting_text(defaults[name])
        yield from ("", f"### `{PREFIX}{name.upper()}`", "")
        yield declared.meaning + (" *Secret.*" if declared.secret else "")
        yield ""
        yield f"- Default: {declared.default or f'`{fixed}`'}"
        yield f"- Valid: {declared.parser.accepts}"
        if declared.unit:
            yield f"- Unit: {declared.unit}"
        if declared.example:
            yield f"- Example: `{declared.example}`"
        if name not in changes:
            raise SystemExit(f"docs/{CHANGES}: says nothing about {name}")
        yield f"- When to change: {changes[name]}"


def metrics_page() -> str:
    """Return ``docs/reference/metrics.md``."""
    lines = [METRICS_HEAD.rstrip(), "", "## Of hunt", "", *_metric_lines(METRICS)]
    lines += ["", "## Of the supervisor process", "", *_metric_lines(NODE_METRICS)]
    lines += ["", "## Of the process", "", *_process_lines()]
    return "\n".join(lines) + "\n"


def _metric_lines(metrics: Iterable[Metric[Source]]) -> Iterator[str]:
    yield from head("metric", "type", "labels", "unit", "meaning", "rule")
    for metric in sorted(metrics, key=lambda each: each.name):
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield row(
            f"`{_exposed(metric.name, metric.kind)}`",
            metric.kind,
            labels,
            metric.unit,
            metric.help,
            metric.rule,
        )


def _process_lines() -> Iterator[str]:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    yield from head("metric", "type", "meaning", "rule")
    for metric in sorted(registry.collect(), key=lambda each: each.name):
        rule: Rule = "sum" if metric.type in CUMULATIVE else PROCESS_RULES[metric.name]
        name = _exposed(metric.name, metric.type)
        yield row(f"`{name}`", metric.type, metric.documentation, rule)


def _exposed(name: str, kind: str) -> str:
    return f"{name}_total" if kind == "counter" else name


def problems_page() -> str:
    """Return ``docs/reference/problems.md``."""
    return "\n".join([PROBLEMS_HEAD, *_problem_lines()]) + "\n"


def _problem_lines() -> Iterator[str]:
    found = sorted(kinds(Refused), key=lambda each: (each.status, each.slug))
    yield from head("type", "status", "title")
    for kind in found:
        yield row(f"[`{type_of(kind)}`](#{kind.slug})", str(kind.status), kind.title)
    for kind in found:
        yield from ("", f"## {kind.slug}", "", meaning(kind), "")
        yield f"- Status: {kind.status}"
        if kind.headers:
            yield f"- Headers: {', '.join(f'`{each}`' for each in kind.headers)}"
        yield f"- `outcome` in `hunt_clicks_total`: `{kind.label}`"
        yield f"- Retry: {_retry(kind)}"


def _retry(kind: type[Refused]) -> str:
    """Return whether the same request may succeed later."""
    if kind.status in {429, 503}:
        return "after `Retry-After` seconds, with the same click id"
    if kind.status >= 500 and kind.status not in {501, 505}:
        return "after a pause, with the same click id: the click may have counted"
    if kind.status == 401:
        return "with a new token"
    if kind.status == 408:
        return "at once, with the same click id"
    if kind.status == 409:
        return "after the state of the hunt has changed; `opens_at` says when it opens"
    return "no: the answer would be the same"


#: Every generated file, and the function that returns its text.
PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "http-api.md": http_api.page,
    "hunt-file.md": hunt_file.page,
    "hunt-file.schema.json": hunt_file.schema_text,
    "settings.md": settings_page,
    "metrics.md": metrics_page,
    "problems.md": problems_page,
    "proof-vectors.json": proof_vectors.text,
}


def main() -> None:
    """Write all generated pages."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
