"""The public JSON of a campaign: a summary, and its doors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from hunt.core.campaign import Campaign, campaign_state, door_state
from hunt.core.hunts import Hunt
from hunt.core.page import Page, texts_to_json
from hunt.play.hunt_json import moment, public_prizes
from hunt.play.look import Address, look, no_address


def campaign_summary(campaign: Campaign, doors: Sequence[Hunt], now: datetime) -> dict[str, object]:
    """Return the entry of a campaign in the list of campaigns.

    Args:
        campaign: The campaign.
        doors: Its doors in order, without drafts; at least one.
        now: The time of the database's clock.
    """
    opens = [each.definition.opens_at for each in doors]
    closes = [each.definition.closes_at for each in doors]
    return {
        "id": campaign.id,
        "title": campaign.title,
        "state": campaign_state(_state(each, now) for each in doors),
        "opens_at": moment(min((each for each in opens if each), default=None)),
        "closes_at": moment(
            None if None in closes else max(each for each in closes if each is not None)
        ),
    }


def campaign_details(
    campaign: Campaign, doors: Sequence[Hunt], now: datetime, address: Address = no_address
) -> dict[str, object]:
    """Return a campaign with its doors; see `campaign_summary`.

    Its look is that of a door, without titles of prizes: each door has its own.
    """
    page = doors[0].definition.page
    return campaign_summary(campaign, doors, now) | {
        "timezone": campaign.timezone,
        "streak": campaign.streak,
        "doors": [_door(each, now) for each in doors],
        **({} if page is None else {"page": look(page, address, prizes=())}),
    }


def _state(hunt: Hunt, now: datetime) -> str:
    state = door_state(hunt, now)
    assert state is not None, "drafts are not shown"
    return state


def _door(hunt: Hunt, now: datetime) -> dict[str, object]:
    definition = hunt.definition
    prizes = public_prizes(hunt, now)
    known = () if prizes is None else {each.id for each in definition.prizes}
    texts = _titles(definition.page, known)
    return {
        "door": hunt.door,
        "hunt": hunt.id,
        "title": definition.title,
        "state": _state(hunt, now),
        "opens_at": moment(definition.opens_at),
        "closes_at": moment(definition.closes_at),
        **({} if prizes is None else {"prizes": prizes}),
        **({} if not texts else {"texts": texts}),
    }


def _titles(page: Page | None, prizes: Collection[str]) -> dict[str, object]:
    """Return the titles of a door and of its `prizes`, given by id, by language."""
    if page is None:
        return {}
    texts = texts_to_json(page, prizes).items()
    found = {
        language: {name: each[name] for name in ("title", "prize") if name in each}
        for language, each in texts
    }
    return {language: titles for language, titles in found.items() if titles}
