"""``hunt config --default`` and ``--check``."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunt.settings_file import default_file
from tests.cli.commands import hunt_process, run
from tests.support.serving import SECRET

DSN = "postgresql://ada:hush1@db.example/hunt"


def test_default_prints_commented_file_that_check_accepts(tmp_path: Path) -> None:
    printed = run("config", "--default").output
    assert printed == default_file()
    (tmp_path / "hunt.toml").write_text(printed, "utf-8")
    checked = run("config", "--check", str(tmp_path / "hunt.toml"))
    assert (checked.exit_code, checked.output) == (0, "the settings are valid (sources: default)\n")


def test_check_names_the_sources_that_were_used(tmp_path: Path) -> None:
    (tmp_path / "hunt.toml").write_text("pool_size = 3\n")
    secret = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_DATABASE_URL": DSN}
    checked = run("config", "--check", str(tmp_path / "hunt.toml"), **secret)
    assert checked.output == "the settings are valid (sources: default, environment, file)\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("pool_size = 1", "pool_size in "),
        ("pool_siz = 3", "did you mean pool_size?"),
        ("pool_size = ", "is not TOML"),
        (f'database_url = "{DSN}"', "HUNT_JWT_SECRET: not set"),
        ('jwt_secret = "hush1"', "at least 32 bytes"),
        ('jwks_url = "https://id.example/hush1"', "HUNT_JWT_ALGORITHMS is HS256"),
        ('jwt_algorithms = "RS256"', "for which there is no key"),
        ('jwt_algorithms = "RS256"\njwt_key_file = "/nowhere"', "/nowhere cannot be read"),
    ],
)
def test_check_says_in_one_line_what_is_wrong(content: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "hunt.toml"
    file.write_text(f"{content}\n")
    done = hunt_process("config", "--check", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hunt: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "hush1" not in done.stderr


def test_check_reads_the_environment(tmp_path: Path) -> None:
    wrong = hunt_process("config", "--check", HUNT_QUEUE_AGE="hush1")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("hunt: HUNT_QUEUE_AGE: must be a number")
    missing = hunt_process("config", "--check", str(tmp_path / "hunt.toml"))
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "there is no such file" in missing.stderr


@pytest.mark.parametrize(
    "arguments", [["hunt.toml"], ["--default", "--check"], ["--check", "--json"]]
)
def test_contradicting_arguments_are_refused(arguments: list[str]) -> None:
    assert run("config", *arguments).exit_code == 2
