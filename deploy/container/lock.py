"""Pin the packages of the image with their hashes; ``tox -e lock`` runs it.

Pins that still fit are kept. ``tox -e lock -- --upgrade`` takes the newest releases.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text("utf-8"))

#: Lock file of the server -> the extras of hunt-server in it.
EXTRAS: dict[str, tuple[str, ...]] = {
    "server.lock": (),
    "server-jwks.lock": ("jwks",),
    "server-valkey.lock": ("valkey",),
}


def requirements() -> dict[str, list[str]]:
    """Return the direct requirements of each lock file, by its name."""
    project = PROJECT["project"]
    optional = project["optional-dependencies"]
    found = {
        name: sorted(
            {*project["dependencies"], *(each for one in extras for each in optional[one])}
        )
        for name, extras in EXTRAS.items()
    }
    return found | {"build.lock": sorted(PROJECT["build-system"]["requires"])}


def header(wanted: list[str]) -> str:
    """Return the first lines of a lock file, which state its purpose."""
    lines = ["Written by `tox -e lock` from pyproject.toml, for these requirements:", *wanted]
    return "".join(f"# {each}\n" for each in lines)


def write(name: str, wanted: list[str], *options: str) -> None:
    """Pin `wanted` and what it needs, for every Python that hunt supports."""
    lowest = PROJECT["project"]["requires-python"].removeprefix(">=")
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--quiet", "--universal",
               "--python-version", lowest, "--generate-hashes", "--no-annotate", "--no-header",
               "--no-emit-find-links", "-o", HERE / name, *options]  # fmt: skip
    subprocess.run(
        command, input="\n".join(wanted), text=True, check=True, stdout=subprocess.DEVNULL
    )
    pinned = (HERE / name).read_text("utf-8")
    (HERE / name).write_text(header(wanted) + pinned, "utf-8")


if __name__ == "__main__":
    for each, needed in requirements().items():
        write(each, needed, *sys.argv[1:])
