"""Players of a load, each with a token."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from hunt.bench.target import Target
from hunt.errors import HuntError

_COOKIE = "hunt_player="


@dataclass(frozen=True, slots=True)
class Player:
    """A new player."""

    name: str
    token: str = field(repr=False)


#: Returns the given number of new players.
PlayerSource = Callable[[int], list[Player]]


def signed(sign: Callable[[str], str]) -> PlayerSource:
    """Return a source of players whose tokens `sign` signs."""

    def players(count: int) -> list[Player]:
        run = os.urandom(4).hex()
        names = [f"bench-{run}-{number}" for number in range(count)]
        return [Player(name, sign(name)) for name in names]

    return players


def guests(target: Target) -> PlayerSource:
    """Return a source of guests of the server."""
    return lambda count: [_guest(target) for _ in range(count)]


def _guest(target: Target) -> Player:
    status, headers, _ = target.request("POST", "/v1/session")
    cookie = headers.get("set-cookie", "")
    if status not in {200, 201} or not cookie.startswith(_COOKIE):
        raise HuntError(
            f"the server refuses guests (status {status}): "
            "set HUNT_JWT_SECRET to the secret of the server"
        )
    token = cookie.removeprefix(_COOKIE).partition(";")[0]
    return Player("guest", token)
