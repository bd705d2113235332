from __future__ import annotations

from dataclasses import fields

import pytest

from hunt import settings
from hunt.settings import DECLARATIONS, Settings, connection_limits, file_limit


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


def test_file_limit_keeps_a_reserve() -> None:
    assert file_limit() >= 1


@pytest.mark.parametrize(
    ("most", "per_address", "limits"),
    [
        (None, None, (100, 50)),
        (10, None, (10, 5)),
        (1, None, (1, 1)),
        (1000, 7, (100, 7)),
        (10, 0, (10, None)),
    ],
)
def test_connection_limits_stay_within_the_file_limit(
    most: int | None,
    per_address: int | None,
    limits: tuple[int, int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "file_limit", lambda: 100)
    found = connection_limits(
        Settings(max_connections=most, max_connections_per_address=per_address)
    )
    assert (found.total, found.per_address) == limits
