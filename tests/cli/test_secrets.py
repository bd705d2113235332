"""No command prints a secret, in whichever setting it is, well-formed or not."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest

from hunt.settings import DECLARATIONS, SECRETS
from tests.cli.forking import Done, Forker
from tests.cli.recipes import NOWHERE, PURE, RECIPES
from tests.support.connection_strings import MALFORMED, SECRET

#: Settings that hold a secret, an address, or both.
ADDRESSES = sorted(SECRETS | {"jwks_url", "bind", "operations_bind", "allowed_origins", "data_dir"})

SHAPES = [each for each in MALFORMED if "://" in each and "\udcff" not in each]

#: Well-formed values with a secret in each possible part; no server is at the addresses.
WELL_FORMED = {
    "HUNT_DATABASE_URL": f"postgresql://{SECRET}:{SECRET}@{NOWHERE}/hunt?sslpassword={SECRET}",
    "HUNT_LISTEN_DSN": f"host=127.0.0.1 port=1 dbname=hunt user={SECRET} password={SECRET}",
    "HUNT_JWT_SECRET": SECRET * 4,
    "HUNT_JWT_ALGORITHMS": "HS256,RS256",
    "HUNT_JWKS_URL": f"http://{SECRET}:{SECRET}@{NOWHERE}/keys?key={SECRET}#{SECRET}",
    "HUNT_BIND": NOWHERE,
    "HUNT_DATA_DIR": "/nowhere",
    "HUNT_LOG_LEVEL": "debug",
    "HUNT_LOG_FORMAT": "json",
    "PGPASSWORD": SECRET,
}


def hidden(done: Done) -> None:
    said = done.out + done.err
    assert not any(part in said for part in ("hush1", "hush2")), done
    assert "Traceback" not in said, done


def test_tested_settings_exist() -> None:
    assert set(ADDRESSES) <= set(DECLARATIONS)


@pytest.mark.parametrize("name", RECIPES)
def test_malformed_setting_is_not_quoted(name: str, forks: Forker, tmp_path: Path) -> None:
    shapes = cycle(SHAPES)
    for setting in ADDRESSES:
        if (name, setting) == ("serve", "bind"):
            continue  # its flag is in the recipe, and precedes the variable
        if setting == "challenge_secret":
            continue  # every text is valid
        variable = f"HUNT_{setting.upper()}"
        environ = {"HUNT_BIND": NOWHERE, "HUNT_DATA_DIR": str(tmp_path), variable: next(shapes)}
        if setting == "jwt_secret":
            environ[variable] = SECRET  # too short; every longer text is a valid secret
        done = forks.run([*name.split(), *RECIPES[name]], environ, cwd=str(tmp_path))
        hidden(done)
        if name not in PURE:
            assert done.status == 2, done
            assert done.err.startswith(f"hunt: {variable}: "), done


@pytest.mark.parametrize("name", RECIPES)
def test_well_formed_secret_is_not_shown(name: str, forks: Forker, tmp_path: Path) -> None:
    command = [*name.split(), *RECIPES[name]]
    waits = "database not reachable, retrying" if name == "serve" else None
    hidden(forks.run(command, WELL_FORMED, cwd=str(tmp_path), signal_after=waits))
    hidden(forks.run([*name.split(), "--help"], WELL_FORMED, cwd=str(tmp_path)))


@pytest.mark.parametrize("name", ["click", "watch"])
def test_token_and_url_password_are_not_shown(name: str, forks: Forker) -> None:
    for arguments in (
        ["--token", f"{SECRET}\n{SECRET}", "--url", f"http://{NOWHERE}"],
        ["--token", SECRET, "--url", f"http://{NOWHERE}"],
        ["--token", "x", "--url", f"http://u:{SECRET}@{NOWHERE}"],
        ["--token", "x", "--url", f"http://{NOWHERE}/?key={SECRET}"],
    ):
        hidden(forks.run([name, "harbour", *arguments]))
