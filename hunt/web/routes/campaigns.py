"""Routes of campaigns for players."""

from __future__ import annotations

from quart import Blueprint

from hunt.engine import Engine
from hunt.play.campaign_player_views import CampaignBoard, CampaignHistory, CampaignStanding
from hunt.play.campaign_views import CampaignDetails, CampaignList, Campaigns
from hunt.web.routes.reading import add_resource


def blueprint(engine: Engine) -> Blueprint:
    """Return the routes of campaigns."""
    routes = Blueprint("campaigns", __name__)
    play, standings = engine.play, engine.store.campaign_standings
    campaigns = Campaigns(engine.catalogue.hunts, engine.catalogue.now)
    for resource in (
        CampaignList(campaigns),
        CampaignDetails(campaigns, engine.page_files.address),
        CampaignHistory(campaigns, standings, play.authenticator),
        CampaignStanding(campaigns, standings, play.authenticator),
        CampaignBoard(campaigns, standings, play.authenticator, engine.campaign_boards),
    ):
        add_resource(routes, play, resource)
    return routes
