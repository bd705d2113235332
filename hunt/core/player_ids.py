"""Ids of players: their form, the reserved ones, and the masked form that others see."""

from __future__ import annotations

import re

PLAYER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)

#: Prefix of the pseudonym that replaces an erased player's id; no token may use it.
ERASED_PREFIX = "erased-"

GUEST_ID = re.compile(r"guest-[0-9a-f]{16}", re.ASCII)  # as `hunt.play.auth.guest` makes them


#: The ids that `valid_player` accepts, in words.
VALID_PLAYER = "1 to 64 of A-Z, a-z, 0-9, _ . : and -"


def valid_player(player: str) -> bool:
    """Return whether `player` is a well-formed player id."""
    return PLAYER_ID.fullmatch(player) is not None


def mask(player: str) -> str:
    """Return the form of a player id that other players may see.

    ``lighthouse`` becomes ``li…e``.  The id of a guest is random, so a part of it reveals
    nothing and still tells guests apart: ``guest-8f3a91c2d4e5f607`` becomes ``guest 8f3a91``.
    """
    if GUEST_ID.fullmatch(player):
        return f"guest {player[6:12]}"
    return f"{player[:1]}…" if len(player) < 6 else f"{player[:2]}…{player[-1]}"
