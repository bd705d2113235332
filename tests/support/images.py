"""Container images, built and run with podman in a storage of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest

from tests.support import reaper
from tests.support.requirements import required

ROOT = Path(__file__).parents[2]

#: Release of Debian in the base, and its Python.
SUITE, PYTHON = "bookworm", "3.11"

#: Python without its shell scripts, and the time zones of hunts.
PACKAGES = "python3-minimal,libpython3-stdlib,python3-distutils,tzdata"


@dataclass(frozen=True)
class Podman:
    """podman with a storage in `folder`."""

    folder: Path
    program: Path

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """Return a command line of podman."""
        return [
            self.program, "--root", self.folder / "store", "--runroot", self.folder / "run",
            # Needs no mounts, so it works wherever the tests run.
            "--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs",
            "--events-backend", "none", *arguments,
        ]  # fmt: skip

    def __call__(self, *arguments: str | Path) -> str:
        """Run a command of podman; return its output."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def build(self, file: Path, name: str, context: Path, *options: str | Path) -> str:
        """Build an image without caches; return its id."""
        # Without a namespace of its own, which not every machine permits.
        return self(
            "build", "--quiet", "--isolation", "chroot", "--format", "docker", "--layers=false",
            "--timestamp", "0", "--file", file, "--tag", name, *options, context,
        )  # fmt: skip

    def run(self, *arguments: str | Path) -> list[str | Path]:
        """Return the command line that runs a container as an operator would: locked down."""
        return self.command(
            "run", "--rm", "--network", "host", "--read-only", "--read-only-tmpfs=false",
            "--cap-drop", "all", "--security-opt", "no-new-privileges",
            # No limits above those of the tests.
            "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=1000:1000",
            # The reaper of the run finds the processes by it.
            "--env", reaper.VARIABLE, *arguments,
        )  # fmt: skip

    def check_run(self, image: str) -> None:
        """Skip the test where the machine permits no containers."""
        done = subprocess.run(
            self.run(image, "/usr/bin/python3", "-c", ""),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.skip(f"no container can run on this machine: {done.stderr}")

    def files(self, image: str) -> Path:
        """Return the root folder of an image's files."""
        return Path(self("image", "mount", image))


def open_podman(folder: Path) -> Podman:
    """Return podman with an empty storage; skip the test where it cannot run."""
    for program in ("/usr/sbin/runc", "/usr/bin/mmdebstrap"):
        required(Path(program), f"Debian's {Path(program).name} is not installed")
    if os.geteuid() != 0:
        pytest.skip("only root can build a base image from packages")
    return Podman(folder, required(Path("/usr/bin/podman"), "Debian's podman is not installed"))


def build_base(podman: Podman) -> None:
    """Build ``base``: Python from Debian's packages without a shell; and ``builder``, with pip."""
    folder = podman.folder / "base"
    folder.mkdir(parents=True)
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "man", "locale")]
    subprocess.run(
        [
            # Files of packages alone: the scripts of packages would need a shell.
            "/usr/bin/mmdebstrap", "--quiet", "--variant=extract", f"--include={PACKAGES}",
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", *excluded,
            SUITE, folder / "base.tar",
        ],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (folder / "Base").write_text("FROM scratch\nADD base.tar /\n", "utf-8")
    podman.build(folder / "Base", "base", folder)
    (folder / "base.tar").unlink()
    shutil.copytree(
        Path(pip.__file__).parent, folder / "pip", ignore=shutil.ignore_patterns("__pycache__")
    )
    packages = "/usr/lib/python3/dist-packages/pip"
    (folder / "Builder").write_text(f"FROM localhost/base\nCOPY pip {packages}\n", "utf-8")
    podman.build(folder / "Builder", "builder", folder)


def download(folder: Path, *locks: Path) -> None:
    """Download the wheels of lock files for the Python of the base; compare their hashes."""
    for lock in locks:
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes",
                "--only-binary", ":all:", "--python-version", PYTHON, "--dest", folder, "-r", lock,
            ],
            check=True,
        )  # fmt: skip
