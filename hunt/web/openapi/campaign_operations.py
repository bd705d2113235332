"""The operations of campaigns, for players and for operators."""

from __future__ import annotations

from hunt.web.openapi import campaign_schemas as schemas
from hunt.web.openapi import schedule_schemas
from hunt.web.openapi.operation import (
    IF_NONE_MATCH,
    LIMIT,
    PLAYER,
    Operation,
    Parameter,
    Response,
    cacheable,
    for_operators,
    integer,
)

_CAMPAIGN = "/campaigns/{campaign}"
_AFTER = Parameter(
    name="after",
    description="`next` of the page before.",
    schema={"type": "string", "pattern": "^[0-9]{1,3}-[0-9]{1,18}$"},
)

PUBLIC = (
    Operation(
        name="campaigns", method="GET", path="/v1/campaigns", tag="reading",
        summary="List all campaigns except drafts.",
        responses=cacheable(schemas.CampaignList), parameters=(IF_NONE_MATCH,),
    ),
    Operation(
        name="campaign", method="GET", path=f"/v1{_CAMPAIGN}", tag="reading",
        summary="Get a campaign with its doors in order.",
        responses=cacheable(schemas.Campaign), errors=(404,), parameters=(IF_NONE_MATCH,),
    ),
    Operation(
        name="campaign_rewards", method="GET", path=f"/v1{_CAMPAIGN}/rewards", tag="reading",
        summary="List the player's own rewards over all doors, in pages.",
        responses=(Response(body=schemas.CampaignRewardPage),), errors=(400, 401, 403, 404, 503),
        parameters=(_AFTER, LIMIT), security=PLAYER,
    ),
    Operation(
        name="campaign_standing", method="GET", path=f"/v1{_CAMPAIGN}/standing", tag="reading",
        summary="Get the player's points, wins and streak over all doors.",
        responses=(Response(body=schemas.CampaignStanding),), errors=(401, 403, 404, 503),
        security=PLAYER,
    ),
    Operation(
        name="campaign_leaderboard", method="GET", path=f"/v1{_CAMPAIGN}/leaderboard",
        tag="reading",
        summary="List the players with the most points over all doors; up to a few seconds old.",
        responses=cacheable(schemas.CampaignLeaderboard), errors=(400, 404, 503),
        parameters=(
            integer("limit", 1, 100, "Maximum number of players in the response."),
            IF_NONE_MATCH,
        ),
        security=("", *PLAYER),
    ),
)  # fmt: skip

ADMIN = (
    for_operators(
        "admin_campaigns", "GET", "/campaigns",
        "List all campaigns with the states of their doors, drafts included.",
        schemas.AdminCampaignList,
    ),
    for_operators(
        "admin_campaign", "GET", _CAMPAIGN,
        "Get a campaign with the definitions of its doors, secret positions included.",
        schemas.AdminCampaign,
    ),
    for_operators(
        "admin_change_campaign", "PUT", _CAMPAIGN,
        "Create or change a campaign and its doors, all or nothing.",
        schemas.AdminCampaign, 409, body=schemas.CampaignDefinition,
    ),
    for_operators(
        "admin_delete_campaign", "DELETE", _CAMPAIGN,
        "Delete a campaign and its doors, if none has clicks.", schemas.DeletedCampaign, 409,
    ),
    for_operators(
        "admin_open_campaign", "POST", f"{_CAMPAIGN}/open",
        "Open all doors that are not over; each takes clicks at its own times.",
        schemas.AdminCampaignSummary, 409,
    ),
    for_operators(
        "admin_pause_campaign", "POST", f"{_CAMPAIGN}/pause",
        "Pause all doors that are not over.", schemas.AdminCampaignSummary, 409,
    ),
    for_operators(
        "admin_close_campaign", "POST", f"{_CAMPAIGN}/close",
        "Close all doors permanently; their seeds become public.",
        schemas.AdminCampaignSummary, 409,
    ),
    for_operators(
        "admin_campaign_schedule", "GET", f"{_CAMPAIGN}/schedule",
        "List the entries of the schedules of all doors, by time.",
        schedule_schemas.CampaignSchedule,
    ),
    for_operators(
        "admin_campaign_schedule_add", "POST", f"{_CAMPAIGN}/schedule",
        "Add an entry to each door that is not over, all or none; not a release.",
        schedule_schemas.CampaignSchedule, 409, body=schedule_schemas.NewScheduleEntry,
        status=201,
    ),
)  # fmt: skip
