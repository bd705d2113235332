from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.core.definition import (
    Area,
    Definition,
    Even,
    Moments,
    Peak,
    Prize,
    Quota,
    Step,
    differences,
)
from hunt.core.form import Form
from hunt.core.hunt_file import from_json, parse, to_json
from hunt.core.hunts import Hunt
from hunt.core.maps import Map
from hunt.errors import DefinitionError

FILE = """
[hunt]
id = "harbour"
title = "Harbour night"
map = { width = 100, height = 50 }
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T20:00:00+01:00
cooldown = 0.5

[[prize]]
id = "gold-coin"
title = "Gold coin"
points = 100
odds = 0.2
stock = 10
per_player = 5

[[prize]]
id = "chest"
title = "Chest"
odds = { peak = 0.8, at = [40, 30], radius = 8 }
"""


def test_reads_a_hunt_file() -> None:
    assert parse(FILE) == Definition(
        id="harbour",
        title="Harbour night",
        map=Map.sized(100, 50),
        opens_at=datetime(2026, 11, 1, 18, tzinfo=UTC),
        closes_at=datetime(2026, 11, 1, 19, tzinfo=UTC),
        cooldown=0.5,
        prizes=(
            Prize("gold-coin", "Gold coin", 100, 0.2, 10, 5),
            Prize("chest", "Chest", 0, Peak(0.8, (40, 30), 8), None, None),
        ),
    )


def test_the_demo_hunt_is_one() -> None:
    assert parse(resources.files("hunt").joinpath("harbour.toml").read_text("utf-8")).prizes


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        pytest.param("[hunt]", "[hunt", "file", id="no TOML"),
        pytest.param('id = "harbour"', 'id = "Harbour!"', "hunt.id", id="bad id"),
        pytest.param('title = "Harbour night"', "", "hunt.title", id="no title"),
        pytest.param("width = 100", "width = 0", "hunt.map.width", id="no width"),
        pytest.param("width = 100", "width = nan", "hunt.map.width", id="not a number"),
        pytest.param("width = 100", 'width = "a"', "hunt.map.width", id="text as number"),
        pytest.param("cooldown", "cooldwn", "hunt.cooldwn", id="unknown key"),
        pytest.param("cooldown = 0.5", "zzz = 1", "hunt.zzz", id="unlike any key"),
        pytest.param("cooldown = 0.5", "cooldown = -1", "hunt.cooldown", id="negative"),
        pytest.param("18:00:00Z", "18:00:00", "hunt.opens_at", id="time without offset"),
        pytest.param("T20:", "T18:", "hunt.closes_at", id="closes before it opens"),
        pytest.param("odds = 0.2", "odds = 0.3", "prize", id="odds over 1"),
        pytest.param("odds = 0.2", "odds = 1.2", "prize[0].odds", id="probability over 1"),
        pytest.param("stock = 10", "stock = 1.5", "prize[0].stock", id="not whole"),
        pytest.param("per_player = 5", "per_player = 0", "prize[0].per_player", id="never"),
        pytest.param('"chest"', '"gold-coin"', "prize", id="same id twice"),
        pytest.param("+01:00", "", "hunt.closes_at", id="end without offset"),
        pytest.param("peak = 0.8", "peak = 1.2", "prize[1].odds.peak", id="peak over 1"),
        pytest.param("peak = 0.8", "peak = -1", "prize[1].odds.peak", id="peak below 0"),
        pytest.param("radius = 8", "radius = 0", "prize[1].odds.radius", id="no radius"),
        pytest.param("odds = 0.2", "odds = -0.1", "prize[0].odds", id="probability below 0"),
        pytest.param("points = 100", "points = -1", "prize[0].points", id="negative points"),
        pytest.param('"Harbour night"', '""', "hunt.title", id="empty title"),
        pytest.param("radius = 8", "within = 8", "prize[1].odds.peak", id="area with a peak"),
        pytest.param("peak = 0.8", "odds = 0.8", "prize[1].odds.within", id="area with a radius"),
        pytest.param("[40, 30]", "[40]", "prize[1].odds.at", id="no place"),
        pytest.param("[40, 30]", "[40, 60]", "prize[1].odds.at[1]", id="outside the map"),
        pytest.param("map = { width = 100, height = 50 }", "map = 3", "hunt.map", id="no table"),
    ],
)
def test_says_which_field_is_wrong(old: str, new: str, field: str) -> None:
    assert old in FILE
    with pytest.raises(DefinitionError) as error:
        parse(FILE.replace(old, new))
    assert field in error.value.errors
    assert error.value.errors[field] in str(error.value)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[hunt", "is not TOML: "),
        (f"a = {'9' * 5000}", "is not TOML: a number is too long"),
        (f"a = {'[' * 5000}", "is not TOML: "),
    ],
    ids=["no table", "long number", "deep nesting"],
)
def test_text_that_is_not_toml_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(DefinitionError) as error:
        parse(text)
    assert set(error.value.errors) == {"file"}
    assert error.value.errors["file"].startswith(wrong)
    assert str(error.value).startswith("file: is not TOML: ")


@pytest.mark.parametrize(
    ("bounds", "value", "wrong"),
    [
        ({"above": 0}, 0, "must be more than 0, not 0"),
        ({"least": 0, "most": 1}, 1.5, "must be at least 0 and at most 1, not 1.5"),
        ({}, math.inf, "must be a number, at most 1e+18"),
        ({}, math.nan, "must be finite, not nan"),
        ({}, 10**18 + 1, "must be a number, at most 1e+18"),
        ({}, True, "must be a number"),
        ({}, "1", "must be a number"),
    ],
)
def test_number_out_of_bounds_is_named_with_them(
    bounds: dict[str, float], value: object, wrong: str
) -> None:
    form = Form()
    assert form.number("field", value, **bounds) == 0.0
    with pytest.raises(DefinitionError) as error:
        form.finish()
    assert error.value.errors == {"field": wrong}


@pytest.mark.parametrize("text", ["hunt = 3", "", 'hunt = "a"'])
def test_hunt_that_is_no_table_is_named(text: str) -> None:
    with pytest.raises(DefinitionError) as error:
        parse(text)
    assert error.value.errors["hunt"] == "must be a table"


@pytest.mark.parametrize(
    ("title", "right"),
    [("H", True), ("H" * 200, True), ("H" * 201, False), ("a\nb", False), (3, False)],
)
def test_title_has_1_to_200_printable_characters(title: object, right: bool) -> None:
    form = Form()
    assert form.title("hunt.title", title) == (title if right else "")
    assert bool(form._errors) is not right


def test_text_that_looks_like_a_time_stays_a_text() -> None:
    raw = to_json(parse(FILE)) | {"title": "2026-11-01T18:00:00Z"}
    assert from_json(raw).title == "2026-11-01T18:00:00Z"


def test_first_error_of_a_field_counts() -> None:
    form = Form()
    form.finish()
    form.wrong("a", "first")
    form.wrong("a", "second")
    form.wrong("b", "third")
    with pytest.raises(DefinitionError, match="a: first; b: third"):
        form.finish()


def test_too_many_prizes_are_refused() -> None:
    prize = '[[prize]]\nid = "p{}"\ntitle = "P"\nodds = 0\n'
    with pytest.raises(DefinitionError, match="at most 100"):
        parse(FILE + "".join(prize.format(number) for number in range(99)))
    assert len(parse(FILE + "".join(prize.format(number) for number in range(98))).prizes) == 100


def test_suggests_the_key_that_was_meant() -> None:
    with pytest.raises(DefinitionError, match="did you mean cooldown"):
        parse(FILE.replace("cooldown", "cooldwn"))


numbers = st.floats(1, 1000)
maps = (  # all with the position of `definitions`
    st.builds(Map.sized, numbers, numbers)
    | st.builds(Map, st.floats(-9, 0), st.floats(-9, 0), numbers, numbers, st.just("plane"))
    | st.builds(
        Map, st.floats(-180, 0), st.floats(-90, 1), st.floats(1, 180), st.floats(2, 90),
        st.just("degrees"),
    )
)  # fmt: skip
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    count = draw(st.integers(0, 3))
    prizes = []
    for number in range(count):
        odds: float | Peak | Area = draw(st.floats(0, 0.3))
        kind = draw(st.sampled_from(["everywhere", "peak", "area"]))
        if kind == "area":
            odds = Area(draw(st.floats(0, 0.3)), (0.5, 1.0), draw(numbers))
        elif kind == "peak":
            odds = Peak(draw(st.floats(0, 0.3)), (0.5, 1.0), draw(numbers))
        stock, limit = draw(st.none() | st.integers(0, 9)), draw(st.none() | st.integers(1, 9))
        prizes.append(Prize(f"p{number}", "Prize", draw(st.integers(0, 9)), odds, stock, limit))
    return Definition(
        "id", "Title", draw(maps), draw(st.none() | moments), None,
        draw(st.floats(0, 9)), tuple(prizes), max_speed=draw(st.none() | numbers),
    )  # fmt: skip


@given(definitions())
def test_json_keeps_everything(definition: Definition) -> None:
    assert from_json(to_json(definition)) == definition


def test_differences_are_sentences() -> None:
    old = parse(FILE)
    new = parse(FILE.replace("0.2", "0.1").replace('"chest"', '"trunk"').replace("50", "60"))
    assert differences(old, new) == [
        "hunt harbour: map 100 x 50 -> 100 x 60",
        "prize gold-coin: odds 0.2 -> 0.1",
        "prize trunk: new",
        "prize chest: removed",
    ]
    assert differences(old, old) == []
    assert differences(None, old) == ["hunt harbour: new, with 2 prizes"]


DEGREES = FILE.replace("width = 100, height = 50", "west = 13, south = 52, east = 14, north = 53")
IN_DEGREES = DEGREES.replace("[40, 30]", "[13.5, 52.5]")


def test_map_in_degrees_takes_points_of_geojson() -> None:
    point = '{ type = "Point", coordinates = [13.5, 52.5] }'
    read = parse(DEGREES.replace("[40, 30]", point))
    assert read == parse(IN_DEGREES)
    assert read.map == Map(13, 52, 14, 53, "degrees")
    assert (
        parse(
            DEGREES.replace("north = 53", 'north = 53, unit = "plane"').replace(
                "[40, 30]", "[13.5, 52.5]"
            )
        ).map.unit
        == "plane"
    )


def test_longitude_counts_on_over_the_180th_meridian() -> None:
    file = IN_DEGREES.replace("west = 13", "west = 170").replace("east = 14", "east = 190")
    for longitude, read in ((175, 175.0), (185, 185.0), (-175, 185.0)):
        found = parse(file.replace("[13.5", f"[{longitude}")).prizes[1].odds
        assert isinstance(found, Peak)
        assert found.at == (read, 52.5)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        pytest.param("south = 52", "south = -91", "hunt.map.south", id="beyond the pole"),
        pytest.param("north = 53", "north = nan", "hunt.map.north", id="no number"),
        pytest.param("north = 53", "north = 52", "hunt.map.north", id="no height"),
        pytest.param("west = 13", "west = -181", "hunt.map.west", id="beyond 180"),
        pytest.param("east = 14", "east = inf", "hunt.map.east", id="infinite"),
        pytest.param("west = 13", "west = -179, east = 182 #", "file", id="not TOML"),
        pytest.param("east = 14", "east = 374", "hunt.map.east", id="more than once around"),
        pytest.param("east = 14", "east = 14, width = 14", "hunt.map.width", id="size and edges"),
        pytest.param("north = 53", 'north = 53, unit = "km"', "hunt.map.unit", id="unit"),
        pytest.param("[13.5, 52.5]", "[12.9, 52.5]", "prize[1].odds.at[0]", id="west of the map"),
        pytest.param("[13.5, 52.5]", "[13.5, -52.5]", "prize[1].odds.at[1]", id="south"),
        pytest.param(
            "[13.5, 52.5]", '{ type = "Polygon", coordinates = [13.5, 52.5] }',
            "prize[1].odds.at.type", id="polygon",
        ),
        pytest.param(
            "cooldown = 0.5", "max_speed = 0", "hunt.max_speed", id="speed of nothing"
        ),
        pytest.param(
            "cooldown = 0.5", "max_accuracy = -1", "hunt.max_accuracy", id="negative accuracy"
        ),
        pytest.param(
            "cooldown = 0.5", 'position = "tap"\nmax_accuracy = 9', "hunt.position",
            id="taps have no accuracy",
        ),
        pytest.param("cooldown = 0.5", 'position = "gps"', "hunt.position", id="unknown source"),
    ],
)  # fmt: skip
def test_error_of_a_map_in_degrees_names_its_field(old: str, new: str, field: str) -> None:
    assert old in IN_DEGREES
    with pytest.raises(DefinitionError) as error:
        parse(IN_DEGREES.replace(old, new))
    assert set(error.value.errors) == {field}


def test_map_over_the_180th_meridian_is_explained() -> None:
    with pytest.raises(DefinitionError, match=r"as in east = 190"):
        parse(IN_DEGREES.replace("west = 13", "west = 170").replace("east = 14", "east = -170"))


def test_position_of_the_device_needs_degrees() -> None:
    assert parse(IN_DEGREES).position == "tap"
    assert parse(IN_DEGREES.replace("cooldown", "max_accuracy = 5\ncooldown")).position == "device"
    assert parse(FILE.replace("cooldown", "max_accuracy = 5\ncooldown")).position == "tap"
    with pytest.raises(DefinitionError, match=r"hunt\.position"):
        parse(FILE.replace("cooldown", 'position = "either"\ncooldown'))


@pytest.mark.parametrize(
    ("state", "hour", "phase", "has_ended"),
    [
        ("draft", 18, "draft", False),
        ("draft", 19, "draft", False),
        ("open", 17, "waiting", False),
        ("open", 18, "open", False),
        ("open", 19, "closing", False),
        ("paused", 17, "paused", False),
        ("paused", 19, "closing", False),
        ("closed", 17, "closed", True),
        ("closed", 19, "closed", True),
    ],
)
def test_only_the_recorded_state_ends_a_hunt(
    state: str, hour: int, phase: str, has_ended: bool
) -> None:
    now = datetime(2026, 11, 1, hour, tzinfo=UTC)
    hunt = Hunt(
        definition=parse(FILE), version=1, state=state, epoch="k1", last_seq=0,  # type: ignore[arg-type]
        seed=b"s" * 32, stock_left={}, as_of=now,
    )  # fmt: skip
    assert (hunt.phase(now), hunt.has_ended) == (phase, has_ended)
    assert hunt.is_due(now) == (phase == "closing")
    assert "ssss" not in repr(hunt)


@pytest.mark.parametrize("size", [1e300, 2e18, 10**19, -1e300])
def test_number_that_the_database_gives_back_too_large_is_refused(size: float) -> None:
    stored = to_json(parse(FILE)) | {"map": {"width": size, "height": 50}}
    with pytest.raises(DefinitionError, match=r"hunt\.map\.width"):
        from_json(stored)


RULES = """
[hunt]
id = "harbour"
title = "Harbour night"
map = { width = 100, height = 50 }
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T22:00:00Z
timezone = "Europe/Berlin"
attempts = { count = 3, per = "day" }
max_wins = { count = 1, per = "hunt" }

[[prize]]
id = "voucher"
title = "Voucher"
odds = 0.2
stock = 10
from = 2026-11-01T19:00:00Z
until = 2026-11-01T20:00:00Z
release = { even = true }
overflow = "coin"

[[prize]]
id = "chest"
title = "Chest"
win = "first"
odds = { at = [40, 30], within = 8 }
release = { moments = 5 }
unclaimed = "void"

[[prize]]
id = "coin"
title = "Coin"
odds = 0.1
release = [[2026-11-01T18:00:00Z, 1], [2026-11-01T20:00:00+01:00, 3]]
"""


def test_reads_rules() -> None:
    hunt = parse(RULES)
    opens = datetime(2026, 11, 1, 18, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert (hunt.timezone, hunt.attempts, hunt.max_wins) == (
        "Europe/Berlin", Quota(3, "day"), Quota(1, "hunt"),
    )  # fmt: skip
    voucher = Prize("voucher", "Voucher", 0, 0.2, 10, None)
    chest = Prize("chest", "Chest", 0, Area(1, (40, 30), 8), None, None)
    coin = Prize("coin", "Coin", 0, 0.1, None, None)
    assert hunt.prizes == (
        replace(
            voucher, starts=opens + hour, until=opens + 2 * hour, release=Even(), overflow="coin"
        ),
        replace(chest, first=True, release=Moments(5), void=True),
        replace(coin, release=(Step(opens, 1), Step(opens + hour, 3))),
    )
    assert from_json(to_json(hunt)) == hunt
    assert hunt.has_rules
    assert not parse(FILE).has_rules


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("Europe/Berlin", "Europe/Nowhere", "hunt.timezone"),
        ("count = 3", "count = 0", "hunt.attempts.count"),
        ("count = 3, ", "", "hunt.attempts.count"),
        ('per = "day"', 'per = "month"', "hunt.attempts.per"),
        ('"hunt" }', '"hunt", of = 1 }', "hunt.max_wins.of"),
        ("20:00:00Z", "19:00:00Z", "prize[0].until"),
        ("19:00:00Z", "19:00:00", "prize[0].from"),
        ("stock = 10", "", "prize[0].release"),
        ("even = true", "even = false", "prize[0].release"),
        ("even = true", "often = true", "prize[0].release.often"),
        ('overflow = "coin"', 'overflow = "voucher"', "prize[0].overflow"),
        ('overflow = "coin"', 'overflow = "chest"', "prize[0].overflow"),
        ('overflow = "coin"', 'overflow = "nothing"', "prize[0].overflow"),
        ("moments = 5", "moments = 0", "prize[1].release.moments"),
        ("moments = 5", "moments = 10001", "prize[1].release.moments"),
        ("release = { moments = 5 }", "", "prize[1].win"),
        ("release = { moments = 5 }", "", "prize[1].unclaimed"),
        ("{ at = [40, 30], within = 8 }", "0.5", "prize[1].odds"),
        ('win = "first"', 'win = "last"', "prize[1].win"),
        ('"void"', '"lost"', "prize[1].unclaimed"),
        ("closes_at = 2026-11-01T22:00:00Z", "", "prize[1].release"),
        ("20:00:00+01:00", "19:00:00+01:00", "prize[2].release[1]"),
        ("+01:00, 3", "+01:00, 0", "prize[2].release[1]"),
        ("+01:00, 3", "+01:00, 3.5", "prize[2].release[1][1]"),
        ("+01:00, 3", "+01:00", "prize[2].release[1]"),
    ],
)
def test_says_which_rule_is_wrong(old: str, new: str, field: str) -> None:
    assert old in RULES
    with pytest.raises(DefinitionError) as error:
        parse(RULES.replace(old, new))
    assert field in error.value.errors


def test_differences_of_rules_are_sentences() -> None:
    new = parse(RULES.replace("{ moments = 5 }", "[[2026-11-01T18:00:00Z, 1]]").replace("3,", "4,"))
    assert differences(parse(RULES), new) == [
        "hunt harbour: attempts 3 per day -> 4 per day",
        "prize chest: release 5 moments -> 1 step",
    ]


CLAIM = 'claim = { until = "14 days" }\n'


@pytest.mark.parametrize(
    ("base", "old", "new", "sentences"),
    [
        (
            IN_DEGREES,
            "east = 14",
            "east = 15.5",
            "hunt harbour: map [13.0, 52.0, 14.0, 53.0] degrees"
            " -> [13.0, 52.0, 15.5, 53.0] degrees",
        ),
        (RULES, '"hunt" }', '"hunt" }\nretain = "3 weeks"', "hunt harbour: retain None -> 3 weeks"),
        (
            RULES,
            "from = 2026-11-01T19:00:00Z\n",
            "",
            "prize voucher: from 2026-11-01 19:00:00+00:00 -> None",
        ),
        (
            RULES,
            "{ even = true }",
            "[[2026-11-01T19:00:00Z, 1], [2026-11-01T19:10:00Z, 2], [2026-11-01T19:20:00Z, 3]]",
            "prize voucher: release even -> 3 steps",
        ),
        (
            RULES + CLAIM,
            '"14 days" }',
            '2026-12-24T18:00:00Z, retain = "1 day" }',
            "prize coin: claim 0 fields, until 2 weeks, retain 90 days"
            " -> 0 fields, until 2026-12-24 18:00:00+00:00, retain 1 day",
        ),
    ],
    ids=["map", "duration", "start", "release", "claim"],
)
def test_values_are_shown_as_a_person_reads_them(
    base: str, old: str, new: str, sentences: str
) -> None:
    assert old in base
    assert differences(parse(base), parse(base.replace(old, new))) == [sentences]


def test_changes_of_prizes_after_a_new_one_are_shown() -> None:
    new = '[[prize]]\nid = "new"\ntitle = "New"\nodds = 0\n\n[[prize]]\nid = "gold-coin"'
    file = FILE.replace('[[prize]]\nid = "gold-coin"', new).replace("points = 100", "points = 9")
    assert differences(parse(FILE), parse(file)) == [
        "prize new: new",
        "prize gold-coin: points 100 -> 9",
    ]


def test_odds_of_a_peak_are_a_gaussian_and_those_of_an_area_end_at_its_edge() -> None:
    peak, area = Peak(0.5, (0, 0), 3), Area(0.5, (0, 0), 3)
    assert [peak.chance(squared) for squared in (0, 9, 36)] == pytest.approx(
        [0.5, 0.5 * math.exp(-0.5), 0.5 * math.exp(-2)]
    )
    assert peak.chance(peak.reach**2) == 0 == Peak(1.0, (0, 0), 1e9).chance((39 * 1e9) ** 2)
    assert [area.chance(squared) for squared in (0, 9, 9.0001)] == [0.5, 0.5, 0]
    assert (peak.highest, area.highest, area.reach) == (0.5, 0.5, 3)
