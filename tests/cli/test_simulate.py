from __future__ import annotations

import json

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
