"""Build a release into ``dist/``: packages, changelog section, SBOM, licences and checksums.

    tox -e release [-- --unreleased]

It fails unless CHANGELOG.md has a section of the version in pyproject.toml, with a date;
``--unreleased`` takes the section of unreleased changes, to try the build.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

#: Extras of a server; those of the tests are not part of a release.
EXTRAS = ("embedded", "jwks", "otel", "valkey")


#: Packages of an empty environment.
OWN = frozenset({"pip", "setuptools"})


#: Licences of packages that declare none in a standard form; read in their LICENSE files.
READ = {"protobuf": "BSD-3-Clause"}


def run(*command: str | Path) -> None:
    """Run a program, and print its command line."""
    print("$", *command, flush=True)
    subprocess.run(command, check=True)


def section(version: str, *, unreleased: bool) -> str:
    """Return the changelog's section of a version.

    Raises:
        SystemExit: There is none.
    """
    heading = r"\[Unreleased\]" if unreleased else rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d"
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    match = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise SystemExit(
            f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD': rename [Unreleased]"
        )
    return match[1].strip() + "\n"


def build(folder: Path) -> Path:
    """Build the sdist, and the wheel from it; check both; return the wheel."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    packages = sorted(folder.iterdir())
    run(sys.executable, "-m", "twine", "check", "--strict", *packages)
    [sdist] = folder.glob("*.tar.gz")
    # The two missing points are for an address of an author, and one of the project.
    run("pyroma", "--min", "8", sdist)
    [wheel] = folder.glob("*.whl")
    return wheel


def environment(wheel: Path, folder: Path) -> Path:
    """Install the wheel with the extras of a server; return the environment's Python."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[{','.join(EXTRAS)}]")
    run(python, "-m", "hunt", "--version")
    return python


def describe(python: Path, folder: Path, name: str) -> None:
    """Write the SBOM (CycloneDX), and the licences of all packages of an environment."""
    sbom = folder / f"{name}.cdx.json"
    pyproject = ROOT / "pyproject.toml"
    run("cyclonedx-py", "environment", "--pyproject", pyproject, "--mc-type", "application",
        "--output-reproducible", "--of", "JSON", "-o", sbom, python)  # fmt: skip
    components = json.loads(sbom.read_text("utf-8"))["components"]
    rows = sorted(_licence(each) for each in components if each["name"] not in OWN)
    lines = [
        "# Licences of hunt-server and its dependencies",
        "",
        "| package | version | licence |",
    ]
    lines += ["|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    (folder / f"{name}.licences.md").write_text("\n".join(lines) + "\n", "utf-8")
    missing = [row[0] for row in rows if not row[2]]
    if missing:
        raise SystemExit(f"licences: not declared by {', '.join(missing)}")


def _licence(component: Mapping[str, Any]) -> tuple[str, str, str]:
    names = []
    for each in component.get("licenses", []):
        licence = each.get("license", {})
        names.append(each.get("expression") or licence.get("id") or licence.get("name") or "")
    short = {name for name in names if name and "\n" not in name and len(name) <= 120}
    name = component["name"]
    return name, component["version"], ", ".join(sorted(short)) or READ.get(name, "")


def checksums(folder: Path) -> None:
    """Write the SHA-256 of every file of the release."""
    lines = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n"
        for each in sorted(folder.iterdir())
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")
    print("".join(lines), end="")


def main() -> None:
    """Build a release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--unreleased", action="store_true", help="try the build")
    options = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name = f"hunt_server-{project['version']}"
    notes = section(project["version"], unreleased=options.unreleased)
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    wheel = build(folder)
    (folder / f"{name}.notes.md").write_text(notes, "utf-8")
    with tempfile.TemporaryDirectory(prefix="hunt-release-") as temporary:
        describe(environment(wheel, Path(temporary)), folder, name)
    checksums(folder)


if __name__ == "__main__":
    main()
