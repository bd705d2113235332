"""The image of ``deploy/container``: built from Debian's packages, and run with a game."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import trio
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from psycopg.conninfo import make_conninfo

from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.deploy.game import SECRET, playing
from tests.faults.postgres import running as running_postgres
from tests.support import reaper
from tests.support.images import ROOT, Podman, build_base, download, open_podman
from tests.support.processes import end, free_port, until
from tests.support.serving import HARBOUR

FOLDER = ROOT / "deploy/container"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
IMAGE = f"hunt-server:{PROJECT['version']}"
LOCK = runpy.run_path(str(FOLDER / "lock.py"))
LOCKS = LOCK["requirements"]()

#: Settings that a busy machine needs.
MARGIN = {"HUNT_CLICK_RATE": "0", "HUNT_BREAKER_SLOW": "5", "HUNT_QUEUE_AGE": "10"}

#: Bytes that the application may add to the base.
ADDED_MAX = 47 << 20

PROGRAMS_NOT_NEEDED = {
    "sh", "bash", "dash", "busybox", "cc", "gcc", "g++", "clang", "tcc", "as", "ld", "make", "pip",
    "apt", "apt-get", "curl", "wget", "perl", "su", "sudo", "mount",
}  # fmt: skip


@pytest.mark.parametrize("name", LOCKS)
def test_lock_file_fits_the_requirements(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    again = "write the lock files again: tox -e lock"
    assert text.startswith(LOCK["header"](LOCKS[name])), again
    entries = re.findall(
        r"^([\w.-]+==\S+(?: ; [^\\\n]+)?) \\\n((?:    --hash=\S+.*\n)+)", text, re.MULTILINE
    )
    pins = [Requirement(entry) for entry, _ in entries]
    assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE)), "each has a version and hashes"
    assert all("sha256:" in hashes for _, hashes in entries)
    for version in ("3.11", "3.12", "3.13"):
        python = {"python_version": version, "python_full_version": f"{version}.1"}
        pinned = {
            canonicalize_name(each.name): str(each.specifier).removeprefix("==")
            for each in pins
            if each.marker is None or each.marker.evaluate(python)
        }
        for wanted in map(Requirement, LOCKS[name]):
            if wanted.marker is None or wanted.marker.evaluate(python):
                found = pinned[canonicalize_name(wanted.name)]
                assert wanted.specifier.contains(found), f"{wanted} on {version}: {again}"


def test_labels_are_those_of_the_project() -> None:
    text = (FOLDER / "Containerfile").read_text("utf-8")
    assert f"ARG VERSION={PROJECT['version']}\n" in text
    assert f'licenses="{PROJECT["license"]}"' in text


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    """Yield podman with the images ``base``, ``builder`` and hunt's."""
    # In a run under xdist, the temporary folders of the run are longer than podman allows.
    with TemporaryDirectory(prefix="hunt-", dir="/tmp") as folder:
        reaper.hold().remove_if_killed(Path(folder))
        podman = open_podman(Path(folder))
        try:
            build_base(podman)
            build(podman, IMAGE)
            yield podman
        finally:
            podman("rm", "--all", "--force")
            podman("image", "unmount", "--all")


def build(podman: Podman, name: str) -> str:
    """Build the image from wheels that were downloaded outside; return its id."""
    wheels = podman.folder / "wheels"
    if not wheels.exists():
        download(wheels, FOLDER / "build.lock", FOLDER / "server.lock")
    settings = podman.folder / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n", "utf-8")
    return podman.build(
        FOLDER / "Containerfile", name, ROOT, "--secret", f"id=pip,src={settings}",
        "--volume", f"{wheels}:/wheels:ro", "--build-arg", "BASE=localhost/base",
        "--build-arg", "BUILDER=localhost/builder", "--build-arg", "REVISION=abc",
    )  # fmt: skip


def test_same_sources_give_the_same_image(podman: Podman) -> None:
    first = podman("image", "inspect", IMAGE, "--format", "{{.RootFS.Layers}}")
    build(podman, "again")
    assert podman("image", "inspect", "again", "--format", "{{.RootFS.Layers}}") == first


def test_image_has_its_labels_user_and_health_check(podman: Podman) -> None:
    [found] = json.loads(podman("image", "inspect", IMAGE))
    config = found["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/opt/hunt/bin/hunt"]
    assert config["StopSignal"] == "SIGTERM"
    labels = {
        key.removeprefix("org.opencontainers.image."): value
        for key, value in config["Labels"].items()
    }
    assert labels["version"] == PROJECT["version"]
    assert labels["licenses"] == PROJECT["license"]
    assert labels["revision"] == "abc"
    assert labels["base.name"] == "localhost/base"
    health = found["Healthcheck"]
    assert health["Test"] == ["CMD", "/opt/hunt/bin/hunt", "health"], "no shell"


def test_image_is_small_without_compiler_shell_or_setuid_file(podman: Podman) -> None:
    root = podman.files(IMAGE)
    for path in root.rglob("*"):
        status = path.lstat()
        if path.parent.name in {"bin", "sbin"}:
            assert path.name not in PROGRAMS_NOT_NEEDED, path
        if not stat.S_ISLNK(status.st_mode) and path.is_relative_to(root / "opt"):
            assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), path
            assert (status.st_uid, status.st_gid) == (0, 0), path
        assert not (stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_ISUID), path
    added = sum(each.lstat().st_size for each in (root / "opt").rglob("*") if each.is_file())
    assert added <= ADDED_MAX, f"{added / 2**20:.1f} MiB"


async def test_container_plays_a_game_and_drains(podman: Podman, tmp_path: Path) -> None:
    podman.check_run("base")
    address = f"127.{os.getpid() % 250 + 1}.7.{os.getpid() // 250 % 250 + 1}"
    rules = tmp_path / "hba.conf"
    rules.write_text("local all all trust\nhost all all 127.0.0.0/8 trust\n", "utf-8")
    options = {"listen_addresses": address, "hba_file": str(rules)}
    for each in (tmp_path, rules):
        each.chmod(0o755)
    async with running_postgres(tmp_path / "postgres", None, options) as postgres:
        async with open_pool(postgres.conninfo, size=1) as pool:
            hunts = Hunts(pool)
            await hunts.apply(HARBOUR, seed=os.urandom(32), actor="test")
            await hunts.open("harbour")
        secrets = tmp_path / "secrets"
        secrets.mkdir()
        conninfo = make_conninfo(postgres.conninfo, host=address)
        (secrets / "database_url").write_text(conninfo, "utf-8")
        (secrets / "jwt_secret").write_text(SECRET.decode(), "utf-8")
        options = [
            "--volume", f"{secrets}:/etc/hunt/secrets:ro",
            "--env", "HUNT_DATABASE_URL_FILE=/etc/hunt/secrets/database_url",
            "--env", "HUNT_JWT_SECRET_FILE=/etc/hunt/secrets/jwt_secret",
        ]  # fmt: skip
        await trio.run_process(podman.run(*options, IMAGE, "migrate"))
        await play(podman, [*options, "--tmpfs", "/run/hunt"], tmp_path / "log", conninfo)


async def play(podman: Podman, options: list[str], log: Path, database: str) -> None:
    """Start a server in a container, play, and end it."""
    url = f"http://127.0.0.1:{free_port()}"
    bind = url.removeprefix("http://")
    environ = MARGIN | {"HUNT_BIND": bind, "HUNT_PROCESSES": "2"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            podman.run(
                "--name", "hunt", *options,
                *(f"--env={name}={value}" for name, value in environ.items()), IMAGE,
            ),
            stdout=out, stderr=out, process_group=0,
        )  # fmt: skip
    try:
        with trio.fail_after(60):
            while not await _ready(url):
                assert process.poll() is None, log.read_text("utf-8")
                await trio.sleep(0.1)
        async with playing(url) as game:
            await game.until_settled(5)
        game.check(database)
        podman("healthcheck", "run", "hunt")
        assert "is ready" in podman("exec", "hunt", "hunt", "health", "--ready")
        pid = int(podman("inspect", "hunt", "--format", "{{.State.Pid}}"))
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", status, re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        mounts = Path(f"/proc/{pid}/mounts").read_text("utf-8")
        assert re.search(r"^\S+ / \S+ ro,", mounts, re.MULTILINE), mounts
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None, seconds=60)
        assert process.returncode == 0, log.read_text("utf-8")
    finally:
        if process.poll() is None:
            end(process)


async def _ready(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"{url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False
