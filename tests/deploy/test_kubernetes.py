"""The manifests of ``deploy/kubernetes``: valid, restricted, and consistent with the server."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import psycopg
import pytest
import yaml
from psycopg import errors as pg

from hunt.cli import COMMANDS
from hunt.configuration import load
from hunt.settings import Settings
from tests.deploy.roles import FOLDER, Database, settings_of
from tests.support.processes import player
from tests.support.requirements import required
from tests.support.serving import serving

ZONES = Path(__file__).parents[2] / "deploy/kubernetes/zones"

#: Kinds of operators that bring their own schema.
FOREIGN = {"Cluster", "PodMonitor", "PrometheusRule"}


@cache
def manifests() -> list[dict[str, Any]]:
    """Return all objects of the three zones, as kustomize makes them."""
    program = required(
        Path(shutil.which("kubectl") or "/usr/bin/kubectl"),
        "Debian's kubernetes-client is not installed",
    )
    done = subprocess.run(
        [program, "kustomize", ZONES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of(kind: str) -> list[dict[str, Any]]:
    return [each for each in manifests() if each["kind"] == kind]


def pods() -> list[dict[str, Any]]:
    """Return the specifications of all pods."""
    return [each["spec"]["template"] for each in of("Deployment") + of("Job")]


def containers() -> list[dict[str, Any]]:
    specs = [pod["spec"] for pod in pods()]
    return [each for spec in specs for each in spec.get("initContainers", []) + spec["containers"]]


def hunt_containers() -> list[dict[str, Any]]:
    """Return the containers that run hunt; the other one runs psql."""
    return [each for each in containers() if each["name"] != "grants"]


def environment(container: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a container, with files of secrets in place of the secrets."""
    return {each["name"]: each["value"] for each in container["env"]}


@pytest.mark.parametrize("release", ["1.31", kubernetes_validate.latest_version()])
def test_objects_fit_the_schemas_of_kubernetes(release: str) -> None:
    checked = set()
    for each in manifests():
        if each["kind"] not in FOREIGN:
            kubernetes_validate.validate(each, release, strict=True)
            checked.add(each["kind"])
    assert len(checked) == 8, checked


def test_each_zone_has_its_own_nodes() -> None:
    zones = {}
    for each in of("Deployment"):
        affinity = each["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
        [term] = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        [expression] = term["matchExpressions"]
        assert expression["key"] == "topology.kubernetes.io/zone"
        zones[each["metadata"]["name"]] = expression["values"]
        assert each["spec"]["selector"]["matchLabels"]["hunt/zone"]
    assert zones == {"hunt-a": ["zone-a"], "hunt-b": ["zone-b"], "hunt-c": ["zone-c"]}
    scaled = [each["spec"]["scaleTargetRef"]["name"] for each in of("HorizontalPodAutoscaler")]
    assert sorted(scaled) == sorted(zones)
    for each in of("PodDisruptionBudget"):
        assert each["spec"]["selector"]["matchLabels"]["hunt/zone"] in {"a", "b", "c"}


def test_pods_meet_the_restricted_standard() -> None:
    """The rules of the Pod Security Standard "restricted", and a read-only file system."""
    for pod in pods():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys()
        assert all(
            {"secret", "emptyDir", "configMap"} & each.keys() for each in pod["spec"]["volumes"]
        )
    for each in containers():
        context = each["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert each["resources"]["limits"]["memory"]


def test_commands_and_settings_are_those_of_hunt(tmp_path: Path) -> None:
    for each in hunt_containers():
        assert each["args"][0] in COMMANDS
        variables = environment(each)
        for name, value in variables.items():
            if name.endswith("_FILE"):
                volume = value.rpartition("/")[0]
                assert volume in {mount["mountPath"] for mount in each["volumeMounts"]}
                secret = tmp_path / value.rpartition("/")[2]
                content = "postgresql://hunt@db/hunt" if "database" in value else "x" * 32
                secret.write_text(content, "utf-8")
                variables[name] = str(secret)
        load(variables, cwd=tmp_path)  # refuses unknown names and wrong values


def test_image_is_that_of_this_release() -> None:
    assert {each["image"] for each in hunt_containers()} == {
        f"hunt-server:{version('hunt-server')}"
    }


def nodes() -> list[tuple[dict[str, Any], Settings]]:
    """Return the pod of each deployment, and its settings but for secrets."""
    found = []
    for each in of("Deployment"):
        pod = each["spec"]["template"]["spec"]
        [container] = pod["containers"]
        known = {k: v for k, v in environment(container).items() if not k.endswith("_FILE")}
        found.append((pod, load(known, cwd=ZONES).settings))
    return found


def test_ports_and_grace_period_follow_the_settings() -> None:
    for pod, settings in nodes():
        [container] = pod["containers"]
        ports = {each["name"]: each["containerPort"] for each in container["ports"]}
        assert settings.bind == (f"0.0.0.0:{ports['http']}",)
        assert settings.operations_bind == f"0.0.0.0:{ports['operations']}"
        drain = settings.drain_delay + settings.drain_timeout
        assert pod["terminationGracePeriodSeconds"] > drain + 10
        probe = container["readinessProbe"]
        # The Service drops the pod before it refuses clicks.
        assert settings.drain_delay > 2 * probe["periodSeconds"] * probe["failureThreshold"]
        mounted = {each["mountPath"] for each in container["volumeMounts"]}
        assert str(settings.data_dir) in mounted
        open_ports = {
            port["port"] for each in of("NetworkPolicy") for rule in each["spec"]["ingress"]
            for port in rule["ports"]
        }  # fmt: skip
        assert open_ports == set(ports.values())
    [service] = of("Service")
    assert {each["targetPort"] for each in service["spec"]["ports"]} == {"http"}
    [monitor] = of("PodMonitor")
    assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} == {"operations"}


async def test_probes_and_metrics_exist(database: str) -> None:
    async with serving(database) as client:
        for pod, _ in nodes():
            for name in ("startupProbe", "readinessProbe", "livenessProbe"):
                path = pod["containers"][0][name]["httpGet"]["path"]
                assert (await client.get(path)).status_code == 200, path
        text = (await client.get("/metrics")).text
    values = yaml.safe_load((ZONES.parent / "prometheus-adapter.yaml").read_text("utf-8"))
    rules = values["rules"]["custom"]
    adapted = {re.match(r"\w+", each["seriesQuery"])[0] for each in rules}  # type: ignore[index]
    for each in of("HorizontalPodAutoscaler"):
        for metric in each["spec"]["metrics"]:
            name = metric["pods"]["metric"]["name"]
            assert name in adapted
            assert re.search(rf"^# TYPE {name} gauge$", text, re.MULTILINE), name


def test_database_loses_no_reward_with_a_zone() -> None:
    [cluster] = of("Cluster")
    synchronous = cluster["spec"]["postgresql"]["synchronous"]
    assert synchronous["dataDurability"] == "required"
    assert cluster["spec"]["instances"] > synchronous["number"] >= 1
    [spread] = cluster["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert spread["whenUnsatisfiable"] == "DoNotSchedule"
    # All pods of all zones at the autoscaler's limit, a reserve and a migration.
    largest = sum(each["spec"]["maxReplicas"] for each in of("HorizontalPodAutoscaler"))
    processes = {settings.processes for _, settings in nodes()}
    connections = largest * max(processes) * (Settings().pool_size + 1)
    allowed = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
    assert connections < allowed - 10, connections


def test_parameters_of_the_database_are_those_of_its_settings() -> None:
    [cluster] = of("Cluster")
    parameters = cluster["spec"]["postgresql"]["parameters"]
    settings = settings_of("postgresql.conf")
    # The operator archives the WAL; the number of pods sets the number of connections.
    own = {"wal_level", "archive_mode", "archive_command", "archive_timeout", "max_connections"}
    assert parameters.keys() - own == settings.keys() - own
    assert {name: parameters[name] for name in parameters.keys() - own} == {
        name: settings[name] for name in settings.keys() - own
    }


async def test_roles_and_grants_of_the_cluster_are_enough_for_a_server(tmp_path: Path) -> None:
    [cluster], [grants] = of("Cluster"), of("ConfigMap")
    assert grants["data"]["grants.sql"] == (FOLDER / "grants.sql").read_text("utf-8")
    initdb = cluster["spec"]["bootstrap"]["initdb"]
    [role] = cluster["spec"]["managed"]["roles"]
    database = Database(tmp_path / "server")
    await database.cluster.init()
    await database.start()
    try:
        # The operator CloudNativePG does the same.
        await database.execute(f"create role {initdb['owner']} login")
        await database.execute(f"alter database {initdb['database']} owner to {initdb['owner']}")
        for each in initdb["postInitApplicationSQL"]:
            await database.execute(each)
        database.hunt("migrate", role=initdb["owner"])
        script = tmp_path / "server" / "grants.sql"
        script.write_text(grants["data"]["grants.sql"], "utf-8")
        database.psql(initdb["owner"], script)
        assert role["name"] == "hunt_app"
        database.open_hunt()
        async with database.node(HUNT_GUESTS="true") as server, player(server.url) as ada:
            assert (await ada.click(server.url)).status_code == 200
        with (
            psycopg.connect(database.as_role("hunt_app")) as connection,
            pytest.raises(pg.InsufficientPrivilege),
        ):
            connection.execute("delete from rewards")
    finally:
        await database.stop()


def test_prometheus_finds_the_nodes_and_has_the_rules() -> None:
    [monitor], [rules] = of("PodMonitor"), of("PrometheusRule")
    for pod in of("Deployment"):
        labels = pod["spec"]["template"]["metadata"]["labels"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert labels[monitor["spec"]["jobLabel"]] == "hunt", "the job of the alert rules"
    alerts = ZONES.parents[1] / "prometheus/hunt-alerts.yaml"
    assert rules["spec"] == yaml.safe_load(alerts.read_text("utf-8"))
