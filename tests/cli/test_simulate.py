from __future__ import annotations

import json
from pathlib import Path

import pytest

from hunt.errors import HuntError, ProofError
from tests.cli.commands import DEMO, run
from tests.proof.bundles import HUNT, Story, write


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


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    return str(write(tmp_path / "bundle.jsonl.gz", Story().lines()))


def test_replay_under_the_own_rules_is_what_was_played(bundle: str) -> None:
    found = json.loads(run("simulate", "--replay", bundle, "--json").output)
    assert found["other"] == found["played"]
    assert found["played"]["counted"] == 400
    assert found["played"]["granted"]["voucher"] == 25  # the number of its codes
    assert len(found["until"]) == len(found["played"]["parts"]) == 12
    assert found["played"]["parts"][-1] == found["played"]["granted"]


def test_replay_compares_with_an_even_release(bundle: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    options = ("--replay", bundle, "--release", "even", "--html", str(page))
    lines = run("simulate", *options).output.splitlines()
    assert lines[0].split() == ["as", "played", "other", "rules"]
    assert "clicks that count" in lines[1]
    assert any("chest sold out after" in line and line.endswith("never") for line in lines)
    assert "Players who see other outcomes would click otherwise." in lines[-1]
    text = page.read_text("utf-8")
    assert "H\u00e4fen bei Nacht" in text
    assert text.count("<svg") == 4
    assert "<script" not in text


def test_replay_plays_by_the_rules_of_another_file(bundle: str, tmp_path: Path) -> None:
    file = tmp_path / "hunt.toml"
    text = HUNT.replace("odds = 0.3", "odds = 0.0").replace("codes = true", "stock = 3")
    file.write_text(text, "utf-8")
    found = json.loads(run("simulate", str(file), "--replay", bundle, "--json").output)["other"]
    assert found["granted"]["voucher"] == 3
    assert found["granted"]["coin"] < 30, "only overflow"
    options = ("--replay", bundle, "--stock", "chest=0", "--json")
    assert json.loads(run("simulate", *options).output)["other"]["granted"]["chest"] == 0


def test_replay_refuses_what_it_does_not_use(bundle: str, tmp_path: Path) -> None:
    for wrong in (("--players", "3"), ("--crowd", "bots")):
        done = run("simulate", "--replay", bundle, *wrong)
        assert (done.exit_code, f"{wrong[0]} has no effect" in done.output) == (2, True)
    assert run("simulate").exit_code == 2
    assert run("simulate", DEMO, "--release", "even").exit_code == 2
    empty = tmp_path / "empty"
    empty.write_text("", "utf-8")
    with pytest.raises(ProofError, match="no bundle"):
        run("simulate", "--replay", str(empty))
    with pytest.raises(HuntError, match="cannot be written"):
        run("simulate", "--replay", bundle, "--html", str(tmp_path / "no" / "page.html"))
