"""The definition of a hunt in JSON, as types; see `hunt.web.openapi.schemas`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from hunt.core import claims, page
from hunt.core.definition import HintKind
from hunt.core.languages import TAG
from hunt.web.openapi.field_types import Id, Length, Probability, Time, Title


class Map(Struct, forbid_unknown_fields=True):
    """The size of a map, in map units."""

    width: Length
    height: Length


class Box(Struct, forbid_unknown_fields=True):
    """A map by its edges: in WGS 84 degrees, where lengths are metres, or on a plane."""

    west: Annotated[float, Meta(examples=[13.3])]
    south: Annotated[float, Meta(examples=[52.4])]
    east: Annotated[float, Meta(examples=[13.5])]
    north: Annotated[float, Meta(examples=[52.6])]
    unit: Literal["degrees", "plane"] = "degrees"


#: msgspec has no unions of types that differ by their fields alone.
AnyMap = Annotated[
    object,
    Meta(
        extra_json_schema={
            "anyOf": [{"$ref": "#/components/schemas/Map"}, {"$ref": "#/components/schemas/Box"}]
        }
    ),
]

#: `[x, y]`, or a point of GeoJSON.
Position = Annotated[
    object,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": "Point"},
                        "coordinates": {
                            "type": "array",
                            "items": {"type": "number"},
                            "minItems": 2,
                            "maxItems": 2,
                        },
                    },
                    "required": ["type", "coordinates"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class Peak(Struct, forbid_unknown_fields=True):
    """Odds that are highest at a position and fall off as a Gaussian; `radius` is its sigma."""

    peak: Probability
    at: Position
    radius: Length


class Area(Struct, forbid_unknown_fields=True):
    """Odds that are the same within a circle and 0 outside; `within` is its radius."""

    at: Position
    within: Length
    odds: Probability = 1.0


#: See `AnyMap` for the reason.
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


#: A time, or a duration from the win on; see `Odds` for the reason.
ClaimUntil = Annotated[
    object,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "pattern": f"^{claims.DURATION}$"},
                {"type": "null"},
            ]
        }
    ),
]

#: A duration such as ``14 days``.
Duration = Annotated[str, Meta(pattern=f"^{claims.DURATION}$", examples=["14 days"])]


class ClaimField(Struct, forbid_unknown_fields=True):
    """A field of a claim form."""

    name: Id
    label: Title
    kind: claims.Kind = "text"
    required: bool = False
    max: Annotated[int, Meta(ge=1, le=claims.MAX_LENGTH)] = 200


class Claim(Struct, forbid_unknown_fields=True):
    """How a winner claims a prize; without fields the winner only confirms."""

    fields: Annotated[list[ClaimField], Meta(max_length=claims.MAX_FIELDS)] = []
    until: ClaimUntil = None
    retain: Duration = "90 days"


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
    claim: Claim | None = None
    codes: bool = False


Colour = Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$", examples=["#0d1b2a"])]
PageFile = Annotated[str, Meta(pattern=f"^{page.FILE.pattern}$", examples=["stage.webp"])]
Language = Annotated[str, Meta(pattern=f"^{TAG.pattern}$", examples=["de"])]
PageText = Annotated[str, Meta(min_length=1, max_length=page.MAX_TEXT)]


class Colours(Struct, forbid_unknown_fields=True):
    """Three colours from which all others of a page follow."""

    paper: Colour
    ink: Colour
    accent: Colour


class PageTexts(Struct, forbid_unknown_fields=True):
    """The texts of a page in one language; without a text the page has its own."""

    title: PageText | None = None
    campaign: PageText | None = None
    lead: PageText | None = None
    click: PageText | None = None
    nothing: PageText | None = None
    prizes: PageText | None = None
    empty: PageText | None = None
    rules: PageText | None = None
    prize: dict[str, Title] = {}


class Page(Struct, forbid_unknown_fields=True):
    """The look of a hunt's page."""

    scene: page.Scene = "harbour"
    background: PageFile | None = None
    logo: PageFile | None = None
    language: Language = "en"
    colours: Colours | None = None
    texts: dict[str, PageTexts] = {}


class Definition(Struct, forbid_unknown_fields=True):
    """The definition of a hunt; the odds sum to at most 1 at each position."""

    id: Id
    title: Title
    map: AnyMap
    opens_at: Time | None = None
    closes_at: Time | None = None
    cooldown: Annotated[float, Meta(ge=0)] = 0.0
    timezone: str = "UTC"
    attempts: Quota | None = None
    max_wins: Quota | None = None
    max_accuracy: Annotated[float, Meta(ge=1e-9)] | None = None
    max_speed: Annotated[float, Meta(ge=1e-9)] | None = None
    position: Literal["tap", "device", "either"] = "tap"
    retain: Duration | None = None
    hints: HintKind = "none"
    page: Page | None = None
    second_share: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None
    test: bool = False
    prizes: Annotated[list[PrizeDefinition], Meta(max_length=100)] = []
