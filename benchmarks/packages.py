"""Size and number of packages of each extra, in fresh virtual environments.

    python -m benchmarks.packages [--write]

Build the wheel of this repository, install it with each extra into an empty virtual environment
of this Python, and compare that with the empty one.  ``--write`` replaces the table in
``docs/reference/packages.md``.  It needs the packages from an index, and checks each environment
with ``pip check``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "packages.md"

#: Extra -> its purpose; empty: the package alone.
EXTRAS = {
    "": "a server with a PostgreSQL of your own",
    "jwks": "the same, with tokens of an identity provider (RS256, ES256, EdDSA)",
    "keys": "the same, with codes and seeds encrypted in the database",
    "parquet": "the same, with exports as Parquet",
    "valkey": "the same, with Valkey or Redis between the nodes",
    "otel": "the same, with spans for OpenTelemetry",
    "embedded": "a trial: `hunt serve` starts an embedded PostgreSQL 18",
}

#: Programs of an environment that pip and venv bring.
_OWN = frozenset({"pip", "setuptools"})

_TABLE = re.compile(r"\| command \|.*?\n(?=\n)", re.DOTALL)


def run(*command: str | Path) -> str:
    """Run a program; return its output."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def installed(folder: Path, requirement: str) -> tuple[float, int]:
    """Return MiB and number of packages that a requirement adds to an empty environment."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    empty = int(run("du", "-sk", folder / "lib").split()[0])
    if requirement:
        run(python, "-m", "pip", "install", "--quiet", requirement)
        run(python, "-m", "pip", "check")
    full = int(run("du", "-sk", folder / "lib").split()[0])
    listed = json.loads(run(python, "-m", "pip", "list", "--format", "json"))
    return (full - empty) / 1024, len({each["name"] for each in listed} - _OWN)


def table() -> str:
    """Return the table in Markdown."""
    rows = ["| command | for | size | packages |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="hunt-bench-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT)
        [wheel] = folder.glob("*.whl")
        for extra, purpose in EXTRAS.items():
            given = f"[{extra}]" if extra else ""
            mib, count = installed(folder / f"with-{extra}", f"{wheel}{given}")
            command = f"pip install 'hunt-server{given}'" if extra else "pip install hunt-server"
            rows.append(f"| `{command}` | {purpose} | {mib:.0f} MiB | {count} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"replace the table in {PAGE.name}")
    options = parser.parse_args()
    measured = table()
    print(measured, end="")
    if options.write:
        text, count = _TABLE.subn(lambda _: measured, PAGE.read_text("utf-8"))
        assert count == 1, "the page has one table"
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
