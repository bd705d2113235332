"""``/v1/admin/campaigns``: create, change, open, pause, close and delete campaigns."""

from __future__ import annotations

import os
from collections.abc import Iterable

from quart import Blueprint, Response

from hunt.core.campaign import campaign_from_json, campaign_to_json, grouped
from hunt.core.fairness import new_seed
from hunt.core.form import ID
from hunt.core.hunts import Hunt, State
from hunt.errors import DefinitionError, HuntNotFound, InvalidRequest
from hunt.operations import Operations
from hunt.play import auth
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin.hunt_json import hunt_summary
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.admin.schedule import entry_json, new_entry
from hunt.web.responses import json_response

_FILTERED = (
    "campaigns",
    "campaign",
    "change",
    "delete",
    "open_",
    "pause",
    "close",
    "schedule",
    "add_to_schedule",
)


def blueprint(play: Play, operations: Operations, store: Store) -> Blueprint:
    """Return the operators' routes of campaigns."""
    routes = operator_blueprint(
        "admin_campaigns", play, operations, prefix="/v1/admin/campaigns", filtered=_FILTERED
    )

    @routes.get("")
    async def campaigns() -> Response:
        allowed = caller.operator_identity(play).hunts
        found = [
            _summary(doors)
            for doors in grouped(await store.hunts.all()).values()
            if allowed is None or all(each.id in allowed for each in doors)
        ]
        return json_response({"campaigns": found})

    @routes.get("/<campaign>")
    async def campaign(campaign: str) -> Response:
        await _check(play, store, campaign)
        entry = Entry(
            actor=caller.operator(play), action="campaign read", detail={"campaign": campaign}
        )
        await store.audit.record(entry)
        return json_response(await _details(store, campaign))

    @routes.put("/<campaign>")
    async def change(campaign: str) -> Response:
        raw = {"id": campaign, **await bodies.json_object()}
        if raw["id"] != campaign:
            raise InvalidRequest("the campaign is not valid", errors={"id": f"must be {campaign}"})
        try:
            wanted = campaign_from_json(raw)
            _check_hunts(play, (each.definition.id for each in wanted.doors))
            await _check(play, store, campaign, may_lack=True)
            changes = await store.campaigns.apply(
                wanted, new_seed=lambda: new_seed(os.urandom), actor=caller.operator(play)
            )
        except DefinitionError as exc:
            raise InvalidRequest("the campaign is not valid", errors=exc.errors) from None
        return json_response(await _details(store, campaign) | {"changes": changes})

    @routes.delete("/<campaign>")
    async def delete(campaign: str) -> Response:
        await _check(play, store, campaign)
        hunts = await store.campaigns.delete(campaign, actor=caller.operator(play))
        return json_response({"deleted": campaign, "hunts": hunts})

    async def set_state(campaign: str, state: State) -> Response:
        await _check(play, store, campaign)
        changed = await store.campaigns.set_state(campaign, state, actor=caller.operator(play))
        return json_response(await _summary_of(store, campaign) | {"changed": changed})

    @routes.post("/<campaign>/open")
    async def open_(campaign: str) -> Response:
        return await set_state(campaign, "open")

    @routes.post("/<campaign>/pause")
    async def pause(campaign: str) -> Response:
        return await set_state(campaign, "paused")

    @routes.post("/<campaign>/close")
    async def close(campaign: str) -> Response:
        return await set_state(campaign, "closed")

    @routes.get("/<campaign>/schedule")
    async def schedule(campaign: str) -> Response:
        await _check(play, store, campaign)
        found = await store.campaign_schedule.entries(campaign)
        return json_response({"entries": [{"hunt": hunt} | entry_json(e) for hunt, e in found]})

    @routes.post("/<campaign>/schedule")
    async def add_to_schedule(campaign: str) -> Response:
        await _check(play, store, campaign)
        new = new_entry(await bodies.json_object())
        made = await store.campaign_schedule.add(campaign, new, actor=caller.operator(play))
        entries = [{"hunt": hunt} | entry_json(entry) for hunt, entry in made]
        return json_response({"entries": entries}, status=201)

    return routes


def _check_hunts(play: Play, hunts: Iterable[str]) -> None:
    """Raise `NotAllowed` unless the operator's token permits each of the hunts."""
    identity = caller.operator_identity(play)
    for hunt in hunts:
        auth.check_hunt(identity, hunt)


async def _check(play: Play, store: Store, campaign: str, *, may_lack: bool = False) -> None:
    """Raise `HuntNotFound` or `NotAllowed` unless the operator may act on a campaign."""
    found = await store.campaigns.get(campaign) if ID.fullmatch(campaign) else None
    if found is None and not may_lack:
        raise HuntNotFound(f"there is no campaign {campaign!r}")
    if found is not None:
        _check_hunts(play, (each.definition.id for each in found[1]))


async def _details(store: Store, campaign: str) -> dict[str, object]:
    found = await store.campaigns.get(campaign)
    if found is None:
        raise HuntNotFound(f"there is no campaign {campaign!r}")
    return campaign_to_json(*found)


async def _summary_of(store: Store, campaign: str) -> dict[str, object]:
    doors = grouped(await store.hunts.all()).get(campaign)
    if doors is None:
        raise HuntNotFound(f"there is no campaign {campaign!r}")
    return _summary(doors)


def _summary(doors: list[Hunt]) -> dict[str, object]:
    campaign = doors[0].campaign
    assert campaign is not None, "it is a door"
    return {
        "id": campaign.id,
        "title": campaign.title,
        "doors": [_door(each) for each in doors],
    }


def _door(hunt: Hunt) -> dict[str, object]:
    return hunt_summary(hunt) | {
        "door": hunt.door,
        "opens_at": moment(hunt.definition.opens_at),
        "closes_at": moment(hunt.definition.closes_at),
    }
