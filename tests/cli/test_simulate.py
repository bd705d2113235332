from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import DEMO, run


def test_simulation_repeats_with_its_seed() -> None:
    first = run("simulate", DEMO, "--clicks", "3000", "--seed", "7")
    assert first.output == run("simulate", DEMO, "--clicks", "3000", "--seed", "7").output
    assert "95 % confidence" in first.output
    assert "█" in first.output
    found = json.loads(run("simulate", DEMO, "--clicks", "3000", "--json").output)
    assert found["clicks"] == 3000
    assert found["chance"].keys() == found["drawn"].keys() == found["granted"].keys()
    again = run("simulate", DEMO, "--clicks", "3000", "--json", "--seed", str(found["seed"]))
    assert json.loads(again.output) == found


def test_simulation_compares_grants_with_the_release_plan() -> None:
    file = str(Path(__file__).parents[2] / "examples" / "live-stream.toml")
    options = ("--clicks", "20000", "--players", "4000", "--curve", "4,1,4", "--seed", "7")
    said = run("simulate", file, *options).output
    assert "granted of released, up to each time:\n2030-05-04 19:00" in said
    assert "% of the players win something" in said
    assert len(json.loads(run("simulate", file, *options, "--json").output)["slices"]) == 3
    for wrong in ("", "a", "-1,2", "0", "nan", "inf"):
        assert run("simulate", file, "--curve", wrong).exit_code == 2
