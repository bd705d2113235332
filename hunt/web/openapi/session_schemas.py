"""JSON bodies of sessions, challenges and tickets as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.web.openapi.field_types import NonNegative, Player


class Session(Struct):
    """The id of the player whose cookie is set."""

    player: Player


class Puzzle(Struct):
    """A proof of work: find `number` with `challenge` = SHA-256(`salt` + `number`), in hex.

    The answer is the JSON of `algorithm`, `challenge`, `number`, `salt` and `signature`, in Base64.
    """

    algorithm: str
    challenge: str
    maxnumber: Annotated[int, Meta(ge=1)]
    salt: str
    signature: str


class Challenge(Struct):
    """A challenge for visitors: `puzzle` for `altcha`; `site_key` and `script` for the others."""

    kind: Literal["none", "altcha", "turnstile", "hcaptcha"]
    puzzle: Puzzle | UnsetType = UNSET
    site_key: str | UnsetType = UNSET
    script: str | UnsetType = UNSET


class Ticket(Struct):
    """A ticket for ``?ticket=`` on streams, and its lifetime in seconds."""

    ticket: str
    expires_in: NonNegative
