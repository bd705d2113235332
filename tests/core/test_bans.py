from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hunt.core.addresses import limit_key, parse
from hunt.core.bans import Ban, BanList, names_player, parse_network
from hunt.errors import Banned


def ban(**given: str | None) -> Ban:
    fields = {"player": None, "network": None, "hunt": None} | given
    return Ban(id=1, reason="", until=None, at=datetime.now(UTC), actor="eve", **fields)  # type: ignore[arg-type]


def key(address: str) -> str:
    found = parse(address)
    assert found is not None
    return limit_key(found)


def listed(*bans: Ban) -> BanList:
    made = BanList()
    made.replace(bans)
    return made


def test_ban_of_a_player_in_one_hunt_leaves_other_hunts_and_players() -> None:
    bans = listed(ban(player="ada", hunt="harbour"))
    assert bans.concerns("harbour", player="ada", key=None)
    assert not bans.concerns("river", player="ada", key=None)
    assert not bans.concerns(None, player="ada", key=None)
    assert not bans.concerns("harbour", player="bob", key=None)


def test_ban_of_a_player_in_all_hunts_concerns_each_hunt_and_sessions() -> None:
    bans = listed(ban(player="ada"))
    assert bans.concerns("river", player="ada", key=None)
    assert bans.concerns(None, player="ada", key=None)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.0/24", "203.0.113.7", "203.0.114.7"),
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
        ("2001:db8:0:1::5", "2001:db8:0:1::9", "2001:db8:0:2::5"),
        ("203.0.113.0/24", "::ffff:203.0.113.7", "2001:db8::1"),
    ],
)
def test_ban_of_a_network_concerns_its_addresses(network: str, inside: str, outside: str) -> None:
    bans = listed(ban(network=parse_network(network)))
    for _ in range(2):  # the second time from the cache
        assert bans.concerns("harbour", player="ada", key=key(inside))
        assert not bans.concerns("harbour", player="ada", key=key(outside))
    assert not bans.concerns("harbour", player="ada", key=None)
    with pytest.raises(Banned):
        bans.check("harbour", player="ada", key=key(inside))


def test_check_names_player_and_hunt() -> None:
    bans = listed(ban(player="ada", hunt="harbour"))
    with pytest.raises(Banned):
        bans.check("harbour", player="ada", key=None)
    bans.check("river", player="ada", key=None)
    bans.check("harbour", player="bob", key=None)
    BanList().check("harbour", player="ada", key=None)


def test_replaced_list_forgets_bans_and_addresses() -> None:
    bans = listed(ban(network="203.0.113.0/24"), ban(player="ada"))
    assert bans.any
    assert bans.concerns("harbour", player="bob", key="203.0.113.7")
    bans.replace([ban(network="203.0.113.0/24", hunt="river")])
    assert not bans.concerns("harbour", player="bob", key="203.0.113.7")
    assert bans.concerns("river", player="bob", key="203.0.113.7")
    assert not bans.concerns("river", player="ada", key=None)
    bans.replace([])
    assert not bans.any


def test_new_list_has_no_bans() -> None:
    bans = BanList()
    assert bans.any is False
    assert not bans.concerns("harbour", player="ada", key="203.0.113.7")


def test_text_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="x"):
        parse_network("x")


@pytest.mark.parametrize(
    ("reason", "names"),
    [
        ("ada", True),
        ("of ada, twice", True),
        ("ada: see the log", True),
        ("the clicks of <ada>", True),
        ("adam", False),
        ("Ada", False),
        ("", False),
    ],
)
def test_reason_that_contains_a_whole_id_names_its_player(reason: str, names: bool) -> None:
    assert names_player(reason, "ada") is names


@pytest.mark.parametrize("player", ["ada.b:1", "x_y-z", "AdaB"])
def test_id_with_punctuation_is_found_in_a_reason(player: str) -> None:
    assert names_player(f"as {player} did", player)
    assert not names_player(f"as {player}x did", player)
