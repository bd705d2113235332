"""The packages that bring PostgreSQL's programs."""

from __future__ import annotations

import importlib.util
import subprocess

import pytest

from hunt.embedded.data_folder import PACKAGES, _programs
from hunt.errors import SettingsError

#: At least one of them, as the extra ``embedded`` does.
INSTALLED = [each for each in PACKAGES if importlib.util.find_spec(each)]


@pytest.mark.parametrize("package", INSTALLED)
def test_programs_are_those_of_postgresql_18(package: str) -> None:
    programs = _programs({package: PACKAGES[package]})
    for name in ("postgres", "initdb", "pg_ctl"):
        said = subprocess.run(
            [programs / name, "--version"], capture_output=True, text=True, check=True
        ).stdout
        assert said.split()[-1].startswith("18.")


def test_first_package_that_is_installed_is_used() -> None:
    [found, *_] = INSTALLED
    assert _programs().is_relative_to(_programs({found: PACKAGES[found]}))
    assert _programs({"no_such_package": "x", found: PACKAGES[found]}) == _programs()


def test_missing_package_is_named() -> None:
    with pytest.raises(SettingsError, match=r"hunt-server\[embedded\]"):
        _programs({"no_such_package": "pginstall", "email": "pginstall"})
