"""The clicks of a finished hunt under other rules."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import msgspec
import pytest

from hunt.core import bundle, rerun
from hunt.core.definition import Even
from hunt.core.maps import Map
from hunt.core.rerun import Outcome, Played
from hunt.errors import ProofError
from tests.proof.bundles import Json, Story
from tests.proof.forgeries import honest


@cache
def played() -> Played:
    return rerun.read(bundle.decode(json.dumps(each)) for each in honest().lines)


def rows() -> list[Json]:
    return [row for line in honest().lines if line["kind"] == "batch" for row in line["rows"]]


def test_log_is_added_up() -> None:
    found = rerun.as_played(played())
    won = [row for row in rows() if row.get("prize") is not None]
    assert found.counted == len(rows()) == 400
    assert found.points == sum(row["points"] for row in won)
    assert found.winners == len({row["player"] for row in won})
    granted = {
        prize: sum(row["prize"] == prize for row in won)
        for prize in ("chest", "voucher", "flash", "coin")
    }
    assert found.granted == granted
    assert granted["voucher"] == 25
    assert len(found.parts) == rerun.PARTS
    assert found.parts[-1] == granted


def test_parts_count_the_grants_until_their_end() -> None:
    found = rerun.as_played(played())
    for bound, part in zip(played().bounds, found.parts, strict=True):
        until = [each.row.prize for each in played().rows if each.at <= bound]
        assert part == {prize: until.count(prize) for prize in part}
    assert played().bounds[-1] == played().rows[-1].at


def test_last_unit_of_a_stock_is_told_with_its_time() -> None:
    found = rerun.as_played(played())
    vouchers = [each.at for each in played().rows if each.row.prize == "voucher"]
    assert found.sold_out["voucher"] == vouchers[24]
    assert "coin" not in found.sold_out


def test_same_rules_give_what_was_played() -> None:
    assert rerun.under(played(), played().definition) == rerun.as_played(played())


def test_seed_of_two_shares_is_joined() -> None:
    lines = [bundle.decode(json.dumps(each)) for each in Story(shared=True).lines()]
    shared = rerun.read(lines)
    assert shared.seed != played().seed
    assert rerun.under(shared, shared.definition) == rerun.as_played(shared)


def test_codes_become_the_stock() -> None:
    [voucher] = [each for each in played().definition.prizes if each.id == "voucher"]
    assert (voucher.stock, voucher.codes) == (25, False)
    other = rerun.stocked(played().definition, {"chest": 1, "voucher": 2})
    assert {each.id: each.stock for each in other.prizes if each.id != "flash"} == {
        "chest": 1, "voucher": 2, "coin": 300,
    }  # fmt: skip
    found = rerun.under(played(), other)
    assert (found.granted["chest"], found.granted["voucher"]) == (1, 2)


def test_even_release_is_for_drawn_prizes_with_a_stock() -> None:
    before = played().definition
    assert before.prizes[0].id == "chest"
    chest, *others = before.prizes
    prizes = (replace(chest, void=True), *others, replace(chest, stock=None))
    released = rerun.evenly(replace(before, prizes=prizes)).prizes
    kinds = [(each.id, isinstance(each.release, Even), each.void) for each in released]
    assert kinds == [
        ("chest", True, False), ("voucher", True, False), ("flash", False, True),
        ("coin", True, False), ("chest", False, False),
    ]  # fmt: skip


def test_only_clicks_within_the_times_count() -> None:
    first, last = played().rows[0].at, played().rows[-1].at
    half = first + (last - first) / 2
    whole = played().definition

    def counted(**changes: object) -> int:
        return rerun.under(played(), replace(whole, **changes)).counted  # type: ignore[arg-type]

    until = sum(each.at < half for each in played().rows)
    assert counted(closes_at=half) == until
    assert counted(opens_at=half) == 400 - until
    assert counted(opens_at=first, closes_at=last) == sum(each.at < last for each in played().rows)


def test_clicks_of_erased_players_are_left_out() -> None:
    erased = [
        replace_row(each, leaf="00" * 32) if number < 10 else each
        for number, each in enumerate(played().rows)
    ]
    left = Played(seed=played().seed, definition=played().definition, rows=erased)
    assert rerun.under(left, left.definition).counted == 390
    assert rerun.as_played(left).counted == 400


@pytest.mark.parametrize("missing", ["id", "player", "x", "y"])
def test_click_without_a_part_is_left_out(missing: str) -> None:
    first, *rest = played().rows
    bare = rerun.Recorded(first.at, msgspec.structs.replace(first.row, **{missing: None}))
    left = Played(seed=played().seed, definition=played().definition, rows=[bare, *rest])
    assert rerun.under(left, left.definition).counted == 399


def test_clicks_too_far_from_the_last_one_do_not_count() -> None:
    slow = replace(played().definition, max_speed=0.001)
    fast = replace(played().definition, max_speed=1000.0)
    assert rerun.under(played(), slow).counted < 200 < rerun.under(played(), fast).counted


def test_clicks_off_the_map_do_not_count() -> None:
    half = replace(played().definition, map=Map.sized(50, 100))
    counted = sum(each.row.x is not None and each.row.x <= 50 for each in played().rows)
    assert rerun.under(played(), half).counted == counted < 400


def test_clicks_within_the_cooldown_do_not_count() -> None:
    counted, last = 0, dict[str | None, datetime]()
    for each in played().rows:
        if each.row.player not in last or each.at - last[each.row.player] >= timedelta(minutes=9):
            last[each.row.player] = each.at
            counted += 1
    slow = replace(played().definition, cooldown=540.0)
    assert rerun.under(played(), slow).counted == counted < 400


def replace_row(found: rerun.Recorded, *, leaf: str) -> rerun.Recorded:
    row = bundle.Row(leaf=leaf, prize=found.row.prize, points=found.row.points)
    return rerun.Recorded(found.at, row)


@pytest.mark.parametrize("without", ["bundle", "entry", "batch"])
def test_bundle_without_clicks_is_refused(without: str) -> None:
    lines = [each for each in honest().lines if each["kind"] != without]
    with pytest.raises(ProofError, match="no bundle of a hunt with clicks"):
        rerun.read(bundle.decode(json.dumps(each)) for each in lines)


def test_empty_outcome_has_all_parts() -> None:
    made = rerun._Made(played(), played().definition).finish()
    nothing = dict.fromkeys(("chest", "voucher", "flash", "coin"), 0)
    assert made == Outcome(granted=nothing, sold_out={}, parts=[nothing] * rerun.PARTS)
