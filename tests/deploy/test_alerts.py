"""The alert rules of ``deploy/prometheus``, checked by Prometheus's own tool and a real server."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes import hunt_serve
from tests.support.requirements import required

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/hunt-alerts.yaml"
ALERTS = re.findall(r"alert: (\w+)", RULES.read_text("utf-8"))
EXPRESSIONS = "\n".join(
    re.findall(r"expr: (.*?)\n +(?:for|labels):", RULES.read_text("utf-8"), re.DOTALL)
)


#: Of a node with another bus than this one.
OTHER_BUS = {"hunt_bus_dropped_total"}


def promtool(*arguments: str) -> str:
    """Run promtool; return its output, and raise if it reports an error."""
    program = required(Path("/usr/bin/promtool"), "Debian's prometheus is not installed")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, cwd=RULES.parent
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_are_valid() -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", RULES.name)


def test_each_alert_fires_and_stays_silent() -> None:
    promtool("test", "rules", "hunt-alerts.test.yaml")
    text = RULES.with_name("hunt-alerts.test.yaml").read_text("utf-8")
    tests = re.findall(r"alertname: (\w+)\n +exp_alerts:( \[\])?", text)
    assert tests == [(name, silent) for name in ALERTS for silent in ("", " []")]


def test_each_alert_has_a_page() -> None:
    page = (ROOT / "docs/how-to/alerts.md").read_text("utf-8")
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == ALERTS
    for section in page.split("\n## ")[1:]:
        assert re.search(r"^- ", section, re.MULTILINE), "a section says what to do"
    links = re.findall(r"runbook: docs/how-to/alerts\.md#(\w+)", RULES.read_text("utf-8"))
    assert links == [name.lower() for name in ALERTS]


async def test_rules_use_series_that_a_node_has(tmp_path: Path) -> None:
    async with hunt_serve(tmp_path) as server, httpx.AsyncClient() as client:
        text = (await client.get(f"{server.url}/metrics")).text
    series = [
        sample for family in text_string_to_metric_families(text) for sample in family.samples
    ]
    # A histogram has its buckets from the start; a labelled counter appears with its first value.
    named = {sample.name for sample in series} | set(re.findall(r"# TYPE (\S+)", text))
    selectors = re.findall(r"\b((?:hunt|process)_\w+)(?:\{(.*?)\})?", EXPRESSIONS)
    assert len(selectors) > len(ALERTS)
    for name, labels in selectors:
        assert name in named | OTHER_BUS, name
        wanted = dict(re.findall(r'(\w+)="(.*?)"', labels or ""))
        wanted.pop("job", None)  # Prometheus adds it
        if any(sample.name == name for sample in series):
            assert any(
                sample.name == name and wanted.items() <= sample.labels.items() for sample in series
            ), f"{name}{wanted}"
