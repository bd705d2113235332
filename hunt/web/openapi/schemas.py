"""JSON bodies of the player API as types, from which the JSON Schemas are generated.

The server does not encode or decode with these types: the hot path builds its JSON by
hand. Tests compare the responses of a live server with the schemas.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from hunt.core.claims import RewardState
from hunt.core.page import Scene
from hunt.web.openapi.definition_schemas import (
    AnyMap,
    ClaimField,
    Definition,
    PageTexts,
    Quota,
)
from hunt.web.openapi.field_types import (
    Id,
    NonNegative,
    Probability,
    State,
    Time,
    Uuid,
)


class Problem(Struct):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] | UnsetType = UNSET
    opens_at: Time | UnsetType = UNSET
    closes_at: Time | UnsetType = UNSET
    state: RewardState | UnsetType = UNSET


class Click(Struct, forbid_unknown_fields=True):
    """A click. The client generates `id` once and repeats it in retries (idempotency key).

    On a map in degrees `x` is the longitude and `y` the latitude. `accuracy` is the radius of
    error in metres, or in map units; hunts with `max_accuracy` require it.
    """

    id: Uuid
    x: float
    y: float
    accuracy: Annotated[float, Meta(ge=0)] | UnsetType = UNSET


class Reward(Struct):
    """The outcome of a click; `prize` is null if it won nothing.

    `sold_out` is the prize that the click drew, if the stock of that prize was used up. `code` is
    the code of a prize with codes. `state` is that of the prize, if it is not `granted`. The
    position of an erased player is null.
    """

    id: Uuid
    seq: Annotated[int, Meta(ge=1)]
    x: float | None
    y: float | None
    prize: str | None
    points: NonNegative
    at: Time
    sold_out: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    state: Literal["claimed", "sent", "void"] | UnsetType = UNSET
    test: Literal[True] | UnsetType = UNSET


class Receipt(Struct):
    """The head of the hunt's chain after the row `upto`: proves that the click is in the log."""

    upto: Annotated[int, Meta(ge=1)]
    head: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ClickResult(Reward, kw_only=True):
    """The response to a click; `duplicate` is true if this id was settled before."""

    duplicate: bool
    receipt: Receipt | UnsetType = UNSET
    #: How near the click was to a place: 0 is near.  Where the hunt gives hints.
    hint: Annotated[int, Meta(ge=0, le=4)] | UnsetType = UNSET


class ClaimBody(Struct, forbid_unknown_fields=True):
    """The fields of a claim by name: texts, or true for a consent."""

    fields: dict[str, str | bool | None] = {}


class RewardPage(Struct):
    """A page of rewards; pass `next` as ``after``, null means the last page."""

    rewards: list[Reward]
    next: int | None


class HuntSummary(Struct):
    """A hunt in the list of hunts."""

    id: Id
    title: str
    state: State
    opens_at: Time | None
    closes_at: Time | None
    campaign: Id | UnsetType = UNSET
    door: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    test: Literal[True] | UnsetType = UNSET


class HuntList(Struct):
    """All hunts except drafts."""

    hunts: list[HuntSummary]


class PeakOdds(Struct):
    """Odds that depend on the position of the click; players see the maximum only."""

    peak: Probability


class ClaimForm(Struct):
    """How a prize is claimed; `until` is a time, or a duration from the win on."""

    fields: list[ClaimField]
    until: str | None


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
    claim: ClaimForm | UnsetType = UNSET
    test: Literal[True] | UnsetType = UNSET


class PublicVersion(Struct):
    """A version of the definition, and when it took effect."""

    version: Annotated[int, Meta(ge=1)]
    at: Time
    definition: Definition


class PublicPage(Struct):
    """The look of a hunt's page; `texts` by language (BCP 47), `colours` by CSS variable."""

    scene: Scene
    language: str
    texts: dict[str, PageTexts]
    background: str | UnsetType = UNSET
    logo: str | UnsetType = UNSET
    colours: dict[str, str] | UnsetType = UNSET
    dark: bool | UnsetType = UNSET


class Hunt(HuntSummary, kw_only=True):
    """A hunt; `commitment` is the SHA-256 of `seed`.

    `ended_at`, `seed` and `versions` are present once `state` is ``closed``.
    """

    map: AnyMap
    cooldown: float
    prizes: list[Prize]
    version: Annotated[int, Meta(ge=1)]
    epoch: str
    commitment: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    algorithm: Annotated[int, Meta(ge=1)]
    seal: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | UnsetType = UNSET
    second_share: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    attempts: Quota | UnsetType = UNSET
    max_wins: Quota | UnsetType = UNSET
    max_accuracy: float | UnsetType = UNSET
    max_speed: float | UnsetType = UNSET
    position: Literal["tap", "device", "either"] | UnsetType = UNSET
    hints: Literal["warmth"] | UnsetType = UNSET
    page: PublicPage | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET
    seed: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | UnsetType = UNSET
    versions: list[PublicVersion] | UnsetType = UNSET


class LeaderboardEntry(Struct):
    """A player's rank, points and wins; `player` is masked, `you` marks the requesting player.

    `name` is the player's name, if there is one.
    """

    rank: Annotated[int, Meta(ge=1)]
    player: str
    points: NonNegative
    wins: NonNegative
    you: bool
    name: str | UnsetType = UNSET


class OwnStanding(Struct):
    """The player's points and wins; `rank` is null without a win, and beyond rank 10,000."""

    hunt: Id
    rank: Annotated[int, Meta(ge=1)] | None
    points: NonNegative
    wins: NonNegative


class OwnName(Struct):
    """The player's name on leaderboards; `claimed`: it comes from the player's token."""

    name: str | None
    claimed: bool
    refused: bool


class NameChoice(Struct, forbid_unknown_fields=True):
    """The name that a player wants; null removes it."""

    name: Annotated[str, Meta(min_length=2, max_length=24, examples=["Ada"])] | None


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
