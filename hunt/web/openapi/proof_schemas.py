"""The JSON of proofs; see docs/reference/proof.md."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from hunt.web.openapi.field_types import Id, Time

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class PublishedHead(Struct):
    """The head of a hunt's chain after the row `seq` of its log."""

    seq: Annotated[int, Meta(ge=0)]
    head: Hash
    at: Time


class HeadPage(Struct):
    """Published heads in their order; `next` is the `after` of the next page, or null."""

    heads: list[PublishedHead]
    next: int | None


class Seal(Struct):
    """One seal of a hunt, and the SHA-256 of its canonical JSON."""

    hash: Hash
    document: dict[str, Any]


class Proof(Struct):
    """The seals of a hunt, oldest first, and its present head; null without a chain."""

    algorithm: Annotated[int, Meta(ge=1)]
    seals: list[Seal]
    head: PublishedHead | None


class OwnCode(Struct):
    """A code of the player: its position in the pool of the prize, and its salt."""

    seq: Annotated[int, Meta(ge=1)]
    prize: Id
    position: Annotated[int, Meta(ge=1)]
    salt: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class OwnProof(Struct):
    """The player's pseudonym in the bundle, or null without a chain, and the player's codes."""

    player: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None
    codes: list[OwnCode]


class SeedShare(Struct, forbid_unknown_fields=True):
    """The second share of a hunt's seed, in hex."""

    share: Hash


class EnteredShare(Struct):
    """The second share of this hunt is stored."""

    hunt: Id
    entered: bool
