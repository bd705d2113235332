"""A hunt with every field as JSON, and the sentence about each field that can be wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from hunt.core.definition import Area
from hunt.core.hunt_file import from_json, parse, to_json
from tests.support.wrong_fields import wrong_fields

SHARE = "0f" * 32

CHEST = """[[prize]]
id = "chest"
title = "Chest"
points = 50
odds = { peak = 0.5, at = [13.4, 52.5], radius = 20 }
stock = 4
per_player = 1
from = 2026-11-01T19:00:00Z
until = 2026-11-01T20:00:00Z
release = { even = true }
"""

WHOLE = f"""
[hunt]
id = "test-whole"
title = "Whole"
map = {{ west = 13, south = 52, east = 14, north = 53 }}
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T23:00:00+01:00
cooldown = 1.5
timezone = "Europe/Berlin"
attempts = {{ count = 3, per = "day" }}
max_wins = {{ count = 2, per = "hunt" }}
max_accuracy = 50
max_speed = 30
retain = "2 years"
second_share = "{SHARE}"
hints = "warmth"
test = true

[page]
scene = "city"

{CHEST}overflow = "coin"
claim = {{ fields = [{{ name = "size", label = "Size" }}], until = 2026-12-24T18:00:00Z }}

[[prize]]
id = "flash"
title = "Flash"
win = "first"
release = {{ moments = 5 }}
unclaimed = "void"
odds = {{ at = [13.4, 52.5], within = 8 }}

[[prize]]
id = "coin"
title = "Coin"
odds = 0.25
release = [[2026-11-01T18:00:00Z, 1], [2026-11-01T20:00:00Z, 3]]

[[prize]]
id = "voucher"
title = "Voucher"
odds = 0
codes = true
"""

NO_LIMITS = {"stock": None, "per_player": None}

JSON: dict[str, Any] = {
    "id": "test-whole",
    "title": "Whole",
    "map": {"west": 13.0, "south": 52.0, "east": 14.0, "north": 53.0, "unit": "degrees"},
    "opens_at": "2026-11-01T18:00:00+00:00",
    "closes_at": "2026-11-01T22:00:00+00:00",
    "cooldown": 1.5,
    "prizes": [
        {
            "id": "chest",
            "title": "Chest",
            "points": 50,
            "odds": {"peak": 0.5, "at": [13.4, 52.5], "radius": 20.0},
            "stock": 4,
            "per_player": 1,
            "from": "2026-11-01T19:00:00+00:00",
            "until": "2026-11-01T20:00:00+00:00",
            "release": {"even": True},
            "overflow": "coin",
            "claim": {
                "fields": [
                    {"name": "size", "label": "Size", "kind": "text", "required": False, "max": 200}
                ],
                "until": "2026-12-24T18:00:00+00:00",
                "retain": "90 days",
            },
        },
        {
            "id": "flash",
            "title": "Flash",
            "points": 0,
            "odds": {"odds": 1.0, "at": [13.4, 52.5], "within": 8.0},
            **NO_LIMITS,
            "release": {"moments": 5},
            "win": "first",
            "unclaimed": "void",
        },
        {
            "id": "coin",
            "title": "Coin",
            "points": 0,
            "odds": 0.25,
            **NO_LIMITS,
            "release": [["2026-11-01T18:00:00+00:00", 1], ["2026-11-01T20:00:00+00:00", 3]],
        },
        {
            "id": "voucher",
            "title": "Voucher",
            "points": 0,
            "odds": 0.0,
            **NO_LIMITS,
            "codes": True,
        },
    ],
    "timezone": "Europe/Berlin",
    "attempts": {"count": 3, "per": "day"},
    "max_wins": {"count": 2, "per": "hunt"},
    "retain": "2 years",
    "hints": "warmth",
    "page": {"scene": "city", "language": "en"},
    "second_share": SHARE,
    "test": True,
    "max_accuracy": 50.0,
    "max_speed": 30.0,
    "position": "device",
}

SMALL = """
[hunt]
id = "small"
title = "Small"
map = { width = 9, height = 8 }
"""


def test_whole_hunt_has_documented_json() -> None:
    found = to_json(parse(WHOLE))
    assert found == JSON
    assert from_json(JSON) == parse(WHOLE)


def test_small_hunt_has_only_its_own_members() -> None:
    assert to_json(parse(SMALL)) == {
        "id": "small", "title": "Small", "map": {"width": 9.0, "height": 8.0}, "opens_at": None,
        "closes_at": None, "cooldown": 0.0, "prizes": [],
    }  # fmt: skip
    assert from_json({"id": "small", "title": "Small", "map": {"width": 9, "height": 8}}) == parse(
        SMALL
    )


def test_null_in_json_is_a_missing_value() -> None:
    chest = JSON["prizes"][0] | {"overflow": None, "codes": None, "claim": {"until": None}}
    bare = {name: value if name in {"title", "map"} else None for name, value in JSON.items()}
    page = {"scene": "city", "logo": None}
    found = from_json(bare | {"id": "whole", "prizes": [chest], "page": page})
    assert found == parse(
        f"""
[hunt]
id = "whole"
title = "Whole"
map = {{ west = 13, south = 52, east = 14, north = 53 }}
[page]
scene = "city"
{CHEST}
claim = {{}}
"""
    )


PLACED = """
[hunt]
id = "a"
title = "A"
map = { west = 13, south = 52, east = 14, north = 53 }
[[prize]]
id = "p"
title = "P"
odds = { peak = 1, at = [13.5, 52.5], radius = 1 }
"""


errors = partial(wrong_fields, parse)

FIRST = """
[hunt]
id = "a"
title = "A"
map = { width = 9, height = 9 }
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T20:00:00Z
[[prize]]
id = "flash"
title = "Flash"
win = "first"
release = { moments = 2 }
"""


def test_first_click_wins_everywhere_unless_an_area_is_given() -> None:
    [prize] = parse(FIRST).prizes
    assert (prize.first, prize.odds) == (True, 1.0)
    [prize] = parse(f"{FIRST}odds = {{ at = [3, 3], within = 2 }}").prizes
    assert prize.odds == Area(1.0, (3.0, 3.0), 2.0)


def test_id_of_a_prize_is_named_if_it_is_wrong() -> None:
    wrong = {"prize[0].id": "must be 1 to 64 lower-case letters, digits or hyphens"}
    assert errors(FIRST.replace("flash", "Flash")) == wrong


KNOWN_OF_HUNT = (
    "is unknown; known: attempts, closes_at, cooldown, hints, id, map, max_accuracy, max_speed, "
    "max_wins, opens_at, position, retain, second_share, test, timezone, title"
)


def test_every_wrong_field_of_a_hunt_has_its_sentence() -> None:
    assert errors("""
page = 1
prizes = 1
prize = 1
[campaign]
[hunt]
id = "A"
title = ""
map = { west = 13, south = 52, east = 14, north = 53 }
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T18:00:00Z
cooldown = -1
timezone = "Mars"
attempts = { count = 0, per = "year", of = 1 }
max_wins = { per = "hunt" }
max_accuracy = 0
max_speed = "fast"
position = "tap"
retain = "soon"
second_share = "ab"
hints = "cold"
test = 1
look = 1
""") == {
        "campaign": "is of a campaign, not of a hunt: use 'hunt apply'",
        "page": "must be a table",
        "prize": "must be at most 100 tables [[prize]]",
        "prizes": "is unknown; did you mean prize?",
        "hunt.attempts.count": "must be a whole number, 1 to 2147483647",
        "hunt.attempts.of": "is unknown; known: count, per",
        "hunt.attempts.per": "must be one of hour, day, week, hunt",
        "hunt.closes_at": "must be after opens_at",
        "hunt.cooldown": "must be at least 0, not -1",
        "hunt.hints": "must be one of none, warmth",
        "hunt.id": "must be 1 to 64 lower-case letters, digits or hyphens",
        "hunt.look": KNOWN_OF_HUNT,
        "hunt.max_accuracy": "must be at least 1e-09, not 0",
        "hunt.max_speed": "must be a number",
        "hunt.max_wins.count": "must be a whole number, at least 1",
        "hunt.position": "must be device, because a tap has no accuracy for max_accuracy",
        "hunt.retain": "must be a duration, as in '14 days'",
        "hunt.second_share": "must be a SHA-256: 64 digits of 0-9 and a-f",
        "hunt.test": "must be true or false",
        "hunt.timezone": "must be a time zone by its IANA name, as in Europe/Berlin, "
        "and the package tzdata must be installed",
        "hunt.title": "must be one line of 1 to 200 characters",
    }


WITH_OFFSET = "must be a time with its offset, as in 2026-11-01T18:00:00Z"
FORMS_OF_RELEASE = "must be { even = true }, { moments = N } or [[time, total], ...]"
ODDS_OF_FIRST = "must be left out, or { at, within }, where the first click wins"


def test_every_wrong_field_of_a_prize_has_its_sentence() -> None:
    assert errors(
        SMALL
        + """
hints = "warmth"
test = true
[[prize]]
id = "a"
title = "A"
odds = 2
points = -1
stock = -1
per_player = 0
from = 1
until = 2
release = { even = true, moments = 2 }
win = "last"
unclaimed = "lost"
overflow = "B"
claim = 1
codes = 2
colour = 3
[[prize]]
id = "a"
title = "A"
win = "first"
unclaimed = "void"
release = { even = true }
odds = { peak = 1, at = [1, 1], radius = 1 }
[[prize]]
id = "b"
title = "B"
win = "first"
release = { moments = 2 }
odds = { odds = 0.5, at = [1, 1], within = 1 }
codes = true
stock = 3
overflow = "a"
[[prize]]
id = "c"
title = "C"
release = { often = 1 }
odds = { odds = 1, at = [1], within = 1, peak = 1 }
overflow = "d"
[[prize]]
id = "d"
title = "D"
odds = 0
win = "first"
release = [[2026-11-01T20:00:00Z, 1], [2026-11-01T20:00:00Z, 2]]
[[prize]]
id = "e"
title = "E"
odds = 0
from = 2026-11-01T20:00:00Z
until = 2026-11-01T20:00:00Z
release = [[2026-11-01T20:00:00Z, 1], [2026-11-01T21:00:00Z]]
"""
    ) == {
        "hunt.id": "must begin with test- in a test hunt",
        "prize": "the id 'a' is used more than once",
        "prize[0].claim": "must be a table",
        "prize[0].codes": "must be true or false",
        "prize[0].colour": "is unknown; known: claim, codes, from, id, odds, overflow, "
        "per_player, points, release, stock, title, unclaimed, until, win",
        "prize[0].from": WITH_OFFSET,
        "prize[0].odds": "must be at least 0 and at most 1, not 2",
        "prize[0].overflow": "must be 1 to 64 lower-case letters, digits or hyphens",
        "prize[0].per_player": "must be a whole number, 1 to 2147483647",
        "prize[0].points": "must be a whole number, 0 to 2147483647",
        "prize[0].release": FORMS_OF_RELEASE,
        "prize[0].stock": "must be a whole number, 0 to 2147483647",
        "prize[0].unclaimed": "must be one of carry, void",
        "prize[0].until": WITH_OFFSET,
        "prize[0].win": "must be one of draw, first",
        "prize[1].odds": ODDS_OF_FIRST,
        "prize[1].release": "needs a stock that it releases evenly",
        "prize[1].unclaimed": "void needs a release of moments or steps",
        "prize[1].win": "first needs a release of moments or steps",
        "prize[2].odds": ODDS_OF_FIRST,
        "prize[2].overflow": "must name a prize that stands further down",
        "prize[2].release": "needs from and until, or opens_at and closes_at",
        "prize[2].stock": "must be left out: the stock is the number of loaded codes",
        "prize[3].odds.at": "must be a position [x, y]",
        "prize[3].odds.peak": "is unknown; known: at, odds, within",
        "prize[3].overflow": "must name a prize that is drawn",
        "prize[3].release": FORMS_OF_RELEASE,
        "prize[3].release.often": "is unknown; known: even, moments",
        "prize[4].odds": ODDS_OF_FIRST,
        "prize[4].release[1]": "must be later than the step before, and not less",
        "prize[5].release[1]": "must be a step [time, total]",
        "prize[5].until": "must be after from, within the times of the hunt",
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("east = 14", "east = 14, unit = 'km'", {"hunt.map.unit": "must be one of degrees, plane"}),
        ("north = 53", "north = 52", {"hunt.map.north": "must be more than south"}),
        ("south = 52", "south = -91",
         {"hunt.map.south": "must be at least -90 and at most 90, not -91"}),
        ("west = 13", "west = 181",
         {"hunt.map.west": "must be at least -180 and at most 180, not 181"}),
        ("east = 14", "east = 541",
         {"hunt.map.east": "must be at least -180 and at most 540, not 541"}),
        ("east = 14", "east = 13",
         {"hunt.map.east": "must be more than west; a map over the 180th meridian counts on, "
          "as in east = 373"}),
        ("east = 14", "east = 374", {"hunt.map.east": "must be at most 360 more than west"}),
        ("east = 14", "east = 13, unit = 'plane'", {"hunt.map.east": "must be more than west"}),
        ("west = 13", "size = 3",
         {"hunt.map.size": "is unknown; known: east, north, south, unit, west",
          "hunt.map.west": "must be a number"}),
        ("west = 13, south = 52, east = 14, north = 53", "width = 0, height = -1, z = 1",
         {"hunt.map.width": "must be more than 0, not 0",
          "hunt.map.height": "must be more than 0, not -1",
          "hunt.map.z": "is unknown; known: height, width"}),
        ("west = 13, south = 52, east = 14, north = 53", "unit = 'plane'",
         {f"hunt.map.{edge}": "must be a number" for edge in ("west", "south", "east", "north")}),
        ("[13.5, 52.5]", "[12, 54]",
         {"prize[0].odds.at[0]": "must be at least 13 and at most 14, not 12",
          "prize[0].odds.at[1]": "must be at least 52 and at most 53, not 54"}),
        ("[13.5, 52.5]", "[true, 'x']",
         {"prize[0].odds.at[0]": "must be a number", "prize[0].odds.at[1]": "must be a number"}),
        ("[13.5, 52.5]", "{ type = 'Polygon', coordinates = [1], z = 1 }",
         {"prize[0].odds.at.type": "must be one of Point",
          "prize[0].odds.at.coordinates": "must be a position [x, y]",
          "prize[0].odds.at.z": "is unknown; known: coordinates, type"}),
        ("peak = 1", "peak = 2",
         {"prize[0].odds.peak": "must be at least 0 and at most 1, not 2"}),
        ("radius = 1", "radius = 0", {"prize[0].odds.radius": "must be more than 0, not 0"}),
        ("west = 13, south = 52, east = 14, north = 53 }",
         "width = 90, height = 90 }\nposition = 'either'",
         {"hunt.position": "must be tap, unless the map is in degrees"}),
    ],
)  # fmt: skip
def test_wrong_map_or_position_has_its_sentence(
    old: str, new: str, expected: dict[str, str]
) -> None:
    assert old in PLACED
    assert errors(PLACED.replace(old, new)) == expected


def test_odds_over_1_and_hints_without_a_place_are_named() -> None:
    sure = '[[prize]]\nid = "{}"\ntitle = "P"\nodds = 0.75\n'
    crowded = errors(SMALL + sure.format("a") + sure.format("b"))
    assert list(crowded) == ["prize"]
    assert crowded["prize"].startswith("the odds sum to more than 1 near [")
    assert errors(SMALL + 'hints = "warmth"\n' + sure.format("a")) == {
        "hunt.hints": "needs a prize with a place: odds = { peak, at, radius }"
    }
