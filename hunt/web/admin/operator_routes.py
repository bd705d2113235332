"""Blueprints whose routes require an operator token and the operations address."""

from __future__ import annotations

from collections.abc import Collection, Container

from quart import Blueprint, request

from hunt.core.form import ID
from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.core.tokens import Identity
from hunt.errors import HuntNotFound, InvalidRequest, NotAllowed, NotAuthenticated
from hunt.operations import Operations
from hunt.play import auth
from hunt.play.play import Play
from hunt.web import caller
from hunt.web.admin import refused_operators, rights


def operator_blueprint(
    name: str,
    play: Play,
    operations: Operations,
    *,
    prefix: str,
    filtered: Collection[str] = (),
) -> Blueprint:
    """Return a blueprint that requires an operator token and the operations address.

    A token may have the claim ``roles``: it is valid for the routes of these roles only, see
    `hunt.web.admin.rights`.

    It may have the claim ``hunts``: it is valid for these hunts only.  A route with a hunt in its
    path checks the claim.  Any other route refuses a token with the claim, unless its function
    is in `filtered`.

    Args:
        name: Name of the blueprint.
        play: Authenticates operators.
        operations: The address of operators, and the audit trail of refused requests.
        prefix: Prefix of the paths.
        filtered: Names of functions that restrict their result to the hunts of the claim.
    """
    routes = Blueprint(name, __name__, url_prefix=prefix)

    @routes.before_request
    async def authorize() -> None:
        caller.check_operations_address(operations)
        operator = None
        try:
            identity = caller.operator_identity(play)
            operator = identity.player
            _check_claim(identity, filtered)
            rights.check(identity, request.endpoint or "")
        except (NotAuthenticated, NotAllowed) as refusal:
            refused_operators.record(
                operations, refusal, operator=operator, address=caller.source(play).key
            )
            raise
        _check_path()

    return routes


def _check_claim(identity: Identity, filtered: Collection[str]) -> None:
    """Raise `NotAllowed` if the claim ``hunts`` of the token excludes the current route."""
    path = request.view_args or {}
    if "hunt_id" in path:
        auth.check_hunt(identity, path["hunt_id"])
        return
    _, _, function = (request.endpoint or "").rpartition(".")
    if identity.hunts is not None and function not in filtered:
        raise NotAllowed(auth.ALL_HUNTS)


def _check_path() -> None:
    """Raise `HuntNotFound` or `InvalidRequest` if an id in the path is malformed."""
    path = request.view_args or {}
    if "hunt_id" in path and not ID.fullmatch(path["hunt_id"]):
        raise HuntNotFound("there is no such hunt")
    if "player" in path and not valid_player(path["player"]):
        wrong = f"must be {VALID_PLAYER}"
        raise InvalidRequest("the path is not valid", errors={"player": wrong})


def check_known(hunt_id: str, known: Container[str]) -> None:
    """Raise `HuntNotFound` unless there is a hunt of that id."""
    if hunt_id not in known:
        raise HuntNotFound(f"there is no hunt {hunt_id!r}")
