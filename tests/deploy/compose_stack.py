"""Run the services of ``deploy/compose`` as processes, with its files, names and addresses.

Run it in name spaces of its own, which `tests.deploy.test_compose` makes. Each service gets a
network name space. All share an overlay of the file system: each file is at the path that
compose.yaml gives it, and nothing on the machine changes.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import trio
import trustme
import yaml
from psycopg.conninfo import make_conninfo

from tests.deploy import game as rig
from tests.deploy.roles import HUNT_FILE, NODE
from tests.faults.postgres import Postgres
from tests.support import certificates
from tests.support.processes import HUNT, environment, until

FOLDER = Path(__file__).parents[2] / "deploy/compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ADDRESSES = {
    name: each["networks"]["hunt"]["ipv4_address"]
    for name, each in SERVICES.items()
    if "ipv4_address" in each["networks"]["hunt"]
}
SITE = ADDRESSES["haproxy"]


def sh(*words: str | Path) -> None:
    subprocess.run(words, check=True)


def enter_overlay() -> None:
    """Make every change of a file from now on one of this process tree alone."""
    top = Path(tempfile.mkdtemp())
    sh("mount", "-t", "tmpfs", "tmpfs", top)
    for name in ("upper", "work", "root"):
        (top / name).mkdir()
    layers = f"lowerdir=/,upperdir={top}/upper,workdir={top}/work"
    sh("mount", "-t", "overlay", "overlay", "-o", layers, top / "root")
    for name in ("proc", "sys", "dev"):
        sh("mount", "--rbind", f"/{name}", top / "root" / name)
    where = Path.cwd()
    os.chroot(top / "root")
    os.chdir(where)


def connect() -> None:
    """Make the network of compose.yaml: a bridge, and a name space for each service."""
    [config] = COMPOSE["networks"]["hunt"]["ipam"]["config"]
    length = config["subnet"].partition("/")[2]
    sh("ip", "link", "add", "bridge", "type", "bridge")
    sh("ip", "addr", "add", f"{config['gateway']}/{length}", "dev", "bridge")
    sh("ip", "link", "set", "bridge", "up")
    Path("/run/netns").mkdir(exist_ok=True)
    # A name space that was made for the others has no address: migrate and grants use the host's.
    for number, (name, address) in enumerate(ADDRESSES.items()):
        sh("ip", "netns", "add", name)
        peer = ("peer", "name", "eth0", "netns", name)
        sh("ip", "link", "add", f"service{number}", "type", "veth", *peer)
        sh("ip", "link", "set", f"service{number}", "master", "bridge", "up")
        sh("ip", "-n", name, "addr", "add", f"{address}/{length}", "dev", "eth0")
        for device in ("lo", "eth0"):
            sh("ip", "-n", name, "link", "set", device, "up")
    names = "".join(f"{address} {name}\n" for name, address in ADDRESSES.items())
    Path("/etc/hosts").write_text("127.0.0.1 localhost\n" + names, "utf-8")


def place_files() -> None:
    """Put each file where compose.yaml mounts it; write the secrets with the operator's script."""
    authority = trustme.CA()
    certificates._authority = lambda: authority  # type: ignore[assignment]
    leaf = authority.issue_cert(SITE)
    with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as certificate:
        sh(FOLDER / "secrets.sh", certificate, key)
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            if source.startswith("."):
                copy(FOLDER / source, Path(target))
            else:
                Path(target).mkdir(parents=True, exist_ok=True)
    for name, secret in COMPOSE["secrets"].items():
        copy(FOLDER / secret["file"], Path("/run/secrets") / name)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def start(service: str, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    """Start a program in the network of a service, with its environment."""
    inside = ["nsenter", f"--net=/run/netns/{service}"] if service in ADDRESSES else []
    return subprocess.Popen([*inside, *command], env=variables(service))


def run(service: str, command: Sequence[str | Path]) -> None:
    """Run a program of a service to its end."""
    status = start(service, command).wait(60)
    assert status == 0, f"{service}: {status}"


def variables(service: str) -> dict[str, str]:
    image = {"HUNT_DATA_DIR": "/run/hunt", "HUNT_CLICK_RATE": "0"}
    margin = {name: value for name, value in NODE.items() if name != "HUNT_JWT_SECRET"}
    return environment(image | margin | SERVICES[service].get("environment", {}))


def words(service: str) -> list[str]:
    """Return the command of a service."""
    command = SERVICES[service]["command"]
    return shlex.split(command) if isinstance(command, str) else list(command)


async def start_postgres() -> Postgres:
    """Start PostgreSQL with the options of compose.yaml, and run its scripts."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    rules = folder / "hba.conf"  # as the image writes it
    rules.write_text("local all all trust\nhost all all all scram-sha-256\n", "utf-8")
    rules.chmod(0o644)
    command = words("postgres")
    assert command[0] == "postgres"
    assert command[1::2] == ["-c"] * (len(command) // 2)
    given = dict(each.split("=", 1) for each in command[2::2])
    server = Postgres(folder / "server", given | {"hba_file": str(rules)})
    await server.cluster.init()
    with in_network("postgres"):
        await server.start()
    for script in sorted(Path("/docker-entrypoint-initdb.d").iterdir()):
        sh(server.cluster.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
           "-d", server.conninfo, "-f", script)  # fmt: skip
    return server


class in_network:  # ruff: ignore[invalid-class-name] - a context manager
    """Start processes in the network of a service."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __enter__(self) -> None:
        self.before = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.enter(f"/run/netns/{self.service}")

    def __exit__(self, *_: object) -> None:
        self.enter(f"/proc/self/fd/{self.before}")
        os.close(self.before)

    @staticmethod
    def enter(path: str) -> None:
        import ctypes

        fd = os.open(path, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(fd)


async def answers(url: str, **query: str) -> Any:
    """Return the JSON at an address once it answers with 200."""
    context = certificates.client()
    with trio.fail_after(60):
        async with httpx.AsyncClient(verify=context) as client:
            while True:
                try:
                    answer = await client.get(url, params=query)
                    if answer.status_code == 200:
                        return answer.json()
                except httpx.TransportError:
                    pass
                await trio.sleep(0.1)


async def play(server: Postgres) -> None:
    """Open a hunt, play it at the address of the site, and look at it with Prometheus."""
    rig.SECRET = Path("/run/secrets/jwt_secret").read_text("utf-8").strip().encode()
    file = Path(tempfile.mkdtemp()) / "harbour.toml"
    file.write_text(HUNT_FILE, "utf-8")
    for command in (["apply", str(file)], ["open", "harbour"]):
        run("hunt-one", [*HUNT, *command])
    await answers(f"https://{SITE}/v1/hunts/harbour")
    async with rig.playing(f"https://{SITE}") as game:
        await game.until_settled(10)
    game.check(make_conninfo(server.conninfo))
    prometheus = f"http://{ADDRESSES['prometheus']}:9090/api/v1"
    [group] = (await answers(f"{prometheus}/rules"))["data"]["groups"]
    assert len(group["rules"]) > 10
    settled = sum(len(each.settled) for each in game.players)

    async def value(query: str) -> float:
        result = (await answers(f"{prometheus}/query", query=query))["data"]["result"]
        return float(result[0]["value"][1]) if result else 0

    with trio.fail_after(60):
        while await value('sum(up{job="hunt"})') != 2:
            await trio.sleep(0.2)
        while await value('sum(hunt_bus_connected{bus="valkey"})') != 4:  # 2 workers of 2 nodes
            await trio.sleep(0.2)
        while await value('sum(hunt_clicks_total{outcome=~"won|nothing"})') != settled:
            await trio.sleep(0.2)


async def main() -> None:
    """Start all services in the order of compose.yaml, play, and stop them."""
    server = await start_postgres()
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        # Redis 7 in place of Valkey, with the same configuration.
        processes["valkey"] = start("valkey", ["redis-server", *words("valkey")[1:]])
        run("migrate", [*HUNT, *words("migrate")])
        psql, *arguments = words("grants")
        run("grants", [server.cluster.programs / psql, *arguments])
        for name in ("hunt-one", "hunt-two"):
            processes[name] = start(name, [*HUNT, "serve"])
        # HAProxy and Prometheus: the commands of their images. This machine has fewer descriptors
        # than haproxy.cfg wants; -n is its maxconn.
        processes["haproxy"] = start("haproxy", ["haproxy", "-db", "-n", "1000", "-f",
                                     "/usr/local/etc/haproxy/haproxy.cfg"])  # fmt: skip
        processes["prometheus"] = start("prometheus", ["prometheus", *words("prometheus")])
        await play(server)
        assert {name: each.poll() for name, each in processes.items()} == dict.fromkeys(processes)
        for name in ("hunt-one", "hunt-two"):
            processes[name].send_signal(signal.SIGTERM)
            await until(lambda name=name: processes[name].poll() is not None)
            assert processes[name].returncode == 0
    finally:
        for each in processes.values():
            each.kill()
        await server.stop()


if __name__ == "__main__":
    enter_overlay()
    connect()
    place_files()
    trio.run(main)
    sys.stdout.write("played\n")
