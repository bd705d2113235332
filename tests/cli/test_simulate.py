from __future__ import annotations

import json
from pathlib import Path

import pytest

from hunt.errors import HuntError
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


def test_simulation_writes_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    options = ("--clicks", "3000", "--runs", "3", "--crowd", "uniform=0.9,bots=0.1")
    run("simulate", DEMO, *options, "--value", "chest=12.5", "--html", str(page))
    text = page.read_text("utf-8")
    assert "data:image/png;base64," in text
    assert "Harbour night" in text
    assert "Sunken chest" in text
    assert "<script" not in text
    assert "http" not in text
    with pytest.raises(HuntError, match="cannot be written"):
        run("simulate", DEMO, *options, "--html", str(tmp_path / "no" / "page.html"))


def test_summary_of_the_runs_is_printed_as_json() -> None:
    options = ("--clicks", "2000", "--runs", "3", "--value", "chest=2", "--seed", "1", "--json")
    found = json.loads(run("simulate", DEMO, *options).output)
    assert found["summary"]["runs"] == 3
    assert found["best"]["measure"] == "value"
    assert found["best"]["expected"] == pytest.approx(2 * 0.25)  # twice the peak of the chest
    assert len(found["summary"]["slices"]) == 24


@pytest.mark.parametrize(
    "wrong",
    [
        ("--crowd", "everyone"), ("--crowd", "uniform=-1"), ("--crowd", "uniform=0"),
        ("--crowd", "bots=1,bots=1"), ("--value", "chest"), ("--value", "ship=3"),
        ("--returns", "2"), ("--runs", "0"), ("--by", "week"), ("--door", "1"),
        ("--stock", "ship=1"), ("--stock", "chest=-1"), ("--stock", "chest"),
    ],
)  # fmt: skip
def test_wrong_option_is_a_usage_error(wrong: tuple[str, str]) -> None:
    assert run("simulate", DEMO, "--clicks", "10", *wrong).exit_code == 2


def test_door_of_a_campaign_is_simulated() -> None:
    folder = str(Path(DEMO).parents[1] / "examples" / "advent")
    options = ("--clicks", "500", "--json")
    found = json.loads(run("simulate", folder, "--door", "6", *options).output)
    assert found["drawn"].keys() == {"star", "biscuit", "boot"}
    file = json.loads(run("simulate", f"{folder}/campaign.toml", "--door", "7", *options).output)
    assert file["drawn"].keys() == {"star", "biscuit"}
    for wrong in ((), ("--door", "25")):
        done = run("simulate", folder, *wrong)
        assert done.exit_code == 2
        assert "1 to 24" in done.output


def test_prize_with_codes_needs_a_stock(tmp_path: Path) -> None:
    file = tmp_path / "codes.toml"
    file.write_text(
        '[hunt]\nid = "h"\ntitle = "H"\nmap = { width = 9, height = 9 }\n'
        '[[prize]]\nid = "voucher"\ntitle = "V"\nodds = 0.5\ncodes = true\n'
    )
    refused = run("simulate", str(file), "--clicks", "100")
    assert refused.exit_code == 2
    assert "--stock voucher=NUMBER" in refused.output
    done = run("simulate", str(file), "--clicks", "100", "--stock", "voucher=7", "--json")
    assert json.loads(done.output)["granted"] == {"voucher": 7}
