"""``deploy/compose``: valid, without secrets, and played with its files and addresses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from hunt.configuration import load
from tests.deploy.compose_stack import COMPOSE, FOLDER, SERVICES
from tests.support.images import ROOT
from tests.support.requirements import required

NODES = ("hunt-one", "hunt-two")


def test_file_fits_the_schema_of_compose() -> None:
    schema = json.loads((Path(__file__).parent / "vendor/compose-spec.json").read_text("utf-8"))
    jsonschema.validate(COMPOSE, schema)


def test_secrets_are_files_alone(tmp_path: Path) -> None:
    for name in NODES:
        given = SERVICES[name]["environment"]
        for variable, value in given.items():
            if variable.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]
        known = {k: v for k, v in given.items() if not k.endswith("_FILE")}
        load(known, cwd=tmp_path)  # refuses unknown names and wrong values
    assert {each for service in SERVICES.values() for each in service.get("secrets", ())} <= set(
        COMPOSE["secrets"]
    )
    for secret in COMPOSE["secrets"].values():
        assert not (FOLDER / secret["file"]).exists(), "no secret is part of the project"


def test_nodes_run_the_image_locked_down() -> None:
    settings = load(
        {k: v for k, v in SERVICES["hunt-one"]["environment"].items() if not k.endswith("_FILE")},
        cwd=ROOT,
    ).settings
    for name in NODES:
        node = SERVICES[name]
        assert (FOLDER / node["build"]["context"]).resolve() == ROOT
        assert (ROOT / node["build"]["dockerfile"]).exists()
        assert node["read_only"]
        assert node["cap_drop"] == ["ALL"]
        grace = float(node["stop_grace_period"].removesuffix("s"))
        assert grace > settings.drain_delay + settings.drain_timeout + 5
    address = SERVICES["haproxy"]["networks"]["hunt"]["ipv4_address"]
    assert SERVICES["hunt-one"]["environment"]["HUNT_TRUSTED_PROXIES"] == address
    config = (ROOT / "deploy/haproxy/haproxy.cfg").read_text("utf-8")
    for name in NODES:
        assert f"{SERVICES[name]['networks']['hunt']['ipv4_address']}:8000" in config


def test_dashboard_is_where_grafana_looks_and_asks_the_prometheus_beside_it() -> None:
    mounted = {each.split(":")[1] for each in SERVICES["grafana"]["volumes"]}
    folder = ROOT / "deploy/grafana/provisioning"
    [provider] = yaml.safe_load((folder / "dashboards/hunt.yaml").read_text("utf-8"))["providers"]
    assert f"{provider['options']['path']}/hunt.json" in mounted
    [source] = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text("utf-8"))[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in SERVICES


@pytest.mark.usefixtures("unmeasured")
def test_services_play_a_game() -> None:
    for program in ("haproxy", "prometheus", "redis-server", "openssl", "ip"):
        path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        required(Path(path or f"/usr/bin/{program}"), f"{program} is not installed")
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    allowed = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if allowed.returncode != 0:
        pytest.skip(f"this machine permits no name spaces: {allowed.stderr}")
    done = subprocess.run(
        [*unshare, sys.executable, "-m", "tests.deploy.compose_stack"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.stdout.endswith("played\n"), (done.stdout + done.stderr)[-8000:]
