"""The dashboard of ``deploy/grafana``: valid, complete, and no panel empty under load."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from hunt.metrics.declarations import METRICS
from hunt.metrics.node_declarations import NODE_METRICS
from tests.deploy.game import SECRET, playing
from tests.support.processes import HUNT, free_port, running
from tests.support.requirements import required

FOLDER = Path(__file__).parents[2] / "deploy/grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "hunt.json").read_text("utf-8"))
PANELS = [each for each in DASHBOARD["panels"] if each["type"] != "row"]

#: Metrics that no panel shows, because another one says more.
UNSEEN = {
    "hunt_batch_latency_average_seconds", "hunt_event_loop_idle_ratio",
    "hunt_breaker_transitions", "hunt_worker_ends",
}  # fmt: skip


def queries() -> Iterator[tuple[str, str]]:
    """Yield the title of each panel with each of its queries."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def differences(given: object, read: object, path: str = "") -> Iterator[str]:
    """Yield the fields that Grafana's own types do not have, or read otherwise."""
    if isinstance(given, dict) and isinstance(read, dict):
        for key, value in given.items():
            if key in read:
                yield from differences(value, read[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for number, (one, other) in enumerate(zip(given, read, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif given != read:
        yield path


def test_dashboard_fits_the_schema_of_grafana() -> None:
    plugins.register_default_plugins()
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))
    assert list(differences(DASHBOARD, read)) == []


def test_panels_are_explained_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for each in DASHBOARD["panels"]:
        place = each["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, each["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({each["id"] for each in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(each["description"].endswith(".") for each in PANELS)


def test_dashboard_names_existing_alerts_and_every_metric() -> None:
    alerts = set(
        re.findall(r"alert: (\w+)", (FOLDER / "../prometheus/hunt-alerts.yaml").read_text("utf-8"))
    )
    named = {name for each in PANELS for name in re.findall(r"\bHunt[A-Z]\w+", each["description"])}
    assert named <= alerts
    shown = " ".join(query for _, query in queries())
    declared = {each.name for each in (*METRICS, *NODE_METRICS)}
    assert {name for name in declared if not re.search(rf"\b{name}(_|\b)", shown)} == UNSEEN


def test_provisioning_names_the_data_source_of_the_dashboard() -> None:
    provisioning = FOLDER / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text("utf-8"))[
        "datasources"
    ]
    used = {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]}
    assert used == {source["uid"]}
    [provider] = yaml.safe_load((provisioning / "dashboards/hunt.yaml").read_text("utf-8"))[
        "providers"
    ]
    assert provider["type"] == "file"


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a Prometheus that scrapes a node; yield a client of its API."""
    program = required(Path("/usr/bin/prometheus"), "Debian's prometheus is not installed")
    config, port = folder / "prometheus.yml", free_port()
    config.write_text(
        yaml.safe_dump({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "hunt", "static_configs": [{"targets": [target]}]}],
        }),
        "utf-8",
    )  # fmt: skip
    process = subprocess.Popen(
        [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            with trio.fail_after(30):
                while not await _is_ready(client):
                    await trio.sleep(0.1)
            yield client
    finally:
        process.terminate()
        process.wait()


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).is_success
    except httpx.TransportError:
        return False


async def has_values(client: httpx.AsyncClient, query: str) -> bool:
    """Return whether a query of the dashboard has a number as its value."""
    for variable, value in (("$job", "hunt"), ("$instance", ".*"), ("$__rate_interval", "10s")):
        query = query.replace(variable, value)
    answer = (await client.get("/api/v1/query", params={"query": query})).json()
    assert answer["status"] == "success", (query, answer)
    return any(not math.isnan(float(each["value"][1])) for each in answer["data"]["result"])


@pytest.mark.usefixtures("unmeasured")
async def test_no_panel_is_empty_under_load(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "2",
                 "--data-dir", str(tmp_path / "data")]  # fmt: skip
    async with (
        running(arguments, url, {"HUNT_JWT_SECRET": SECRET.decode()}),
        prometheus(tmp_path, f"127.0.0.1:{port}") as client,
        playing(url),
    ):
        # The demo hunt has neither codes nor webhooks.
        other = re.compile(r"hunt_codes|hunt_webhook_(lag|failed|dead)")
        empty = [each for each in queries() if not other.search(each[1])]
        with trio.move_on_after(60):
            while empty := [each for each in empty if not await has_values(client, each[1])]:
                await trio.sleep(0.5)
    assert empty == []
