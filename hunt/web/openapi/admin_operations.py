"""The operations under ``/v1/admin``, for operators."""

from __future__ import annotations

from typing import get_args

from hunt.core.claims import RewardState
from hunt.values import MOST_SEQ
from hunt.web.openapi import (
    admin_schemas,
    anomaly_schemas,
    ban_schemas,
    definition_schemas,
    live_schemas,
    proof_schemas,
    reward_schemas,
    schedule_schemas,
    schemas,
)
from hunt.web.openapi.operation import (
    AFTER,
    LIMIT,
    STRING,
    Operation,
    Parameter,
    Schema,
    integer,
)
from hunt.web.openapi.operation import for_operators as _operation

_HUNT = "/hunts/{hunt}"
_STOCK_CHANGE: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**31 - 1},
    "examples": [{"gold-coin": 500}],
}

_HUNTS = (
    _operation(
        "admin_hunts", "GET", "/hunts", "List all hunts, drafts included.",
        admin_schemas.AdminHuntList,
    ),
    _operation(
        "admin_create", "POST", "/hunts", "Create a hunt as a draft.",
        admin_schemas.AdminHunt, 409,
        body=definition_schemas.Definition, status=201, headers=("Location",),
    ),
    _operation(
        "admin_hunt", "GET", _HUNT, "Get a hunt with its definition, secret positions included.",
        admin_schemas.AdminHunt,
    ),
    _operation(
        "admin_change", "PUT", _HUNT, "Change the definition; creates a new version.",
        admin_schemas.AdminHunt, 409, body=definition_schemas.Definition,
    ),
    _operation(
        "admin_delete", "DELETE", _HUNT, "Delete a hunt that has no clicks.",
        admin_schemas.DeletedHunt, 409,
    ),
    _operation("admin_open", "POST", f"{_HUNT}/open", "Open a hunt.", admin_schemas.AdminHunt, 409),
    _operation(
        "admin_pause", "POST", f"{_HUNT}/pause",
        "Pause a hunt: it refuses clicks until it is opened again.", admin_schemas.AdminHunt, 409,
    ),
    _operation(
        "admin_close", "POST", f"{_HUNT}/close",
        "Close a hunt permanently; its seed becomes public.", admin_schemas.AdminHunt, 409,
    ),
    _operation(
        "admin_announce", "PUT", f"{_HUNT}/announcement",
        "Show a text to all players of a hunt; null withdraws the last announcement.",
        admin_schemas.Announced, 409, body=admin_schemas.NewAnnouncement,
    ),
    _operation(
        "admin_seed_share", "PUT", f"{_HUNT}/seed-share",
        "Enter the second share of the seed of a hunt.",
        proof_schemas.EnteredShare, 409, body=proof_schemas.SeedShare,
    ),
    _operation(
        "admin_versions", "GET", f"{_HUNT}/versions", "List all versions of the definition.",
        admin_schemas.HuntVersionList,
    ),
    _operation(
        "admin_stock", "GET", f"{_HUNT}/stock", "Get total and remaining stock of every prize.",
        admin_schemas.StockList,
    ),
    _operation(
        "admin_restock", "PATCH", f"{_HUNT}/stock",
        "Set the total stock of prizes by id; null means unlimited.",
        admin_schemas.StockList, 409, body=_STOCK_CHANGE,
    ),
)  # fmt: skip

_CODES = (
    _operation(
        "admin_codes", "GET", f"{_HUNT}/codes", "Count the codes of each prize; shows no code.",
        admin_schemas.CodeStatusList,
    ),
    _operation(
        "admin_load_codes", "POST", f"{_HUNT}/prizes/{{prize}}/codes",
        "Load codes of a prize, all or none; they raise its stock at once.",
        admin_schemas.LoadedCodes, 400, 409, body=admin_schemas.NewCodes, status=201,
    ),
)  # fmt: skip

_ID: Schema = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}
_TIME: Schema = {"type": "string", "format": "date-time"}

_PLAYERS = (
    _operation(
        "admin_winners", "GET", f"{_HUNT}/winners",
        "List the clicks that won a prize, in the order of the log; the audit trail records it.",
        reward_schemas.WinnerPage, 400, also=("text/csv", "application/x-ndjson"),
        parameters=(
            Parameter(name="prize", description="Return only wins of this prize.", schema=_ID),
            Parameter(
                name="player", description="Return only wins of this player.",
                schema={"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
            ),
            Parameter(
                name="state", description="Return only rewards in this state.",
                schema={"type": "string", "enum": list(get_args(RewardState))},
            ),
            Parameter(
                name="fields", description="`true`: with the fields of claims.",
                schema={"type": "string", "enum": ["true", "false"]},
            ),
            Parameter(
                name="since", description="Return only wins settled at this time or later.",
                schema=_TIME,
            ),
            Parameter(
                name="until", description="Return only wins settled before this time.",
                schema=_TIME,
            ),
            Parameter(
                name="format",
                description="`csv` and `ndjson` have the next page in the header `Link`.",
                schema={"type": "string", "enum": ["json", "csv", "ndjson"]},
            ),
            AFTER,
            LIMIT,
        ),
    ),
    _operation(
        "admin_export_log", "GET", f"{_HUNT}/export",
        "Stream winners or all clicks as a file; the audit trail records it.",
        STRING, 400, mimetype="text/csv",
        also=("application/x-ndjson", "application/vnd.apache.parquet"),
        parameters=(
            Parameter(
                name="what", description="Rows that won a prize, or all.",
                schema={"type": "string", "enum": ["winners", "clicks"]},
            ),
            Parameter(
                name="format", description="`parquet` needs pyarrow on the server.",
                schema={"type": "string", "enum": ["csv", "ndjson", "parquet"]},
            ),
            integer("since_seq", 0, MOST_SEQ, "Return only rows with a greater `seq`."),
        ),
    ),
    _operation(
        "admin_reward", "GET", f"{_HUNT}/rewards/{{seq}}",
        "Get a reward with the history of its state; for the role `fulfilment` also the fields of "
        "its claim. The audit trail records it.",
        reward_schemas.AdminReward, 400,
    ),
    _operation(
        "admin_sent", "POST", f"{_HUNT}/rewards/sent",
        "Mark rewards as sent, all or none.",
        reward_schemas.ChangedRewards, 409, body=reward_schemas.SentRewards,
    ),
    _operation(
        "admin_void", "POST", f"{_HUNT}/rewards/void",
        "Void rewards, all or none; by player, all that are not sent.",
        reward_schemas.ChangedRewards, 409, body=reward_schemas.VoidRewards,
    ),
    _operation(
        "admin_rewards", "GET", f"{_HUNT}/players/{{player}}/rewards",
        "List a player's rewards in a hunt; the audit trail records it.",
        schemas.RewardPage, 400, parameters=(AFTER, LIMIT),
    ),
    _operation(
        "admin_export", "GET", "/players/{player}",
        "Export all stored data of a player; the audit trail records it.",
        admin_schemas.PlayerExport, 400,
        parameters=(
            Parameter(
                name="after", description="`next` of the previous page.",
                schema={"type": "string", "pattern": "^[a-z0-9-]{1,64}:[0-9]{1,18}$"},
            ),
            LIMIT,
        ),
    ),
    _operation(
        "admin_erase", "DELETE", "/players/{player}",
        "Erase a player: replace their id in every click by a random pseudonym.",
        admin_schemas.Erasure, 400,
    ),
    _operation(
        "admin_names", "GET", "/names", "Find the players whose names read like a name.",
        admin_schemas.PlayerNames, 400,
        parameters=(Parameter(name="name", description="The name.", schema=STRING),),
    ),
    _operation(
        "admin_refuse_name", "PUT", "/players/{player}/name",
        "Hide the name of a player for good, or show it again.",
        admin_schemas.PlayerName, 400, body=admin_schemas.NameRefusal,
    ),
    _operation(
        "admin_bans", "GET", "/bans", "List the bans in force.", ban_schemas.BanList,
    ),
    _operation(
        "admin_ban", "POST", "/bans",
        "Ban a player, or a network; replaces a ban of the same client in the same hunts.",
        ban_schemas.NewlyBanned, 400, body=ban_schemas.NewBan, status=201,
    ),
    _operation(
        "admin_unban", "DELETE", "/bans/{ban}", "Lift a ban.", ban_schemas.Ban,
    ),
    _operation(
        "admin_live", "GET", f"{_HUNT}/live",
        "Show the present state of a hunt: prizes against plan, and clicks and wins by minute.",
        live_schemas.LiveHunt,
    ),
    _operation(
        "admin_anomalies", "GET", f"{_HUNT}/anomalies",
        "List players and addresses with unusual figures.", anomaly_schemas.Anomalies, 400,
        parameters=(integer("clicks", 100, 50_000, "Newest clicks to examine; default 20,000."),),
    ),
    _operation(
        "admin_schedule", "GET", f"{_HUNT}/schedule",
        "List the entries of a hunt's schedule, by time.", schedule_schemas.Schedule,
    ),
    _operation(
        "admin_schedule_add", "POST", f"{_HUNT}/schedule",
        "Add an entry: an act that one process performs at its time, exactly once.",
        schedule_schemas.ScheduleEntry, 400, 409, body=schedule_schemas.NewScheduleEntry,
        status=201,
    ),
    _operation(
        "admin_schedule_remove", "DELETE", f"{_HUNT}/schedule/{{entry}}",
        "Remove a waiting entry.", schedule_schemas.ScheduleEntry, 409,
    ),
    _operation(
        "admin_audit", "GET", "/audit", "List the audit trail, newest first.",
        admin_schemas.AuditPage, 400,
        parameters=(
            Parameter(
                name="hunt", description="Return only entries about this hunt.",
                schema={"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
            ),
            Parameter(
                name="player",
                description="Return only entries about this player, whose pseudonym they hold.",
                schema={"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
            ),
            integer("before", 1, MOST_SEQ, "Return only entries with a smaller id."),
            LIMIT,
        ),
    ),
)  # fmt: skip

_PROCESSES = (
    _operation(
        "admin_drain", "POST", "/drain",
        "Drain a worker process: it finishes the clicks in flight, then exits.",
        admin_schemas.DrainStarted, 400, status=202,
        parameters=(
            integer("process", 1, 2**31 - 1, "Process id; default: the responding process."),
        ),
    ),
    _operation(
        "admin_breaker", "POST", "/breaker",
        "Hold the circuit breaker of all worker processes open or closed, or release it.",
        admin_schemas.BreakerState, body=admin_schemas.BreakerOverride,
    ),
)  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (*_HUNTS, *_CODES, *_PLAYERS, *_PROCESSES)
