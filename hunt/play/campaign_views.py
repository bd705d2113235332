"""The list of campaigns and the details of a campaign, made again when a door changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from hunt.core import wire
from hunt.core.cache import Cache
from hunt.core.campaign import Campaign, grouped
from hunt.core.hunts import Hunt
from hunt.core.proxies import Peer
from hunt.errors import HuntNotFound
from hunt.play.campaign_json import campaign_details, campaign_summary
from hunt.play.hunt_views import CACHE_SIZE, Kept, renewed
from hunt.play.look import Address, no_address
from hunt.play.replies import Reply
from hunt.play.request import Request
from hunt.play.resources import READS

#: Estimated bytes of a document besides its body and the compressed one.
_ENTRY = 2000


class Campaigns:
    """The campaigns that players can see.

    Args:
        hunts: Every hunt, by id; the catalogue keeps it current.
        now: Returns the time of the database's clock.
    """

    def __init__(self, hunts: Mapping[str, Hunt], now: Callable[[], datetime]) -> None:
        self._hunts = hunts
        self.now = now

    def shown(self) -> list[Hunt]:
        """Return the doors of all campaigns, without drafts."""
        return [
            hunt
            for hunt in self._hunts.values()
            if hunt.campaign is not None and hunt.state != "draft"
        ]

    def doors(self, campaign: str) -> list[Hunt]:
        """Return the doors of a campaign in order, without drafts; at least one.

        Raises:
            HuntNotFound: There is no such campaign, or all its doors are drafts.
        """
        found = [
            hunt
            for hunt in self._hunts.values()
            if hunt.campaign is not None and hunt.campaign.id == campaign and hunt.state != "draft"
        ]
        if not found:
            raise HuntNotFound("there is no such campaign")
        return sorted(found, key=lambda each: each.door or 0)


def campaign_of(doors: list[Hunt]) -> Campaign:
    """Return the campaign of its doors."""
    campaign = doors[0].campaign
    assert campaign is not None, "it is a door"
    return campaign


class CampaignList:
    """``GET /v1/campaigns``."""

    route = "/v1/campaigns"
    methods = READS

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns
        self._kept: Kept | None = None

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        shown = self._campaigns.shown()
        self._kept = renewed(self._kept, shown, self._campaigns.now, partial(self._body, shown))
        return self._kept.document.reply(request)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)

    def _body(self, shown: list[Hunt]) -> bytes:
        found = [
            campaign_summary(campaign_of(doors), doors, self._campaigns.now())
            for doors in grouped(shown).values()
        ]
        return wire.encode({"campaigns": found})


class CampaignDetails:
    """``GET /v1/campaigns/{campaign}``; the id in the path is the request's `hunt`.

    Args:
        campaigns: The campaigns.
        address: Returns the address of a file of a page.
    """

    route = "/v1/campaigns/<campaign>"
    methods = READS

    def __init__(self, campaigns: Campaigns, address: Address = no_address) -> None:
        self._campaigns = campaigns
        self._address = address
        self._kept: Cache[str, Kept] = Cache(
            CACHE_SIZE, lambda _, kept: _ENTRY + 2 * len(kept.document.body)
        )

    def peek(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        doors = self._campaigns.doors(request.hunt)
        kept = self._kept.get(request.hunt)
        found = renewed(kept, doors, self._campaigns.now, partial(self._body, doors))
        if found is not kept:
            self._kept.put(request.hunt, found)
        return found.document.reply(request)

    async def get(self, request: Request, peer: Peer) -> Reply:
        """See `hunt.play.resources.Resource`."""
        return self.peek(request, peer)

    def _body(self, doors: list[Hunt]) -> bytes:
        now = self._campaigns.now()
        return wire.encode(campaign_details(campaign_of(doors), doors, now, self._address))
