"""Seals of hunts, compared with those that the tests of the verifiers write."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hunt.core import chain, seal
from hunt.core.bundle import definition_of
from hunt.core.definition import Area, Definition, Prize
from hunt.core.hunt_file import parse
from hunt.core.maps import Map
from tests.proof.bundles import HUNT, SEED, committed
from tests.proof.forgeries import honest

AT = datetime(2026, 10, 31, 18, 0, 0, 120, tzinfo=UTC)


def test_seal_has_the_definition_the_pools_and_its_position() -> None:
    entry = honest().lines[1]
    sealed = entry["document"]
    hashed = ("ab" * 32, "cd" * 32)
    position = seal.Position(
        number=2, version=3, seq=4, at=AT, previous=hashed[0], share=hashed[1],
        pools={"voucher": seal.Pool(**sealed["codes"]["voucher"])},
    )  # fmt: skip
    assert seal.document(parse(HUNT), SEED, position) == sealed | {
        "number": 2, "version": 3, "seq": 4, "at": "2026-10-31T18:00:00.000120Z",
        "previous": hashed[0], "share": hashed[1],
        "definition": committed(SEED, 2, entry["definition"]),
    }  # fmt: skip


def test_definition_is_sealed_without_fractions() -> None:
    text = seal.definition_text(parse(HUNT))
    assert text == chain.canonical(honest().lines[1]["definition"])
    exact = replace(parse(HUNT), cooldown=1.5, max_speed=3.0, max_accuracy=20.0)
    document = json.loads(seal.definition_text(exact))
    assert (document["cooldown"], document["max_speed"], document["max_accuracy"]) == (
        "1.5", "3.0", "20.0"
    )  # fmt: skip
    assert document["map"]["width"] == "100.0"
    assert document["prizes"][0]["odds"]["at"] == ["40.0", "60.0"]
    assert (document["prizes"][0]["points"], document["max_wins"]["count"]) == (50, 20)
    assert definition_of(document) == exact
    city = Map(13.0, 52.0, 14.0, 53.0, "degrees")
    globe = replace(exact, map=city, position="device", prizes=exact.prizes[1:2])
    assert definition_of(json.loads(seal.definition_text(globe))) == globe


def test_whole_numbers_are_sealed_as_those_with_a_fraction() -> None:
    def sealed(number: type[float]) -> bytes:
        area = Area(1.0, (number(5), number(7)), number(2))
        prize = Prize("coin", "Coin", 5, area, None, None)
        on = Map.sized(number(9), number(8))
        return seal.definition_text(Definition("h", "Hunt", on, None, None, number(60), (prize,)))

    assert sealed(int) == sealed(float)


def test_public_part_of_a_hunt_without_times_and_stock() -> None:
    definition = parse(HUNT)
    [coin] = [each for each in definition.prizes if each.id == "coin"]
    endless = replace(coin, stock=None, per_player=2, release=None)
    timeless = replace(definition, opens_at=None, closes_at=None, prizes=(endless,))
    assert seal.public(timeless, {}) == {
        "title": "Häfen bei Nacht", "opens_at": None, "closes_at": None,
        "prizes": [
            {
                "id": "coin", "title": "Coin", "points": 5, "odds": "0.3", "stock": None,
                "per_player": 2,
            }
        ],
    }  # fmt: skip


def test_time_is_in_utc_with_six_digits() -> None:
    east = datetime(2026, 11, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert seal.moment(east) == "2026-10-31T23:02:03.000000Z"
