"""JSON bodies of anomalies as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from hunt.web.openapi.field_types import NonNegative, Player, Time

Figure = Annotated[float, Meta(ge=0)]


class AnomalyWindow(Struct):
    """The newest clicks of the log, which were examined."""

    clicks: NonNegative
    wins: NonNegative
    players: NonNegative
    since: Time | None
    until: Time | None


class PlayerAnomaly(Struct):
    """A player with unusual figures; null where there was nothing to measure."""

    player: Player
    reasons: list[Literal["rate", "regular", "wins", "speed"]]
    clicks: NonNegative
    wins: NonNegative
    expected_wins: Figure | None
    chance: Figure | None
    rate: Figure | None
    intervals: NonNegative
    interval_mean: Figure | None
    interval_cv: Figure | None
    jumps: NonNegative
    speed: Figure | None
    banned: bool


class AddressAnomaly(Struct):
    """An address with many players; their number is an estimate."""

    address: str
    players: NonNegative
    banned: bool


class Anomalies(Struct):
    """Players and addresses with unusual figures; `silent` processes did not respond."""

    window: AnomalyWindow
    players: list[PlayerAnomaly]
    addresses: list[AddressAnomaly]
    silent: NonNegative
