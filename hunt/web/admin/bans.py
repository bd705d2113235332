"""``/v1/admin/bans``: players and networks that may not play."""

from __future__ import annotations

from msgspec.structs import asdict
from quart import Blueprint, Response

from hunt.core.bans import MAX_REASON, Ban, names_player, parse_network
from hunt.core.form import ID, VALID_ID
from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.core.tokens import Identity
from hunt.errors import InvalidRequest, NotAllowed
from hunt.operations import Operations
from hunt.play.auth import ALL_HUNTS, OTHER_HUNT
from hunt.play.play import Play
from hunt.store.bans import NewBan, StoredBans
from hunt.values import MOST_SECONDS
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response


def blueprint(play: Play, operations: Operations, bans: StoredBans) -> Blueprint:
    """Return the operators' routes of bans.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        bans: The bans in the database.
    """
    routes = operator_blueprint(
        "admin_bans", play, operations, prefix="/v1/admin", filtered={"listed", "add", "remove"}
    )

    @routes.get("/bans")
    async def listed() -> Response:
        hunts = caller.operator_identity(play).hunts
        found = await bans.read()
        return json_response(
            {"bans": [_json(each) for each in found if hunts is None or each.hunt in hunts]}
        )

    @routes.post("/bans")
    async def add() -> Response:
        operator = caller.operator_identity(play)
        new, void = _new(await bodies.json_object())
        _check_hunt(operator, new)
        ban = await bans.add(new, actor=operator.player)
        voided = await bans.void(new, actor=operator.player) if void else 0
        return json_response(_json(ban) | {"voided": voided}, status=201)

    @routes.delete("/bans/<int:ban>")
    async def remove(ban: int) -> Response:
        operator = caller.operator_identity(play)
        lifted = await bans.remove(ban, actor=operator.player, hunts=operator.hunts)
        return json_response(_json(lifted))

    return routes


def _check_hunt(operator: Identity, new: NewBan) -> None:
    """Raise `NotAllowed` unless the operator's token is for the hunts of a ban."""
    if operator.hunts is not None and new.hunt not in operator.hunts:
        raise NotAllowed(ALL_HUNTS if new.hunt is None else OTHER_HUNT)


def _json(ban: Ban) -> dict[str, object]:
    return asdict(ban)


def _new(given: dict[str, object]) -> tuple[NewBan, bool]:
    """Return the ban in the body of a request, and whether it voids the player's rewards.

    Raises:
        InvalidRequest: A member is unknown, missing or wrong.
    """
    known = {"player", "network", "hunt", "reason", "seconds", "void"}
    errors = {name: "is not known" for name in given if name not in known}
    player, network, hunt = given.get("player"), given.get("network"), given.get("hunt")
    reason, seconds = given.get("reason", ""), given.get("seconds")
    if (player is None) == (network is None):
        errors["player"] = "give either player or network"
    elif player is not None and not (isinstance(player, str) and valid_player(player)):
        errors["player"] = f"must be {VALID_PLAYER}"
    if network is not None:
        try:
            network = parse_network(network if isinstance(network, str) else "")
        except ValueError:
            errors["network"] = "must be an address or a network, as in 203.0.113.0/24"
    if hunt is not None and not (isinstance(hunt, str) and ID.fullmatch(hunt)):
        errors["hunt"] = f"must be the id of a hunt, {VALID_ID}"
    if not isinstance(reason, str) or len(reason) > MAX_REASON or "\0" in reason:
        errors["reason"] = f"must be a text of at most {MAX_REASON} characters"
    if seconds is not None and not (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and 0 < seconds <= MOST_SECONDS
    ):
        errors["seconds"] = f"must be a number over 0, at most {MOST_SECONDS:.0f}"
    void = given.get("void", False)
    if not isinstance(void, bool) or (void and player is None):
        errors["void"] = "must be true or false, and is for players only"
    elif isinstance(reason, str) and isinstance(player, str) and names_player(reason, player):
        errors["reason"] = "must not contain the player's id"
    if errors:
        raise InvalidRequest("the body is not valid", errors=errors)
    fields = {"player": player, "network": network, "hunt": hunt, "seconds": seconds}
    return NewBan(reason=str(reason), **fields), void is True  # type: ignore[arg-type]
