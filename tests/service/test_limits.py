from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from hunt.errors import TooFast
from hunt.service import limits as limits_module
from hunt.service.limits import WARN_INTERVAL, Limits
from tests.simulation.world import SETTINGS

RATES = {
    f"{name}_{kind}": value
    for name, burst in (("click", 1), ("ticket", 2), ("connect", 3), ("resume", 4), ("session", 5))
    for kind, value in (("rate", 1.0), ("burst", burst))
}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def made(**changes: object) -> tuple[Limits, Clock, list[tuple[str, str]]]:
    clock, refused = Clock(), list[tuple[str, str]]()
    settings = replace(SETTINGS, **RATES | {"address_players": 10} | changes)  # type: ignore[arg-type]
    limits = Limits(settings, clock=clock, refused=lambda name, by: refused.append((name, by)))
    return limits, clock, refused


@pytest.mark.parametrize(
    ("name", "burst"), [("ticket", 2), ("claim", 2), ("connect", 3), ("resume", 4)]
)
def test_player_is_limited_by_each_setting(name: str, burst: int) -> None:
    limits, clock, refused = made()
    limit = getattr(limits, f"{name}s")
    for _ in range(burst):
        limit.player("ada")
    with pytest.raises(TooFast):
        limit.player("ada")
    assert refused == [(name, "player")]
    limit.player("bob")
    clock.now += 1
    limit.player("ada")
    with pytest.raises(TooFast):
        limit.player("ada")


@pytest.mark.parametrize(
    ("name", "burst"),
    [
        ("address_clicks", 10),
        ("tickets", 20),
        ("claims", 20),
        ("connects", 30),
        ("resumes", 40),
        ("sessions", 5),
    ],
)
def test_limit_of_an_address_is_that_of_its_players(name: str, burst: int) -> None:
    limits, clock, refused = made()
    limit = getattr(limits, name)
    for _ in range(burst):
        limit.address("192.0.2.1")
        limit.address(None)
    with pytest.raises(TooFast):
        limit.address("192.0.2.1")
    assert refused == [(name.removeprefix("address_").removesuffix("s"), "address")]
    limit.address("192.0.2.2")
    for _ in range(burst):
        limit.address(None)
    clock.now += 1
    for _ in range(1 if name == "sessions" else 10):
        limit.address("192.0.2.1")
    with pytest.raises(TooFast):
        limit.address("192.0.2.1")


def test_clicks_of_a_player_have_their_own_limit() -> None:
    limits, _, refused = made()
    limits.clicks.check("ada")
    with pytest.raises(TooFast):
        limits.clicks.check("ada")
    assert not refused, "the intake counts them"


@pytest.mark.parametrize("changes", [{"address_players": 0}, {"click_rate": 0.0}])
def test_clicks_of_addresses_can_be_unlimited(
    changes: dict[str, object],
) -> None:
    limits, _, _ = made(**changes)
    assert limits.address_clicks is None
    if "address_players" in changes:
        for _ in range(1000):
            limits.connects.address("192.0.2.1")


def test_idle_players_and_addresses_are_forgotten() -> None:
    limits, clock, _ = made()
    limits.clicks.check("ada")
    limits.connects.player("ada")
    limits.sessions.address("192.0.2.1")
    for _ in range(2):
        clock.now += 1000
        limits.rotate()
    assert [len(each) for each in limits._limiters] == [0] * len(limits._limiters)
    assert limits.clicks in limits._limiters


def test_limited_address_is_logged_at_a_bounded_rate() -> None:
    limits, clock, _ = made()
    with capture_logs() as logs:
        for seconds in (0.0, WARN_INTERVAL - 1, 1.0):
            clock.now += seconds
            for _ in range(3):
                limits._refused("click", "address")
                limits._refused("ticket", "player")
    assert len(logs) == 2
    assert {each["limit"] for each in logs} == {"click"}


def test_each_limit_remembers_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "REMEMBERED", 4)
    limits, _, _ = made(**{f"{name}_burst": 1 for name in ("connect", "click")})
    for number in range(24):
        limits.connects.player(f"player-{number}")
        limits.connects.address(f"192.0.2.{number}")
        limits.clicks.check(f"player-{number}")
    assert len(limits.clicks) == 8
    others = [len(each) for each in limits._limiters if each is not limits.clicks]
    assert sorted(others)[-3:] == [0, 4, 4]
