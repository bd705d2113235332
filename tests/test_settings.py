from __future__ import annotations

from dataclasses import fields

import pytest

from hunt.settings import DECLARATIONS, Settings


def test_every_field_is_declared() -> None:
    assert list(DECLARATIONS) == [each.name for each in fields(Settings)]


@pytest.mark.parametrize("name", DECLARATIONS)
def test_default_and_example_are_valid(name: str) -> None:
    declared, default = DECLARATIONS[name], getattr(Settings(), name)
    if default is not None and default != ():
        as_list = list(default) if isinstance(default, tuple) else default
        assert declared.parser(as_list) == default
    if declared.example:
        declared.parser(declared.example)


@pytest.mark.parametrize("name", DECLARATIONS)
def test_secret_is_not_in_the_representation(name: str) -> None:
    visible = {each.name for each in fields(Settings) if each.repr}
    assert not (DECLARATIONS[name].secret and name in visible)


def test_guests_are_allowed_with_an_embedded_database() -> None:
    assert Settings().guests_allowed
    assert not Settings(database_url="postgresql://").guests_allowed
    assert not Settings(guests=False).guests_allowed
