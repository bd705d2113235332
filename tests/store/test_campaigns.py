"""Campaigns in the database: applied all or nothing, opened and deleted with their doors."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
from msgspec.structs import replace as altered

from hunt.core.campaign import Campaign, CampaignDefinition, Door, door_state
from hunt.core.definition import Definition
from hunt.errors import DefinitionError, HuntNotFound, HuntNotOpen, WrongState
from hunt.store.audit import Audit
from hunt.store.campaigns import Campaigns
from hunt.store.hunts import Hunts
from hunt.store.log import Log
from tests.store.campaigns import ADVENT, DAY, doors, seed, stored
from tests.store.open_log import PLAIN, click, rewards
from tests.support.time_travel import travel


def changed(door: Door, **fields: object) -> Door:
    return replace(door, definition=replace(door.definition, **fields))  # type: ignore[arg-type]


async def apply(campaigns: Campaigns, *found: Door, **fields: object) -> list[str]:
    definition = CampaignDefinition(altered(ADVENT, **fields), found)
    return await campaigns.apply(definition, new_seed=seed, actor="ada")


async def test_doors_are_created_opened_and_closed_together(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5, 1.5), state="draft") as (campaigns, pool):
        hunts = Hunts(pool)
        assert [each.state for each in await hunts.all()] == ["draft"] * 3
        found = await campaigns.set_state("advent", "open", actor="ada")
        assert found == ["advent-01", "advent-02", "advent-03"]
        assert await campaigns.set_state("advent", "open", actor="ada") == []
        read = await hunts.all()
        assert [(each.campaign, each.door) for each in read] == [
            (ADVENT, 1),
            (ADVENT, 2),
            (ADVENT, 3),
        ]
        assert [door_state(each, each.as_of) for each in read] == ["open", "coming", "coming"]
        await campaigns.set_state("advent", "paused", actor="ada")
        states = [door_state(each, each.as_of) for each in await hunts.all()]
        assert states == ["paused", "coming", "coming"]
        await campaigns.set_state("advent", "closed", actor="ada")
        assert [each.state for each in await hunts.all()] == ["closed"] * 3
        with pytest.raises(WrongState, match="no door of campaign 'advent' can be open"):
            await campaigns.set_state("advent", "open", actor="ada")
        entries = [each for each in await Audit(pool).list() if each.action == "campaign closed"]
        assert [each.detail["campaign"] for each in entries] == ["advent"]


async def test_only_the_door_of_the_time_takes_clicks(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5)) as (_, pool):
        log = Log(pool)
        assert rewards(await log.append("advent-01", [click()]))
        [refusal] = await log.append("advent-02", [click()])
        assert isinstance(refusal, HuntNotOpen)
        await travel(pool, DAY)
        [refusal] = await log.append("advent-01", [click()])
        assert isinstance(refusal, HuntNotOpen)
        assert rewards(await log.append("advent-02", [click()]))


async def test_campaign_is_applied_entirely_or_not_at_all(database: str) -> None:
    async with stored(database, doors(0.5), state="draft") as (campaigns, pool):
        bad = changed(doors(0.5, -3)[1])
        with pytest.raises(DefinitionError, match=r"door 2: hunt\.closes_at"):
            await apply(campaigns, changed(doors(0.5)[0], title="New"), bad, title="New")
        [hunt] = await Hunts(pool).all()
        assert hunt.definition.title == "Door 1"
        assert hunt.campaign == ADVENT


async def test_changes_are_of_the_doors_that_differ(database: str) -> None:
    first = doors(-0.5, 0.5)
    async with stored(database, first) as (campaigns, pool):
        assert await apply(campaigns, *first) == []
        assert await apply(campaigns, first[0], changed(first[1], title="Two"), streak="won") == [
            "campaign advent: streak played -> won",
            "hunt advent-02: title Door 2 -> Two",
        ]
        assert [each.version for each in await Hunts(pool).all()] == [1, 2]
        [entry, *_] = await Audit(pool).list()
        assert (entry.actor, entry.action) == ("ada", "campaign apply")
        assert entry.detail["campaign"] == "advent"


async def test_change_of_a_campaign_leaves_others_as_they_are(database: str) -> None:
    winter = Campaign("winter", "Winter", "Asia/Kathmandu")
    async with stored(database, doors(0.5)) as (campaigns, pool):
        other = CampaignDefinition(winter, doors(0.5, campaign="winter"))
        await campaigns.apply(other, new_seed=seed, actor="ada")
        await apply(campaigns, *doors(0.5), title="Advent again")
        found = await Hunts(pool).get("winter-01")
        assert found is not None
        assert found.campaign == winter


async def test_door_that_has_ended_stays_as_it_was(database: str) -> None:
    first = doors(-0.5, 0.5)
    async with stored(database, first) as (campaigns, pool):
        hunts = Hunts(pool)
        await hunts.close("advent-01")
        other = [changed(each, title="Other") for each in first]
        assert await apply(campaigns, *other) == [
            "hunt advent-01: has ended, and stays as it was",
            "hunt advent-02: title Door 2 -> Other",
        ]
        assert [each.definition.title for each in await hunts.all()] == ["Door 1", "Other"]


async def test_door_without_clicks_leaves_and_is_deleted(database: str) -> None:
    found = doors(-0.5, 0.5, 1.5)
    async with stored(database, found) as (campaigns, pool):
        assert await apply(campaigns, *found[:2]) == ["hunt advent-03: deleted"]
        await Log(pool).append("advent-01", [click()])
        with pytest.raises(WrongState, match="'advent-01' has clicks"):
            await apply(campaigns, found[1])
        with pytest.raises(WrongState, match="'advent-01' has clicks"):
            await campaigns.delete("advent", actor="ada")
        assert [each.id for each in await Hunts(pool).all()] == ["advent-01", "advent-02"]


async def test_hunt_joins_without_clicks_only(database: str) -> None:
    found = doors(-0.5, 0.5)
    async with stored(database, found[1:]) as (campaigns, pool):
        hunts = Hunts(pool)
        alone: Definition = found[0].definition
        await hunts.apply(alone, seed=seed(), actor="test")
        await hunts.open(alone.id)
        await Log(pool).append(alone.id, [click()])
        with pytest.raises(WrongState, match="'advent-01' has clicks and cannot join"):
            await apply(campaigns, *found)
        free = replace(alone, id="advent-03")
        await hunts.apply(free, seed=seed(), actor="test")
        assert await apply(campaigns, found[1], Door(3, free)) == ["hunt advent-03: joins"]
        joined = await hunts.get("advent-03")
        assert joined is not None
        assert (joined.campaign, joined.door) == (ADVENT, 3)


async def test_hunt_of_another_campaign_does_not_join(database: str) -> None:
    async with stored(database, doors(0.5)) as (campaigns, _):
        other = CampaignDefinition(altered(ADVENT, id="other"), doors(0.5))
        with pytest.raises(WrongState, match="'advent-01' is in another campaign"):
            await campaigns.apply(other, new_seed=seed, actor="test")


async def test_hunts_and_campaigns_share_no_id(database: str) -> None:
    async with stored(database, doors(0.5)) as (campaigns, pool):
        hunts = Hunts(pool)
        with pytest.raises(WrongState, match="there is a campaign 'advent'"):
            await hunts.apply(replace(PLAIN, id="advent"), seed=seed(), actor="test")
        await hunts.apply(PLAIN, seed=seed(), actor="test")
        with pytest.raises(WrongState, match="there is a hunt 'harbour'"):
            await apply(campaigns, *doors(0.5), id="harbour")


async def test_campaign_is_deleted_with_its_doors(database: str) -> None:
    async with stored(database, doors(0.5, 1.5)) as (campaigns, pool):
        assert await campaigns.delete("advent", actor="ada") == ["advent-01", "advent-02"]
        assert await Hunts(pool).all() == []
        assert not await campaigns.exists("advent")
        with pytest.raises(HuntNotFound, match="no campaign 'advent': 'hunt campaigns'"):
            await campaigns.delete("advent", actor="ada")
        assert await apply(campaigns, *doors(0.5))


async def test_campaign_that_opens_late_leaves_out_the_doors_that_passed(database: str) -> None:
    async with stored(database, doors(-0.5, 0.5), state="draft") as (campaigns, pool):
        await travel(pool, DAY)
        assert await campaigns.set_state("advent", "open", actor="ada") == ["advent-02"]
        assert [each.state for each in await Hunts(pool).all()] == ["draft", "open"]


async def test_two_appliers_at_once_create_one_campaign(database: str) -> None:
    found = doors(-0.5, 0.5)
    other = altered(ADVENT, id="other")
    async with stored(database, doors(0.5, campaign="other"), campaign=other) as (campaigns, pool):
        changes: list[list[str]] = []

        async def create() -> None:
            changes.append(await apply(campaigns, *found))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(create)
            nursery.start_soon(create)
        assert sorted(map(len, changes)) == [0, 3]
        assert len(await Hunts(pool).all()) == 3
