from __future__ import annotations

import re

import pytest

from hunt.core.player_ids import mask, valid_player
from hunt.play import auth


@pytest.mark.parametrize(
    ("player", "valid"),
    [
        ("ada", True),
        ("A.b:c_d-9", True),
        ("", False),
        ("a b", False),
        ("ada\n", False),
        ("a" * 64, True),
        ("a" * 65, False),
        ("é", False),
    ],
)
def test_player_id_is_validated(player: str, valid: bool) -> None:
    assert valid_player(player) is valid


@pytest.mark.parametrize(
    ("player", "name"),
    [
        ("lighthouse", "li…e"),
        ("sailor", "sa…r"),
        ("alice", "a…"),
        ("ada", "a…"),
        ("a", "a…"),
        ("guest-1f", "gu…f"),
        ("guest-8f3a91c2d4e5f607", "guest 8f3a91"),
    ],
)
def test_player_id_is_masked(player: str, name: str) -> None:
    assert mask(player) == name


def test_masked_guests_differ() -> None:
    names = {mask(auth.guest()) for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"guest [0-9a-f]{6}", name) for name in names)
