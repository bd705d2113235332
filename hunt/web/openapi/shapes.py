"""The JSON of the wire contract as types, for `/openapi.json`.

Nothing is decoded or encoded by these: what reads and writes the hot path is put
together by hand. A live server is held to them by the tests.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

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
Whole = Annotated[int, Meta(ge=0)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Length = Annotated[float, Meta(gt=0)]
State = Literal["waiting", "open", "paused", "closing", "closed"]


class Problem(Struct):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] | UnsetType = UNSET
    opens_at: Time | UnsetType = UNSET
    closes_at: Time | UnsetType = UNSET


class Click(Struct, forbid_unknown_fields=True):
    """A click; `id` is made by the client, once, and kept for its retries."""

    id: Uuid
    x: Annotated[float, Meta(ge=0)]
    y: Annotated[float, Meta(ge=0)]


class Reward(Struct):
    """What a click has won, and its position; `prize` is null where that is nothing."""

    id: Uuid
    seq: Annotated[int, Meta(ge=1)]
    x: Annotated[float, Meta(ge=0)]
    y: Annotated[float, Meta(ge=0)]
    prize: str | None
    points: Whole
    at: Time


class Settlement(Reward):
    """The answer to a click; `duplicate` where its client is known to have sent the id before."""

    duplicate: bool


class Rewards(Struct):
    """A page of rewards; `next` goes into ``after``, null is the end."""

    rewards: list[Reward]
    next: int | None


class Session(Struct):
    """Who the guest is; the cookie is set beside it."""

    player: Player


class Ticket(Struct):
    """A short word for ``?ticket=`` on streams."""

    ticket: str
    expires_in: Whole


class Summary(Struct):
    """A hunt in the list."""

    id: Id
    title: str
    state: State
    opens_at: Time | None
    closes_at: Time | None


class Hunts(Struct):
    """All hunts but drafts."""

    hunts: list[Summary]


class Map(Struct, forbid_unknown_fields=True):
    """The size of a map, in its own units."""

    width: Length
    height: Length


class Peaked(Struct):
    """Odds that depend on the place, which is not told."""

    peak: Probability


class Prize(Struct):
    """A prize, as players may know it."""

    id: Id
    title: str
    points: Whole
    odds: Probability | Peaked
    stock: Whole | None
    stock_left: Whole | None
    per_player: Whole | None


class Peak(Struct, forbid_unknown_fields=True):
    """Odds that fall off around a position, as a Gaussian."""

    peak: Probability
    at: Annotated[list[float], Meta(min_length=2, max_length=2)]
    radius: Length


class DefinedPrize(Struct, forbid_unknown_fields=True):
    """A prize, as its author wrote it."""

    id: Id
    title: Title
    odds: Probability | Peak
    points: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    stock: Annotated[int, Meta(ge=0, lt=2**31)] | None = None
    per_player: Annotated[int, Meta(ge=1, lt=2**31)] | None = None


class Definition(Struct, forbid_unknown_fields=True):
    """A hunt, as its author wrote it; the odds, peaks at their peak, sum to at most 1."""

    id: Id
    title: Title
    map: Map
    opens_at: Time | None = None
    closes_at: Time | None = None
    cooldown: Annotated[float, Meta(ge=0)] = 0.0
    prizes: Annotated[list[DefinedPrize], Meta(max_length=100)] = []


class PublicVersion(Struct):
    """A definition that was in force, and since when."""

    version: Annotated[int, Meta(ge=1)]
    at: Time
    definition: Definition


class Hunt(Summary):
    """A hunt; `commitment` is the SHA-256 of `seed`.

    The last three are there once the end is recorded (`state` is ``closed``).
    """

    map: Map
    cooldown: float
    prizes: list[Prize]
    version: Annotated[int, Meta(ge=1)]
    epoch: str
    commitment: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    ended_at: Time | UnsetType = UNSET
    seed: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | UnsetType = UNSET
    versions: list[PublicVersion] | UnsetType = UNSET


class Leader(Struct):
    """One player's points; the name is masked, `you` says whether it is the one who asks."""

    rank: Annotated[int, Meta(ge=1)]
    player: str
    points: Whole
    wins: Whole
    you: bool


class Leaderboard(Struct):
    """The best, as of `seq`."""

    hunt: Id
    seq: Whole
    leaders: list[Leader]


class Alive(Struct):
    """The loop turns."""

    alive: bool


class Worker(Struct):
    """A worker process of this node."""

    process: int
    able: bool
    reasons: list[str]


class Ready(Struct):
    """This node can take clicks."""

    ready: bool
    workers: list[Worker]


ALL: tuple[type[Struct], ...] = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Struct) and value.__module__ == __name__
)
