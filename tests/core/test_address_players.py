"""The players of addresses, as counted by a sketch."""

from __future__ import annotations

import pytest

from hunt.core.address_players import (
    CAPACITY,
    REGISTERS,
    TURN,
    AddressPlayers,
    estimate,
    most_used,
)


class Clock:
    now = 5.0

    def __call__(self) -> float:
        return self.now


def test_players_of_an_address_are_estimated() -> None:
    for players, error in ((2, 0), (10, 1), (30, 5), (300, 60), (20_000, 4_000)):
        addresses = AddressPlayers(Clock())
        for number in range(players):
            addresses.note("harbour", "203.0.113.9", f"player-{number}")
            addresses.note("harbour", "203.0.113.9", f"player-{number}")
        [counter] = addresses.counters("harbour").values()
        assert estimate(bytes.fromhex(counter)) == pytest.approx(players, abs=error)


@pytest.mark.parametrize(
    ("zeros", "rank", "players"),
    # Up to 2.5 m by the harmonic mean: m * ln(m / zeros); else that mean itself.
    [(64, 1, 89), (8, 2, 355), (4, 2, 335), (16, 3, 391), (1, 9, 9390)],
)
def test_estimate_is_linear_only_for_few_players(zeros: int, rank: int, players: int) -> None:
    counter = bytes(zeros) + bytes([rank]) * (REGISTERS - zeros)
    assert estimate(counter) == players


def test_addresses_of_other_hunts_and_single_players_are_not_shown() -> None:
    addresses = AddressPlayers(Clock())
    addresses.note("harbour", None, "ada")
    addresses.note("river", "203.0.113.9", "bob")
    addresses.note("river", "203.0.113.9", "cy")
    addresses.note("harbour", "203.0.113.9", "ada")
    assert len(addresses) == 2, "an unknown address is not counted"
    assert addresses.counters("harbour") == {}
    assert list(addresses.counters("river")) == ["203.0.113.9"]


def test_counters_of_processes_are_merged() -> None:
    nodes = []
    for process in range(2):
        addresses = AddressPlayers(Clock())
        for number in range(40):  # half of them played on both
            addresses.note("harbour", "203.0.113.9", f"player-{20 * process + number}")
        addresses.note("harbour", f"203.0.113.{process}", "ada")
        addresses.note("harbour", f"203.0.113.{process}", "bob")
        nodes.append(addresses.counters("harbour"))
    assert most_used(nodes, least=20, most=5) == {"203.0.113.9": pytest.approx(60, abs=9)}
    every = most_used(reversed(nodes), least=2, most=5)
    assert list(every) == ["203.0.113.9", "203.0.113.0", "203.0.113.1"]
    assert list(most_used(nodes, least=2, most=2)) == ["203.0.113.9", "203.0.113.0"]


def test_players_are_forgotten_after_two_turns() -> None:
    clock = Clock()
    addresses = AddressPlayers(clock)
    first = addresses.generation
    for player in ("ada", "bob"):
        addresses.note("harbour", "203.0.113.9", player)
    clock.now += TURN - 1
    addresses.rotate()
    assert addresses.generation is first
    clock.now += 1
    addresses.rotate()
    second = addresses.generation
    assert second is not first, "heads are counted again"
    assert None not in {first, second}
    assert len(addresses) == 1
    addresses.note("harbour", "203.0.113.9", "cy")
    [counter] = addresses.counters("harbour").values()
    assert estimate(bytes.fromhex(counter)) == 3, "of both generations"
    clock.now += 2 * TURN
    addresses.rotate()
    assert addresses.generation is not second
    addresses.rotate()
    assert addresses.counters("harbour") == {}, "one player is left"


def test_memory_is_bounded() -> None:
    addresses = AddressPlayers(Clock())
    most = 0
    for number in range(3 * CAPACITY):
        addresses.note("harbour", f"10.0.{number // 256}.{number % 256}", "ada")
        most = max(most, len(addresses))
    assert most == CAPACITY
