"""JSON bodies of the player API as types, from which the JSON Schemas are generated.

The server does not encode or decode with these types: the hot path builds its JSON by
hand. Tests compare the responses of a live server with the schemas.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Id = Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$", examples=["harbour"])]
Player = Annotated[str, Meta(pattern="^[A-Za-z0-9_.:-]{1,64}$", examples=["ada"])]
Uuid = Annotated[
    str,
    Meta(
        pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        examples=["0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"],
    ),
]
File = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]+$")]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
NonNegative = Annotated[int, Meta(ge=0)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Length = Annotated[float, Meta(gt=0)]
State = Literal["waiting", "open", "paused", "closing", "closed"]


class Problem(Struct):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] | UnsetType = UNSET
    opens_at: Time | UnsetType = UNSET
    closes_at: Time | UnsetType = UNSET


class Click(Struct, forbid_unknown_fields=True):
    """A click. The client generates `id` once and repeats it in retries (idempotency key)."""

    id: Uuid
    x: Annotated[float, Meta(ge=0)]
    y: Annotated[float, Meta(ge=0)]


class Reward(Struct):
    """The outcome of a click; `prize` is null if it won nothing.

    `sold_out` is the prize that the click drew, if the stock of that prize was used up.
    """

    id: Uuid
    seq: Annotated[int, Meta(ge=1)]
    x: Annotated[float, Meta(ge=0)]
    y: Annotated[float, Meta(ge=0)]
    prize: str | None
    points: NonNegative
    at: Time
    sold_out: str | UnsetType = UNSET


class ClickResult(Reward, kw_only=True):
    """The response to a click; `duplicate` is true if this id was settled before."""

    duplicate: bool


class RewardPage(Struct):
    """A page of rewards; pass `next` as ``after``, null means the last page."""

    rewards: list[Reward]
    next: int | None


class Session(Struct):
    """The id of the player whose cookie is set."""

    player: Player


class Ticket(Struct):
    """A ticket for ``?ticket=`` on streams, and its lifetime in seconds."""

    ticket: str
    expires_in: NonNegative


class HuntSummary(Struct):
    """A hunt in the list of hunts."""

    id: Id
    title: str
    state: State
    opens_at: Time | None
    closes_at: Time | None


class HuntList(Struct):
    """All hunts except drafts."""

    hunts: list[HuntSummary]


class Map(Struct, forbid_unknown_fields=True):
    """The size of a map, in map units."""

    width: Length
    height: Length


class PeakOdds(Struct):
    """Odds that depend on the position of the click; players see the maximum only."""

    peak: Probability


class Prize(Struct):
    """A prize, as players see it; null means unlimited."""

    id: Id
    title: str
    points: NonNegative
    odds: Probability | PeakOdds
    stock: NonNegative | None
    stock_left: NonNegative | None
    per_player: NonNegative | None
    from_: Time | UnsetType = field(default=UNSET, name="from")
    until: Time | UnsetType = UNSET


class Peak(Struct, forbid_unknown_fields=True):
    """Odds that are highest at a position and fall off as a Gaussian; `radius` is its sigma."""

    peak: Probability
    at: Annotated[list[float], Meta(min_length=2, max_length=2)]
    radius: Length


class Area(Struct, forbid_unknown_fields=True):
    """Odds that are the same within a circle and 0 outside; `within` is its radius."""

    at: Annotated[list[float], Meta(min_length=2, max_length=2)]
    within: Length
    odds: Probability = 1.0


#: msgspec has no unions of types that differ by their fields alone.
Odds = Annotated[
    object,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"$ref": "#/components/schemas/Peak"},
                {"$ref": "#/components/schemas/Area"},
            ]
        }
    ),
]


class Quota(Struct, forbid_unknown_fields=True):
    """A limit for each player in a calendar period of the hunt's time zone."""

    count: Annotated[int, Meta(ge=1, lt=2**31)]
    per: Literal["hour", "day", "week", "hunt"]


#: `{even: true}`, `{moments: N}`, or steps of time and total; see `Odds` for the reason.
Release = Annotated[
    object,
    Meta(
        extra_json_schema={
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"even": {"const": True}},
                    "required": ["even"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"moments": {"type": "integer", "minimum": 1, "maximum": 10000}},
                    "required": ["moments"],
                    "additionalProperties": False,
                },
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 10000,
                    "items": {
                        "type": "array",
                        "prefixItems": [
                            {"type": "string", "format": "date-time"},
                            {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
                        ],
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
                {"type": "null"},
            ]
        }
    ),
]


class PrizeDefinition(Struct, forbid_unknown_fields=True):
    """A prize in the definition of a hunt; null means unlimited."""

    id: Id
    title: Title
    odds: Odds | UnsetType = UNSET
    points: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    stock: Annotated[int, Meta(ge=0, lt=2**31)] | None = None
    per_player: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    from_: Time | None = field(default=None, name="from")
    until: Time | None = None
    release: Release = None
    win: Literal["draw", "first"] = "draw"
    unclaimed: Literal["carry", "void"] = "carry"
    overflow: Id | None = None


class Definition(Struct, forbid_unknown_fields=True):
    """The definition of a hunt; the odds sum to at most 1 at each position."""

    id: Id
    title: Title
    map: Map
    opens_at: Time | None = None
    closes_at: Time | None = None
    cooldown: Annotated[float, Meta(ge=0)] = 0.0
    timezone: str = "UTC"
    attempts: Quota | None = None
    max_wins: Quota | None = None
    prizes: Annotated[list[PrizeDefinition], Meta(max_length=100)] = []


class PublicVersion(Struct):
    """A version of the definition, and when it took effect."""

    version: Annotated[int, Meta(ge=1)]
    at: Time
    definition: Definition


class Hunt(HuntSummary):
    """A hunt; `commitment` is the SHA-256 of `seed`.

    `ended_at`, `seed` and `versions` are present once `state` is ``closed``.
    """

    map: Map
    cooldown: float
    prizes: list[Prize]
    version: Annotated[int, Meta(ge=1)]
    epoch: str
    commitment: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    timezone: str | UnsetType = UNSET
    attempts: Quota | UnsetType = UNSET
    max_wins: Quota | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET
    seed: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | UnsetType = UNSET
    versions: list[PublicVersion] | UnsetType = UNSET


class LeaderboardEntry(Struct):
    """A player's rank, points and wins; `player` is masked, `you` marks the requesting player."""

    rank: Annotated[int, Meta(ge=1)]
    player: str
    points: NonNegative
    wins: NonNegative
    you: bool


class Leaderboard(Struct):
    """The players with the most points, counted up to `seq`."""

    hunt: Id
    seq: NonNegative
    leaders: list[LeaderboardEntry]


class Liveness(Struct):
    """The event loop responds."""

    alive: bool


class Worker(Struct):
    """A worker process of this node; `reasons` say why it cannot take clicks."""

    process: int
    able: bool
    reasons: list[str]


class Readiness(Struct):
    """Whether this node can take clicks, and the state of its workers."""

    ready: bool
    workers: list[Worker]


ALL: tuple[type[Struct], ...] = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Struct) and value.__module__ == __name__
)
