"""``/v1/admin/hunts/{hunt}/rewards``: read, send and void rewards."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Literal

from msgspec.structs import asdict
from quart import Blueprint, Response

from hunt.core.player_ids import VALID_PLAYER, valid_player
from hunt.core.tokens import Identity
from hunt.errors import InvalidRequest, RewardNotFound, RewardsUnchanged
from hunt.operations import Operations
from hunt.play.claims import Claims
from hunt.play.hunt_json import moment
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.reward_states import Asked
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin import rights
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.responses import json_response

#: Rewards of one request.
MOST = 1000

#: Characters of a reason.
MAX_REASON = 200

MAX_SEQ = 10**18 - 1


def blueprint(
    play: Play, operations: Operations, *, store: Store, claims: Claims, known: Container[str]
) -> Blueprint:
    """Return the operators' routes of rewards.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the rewards.
        claims: Opens the fields of claims.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_rewards", play, operations, prefix="/v1/admin")
    states = store.reward_states

    @routes.get("/hunts/<hunt_id>/rewards/<seq>")
    async def show(hunt_id: str, seq: str) -> Response:
        _check(hunt_id, known)
        number = bodies.seq(seq)
        found = await states.get(hunt_id, number)
        if found is None:
            raise RewardNotFound
        operator = caller.operator_identity(play)
        may_read = rights.may_read_claims(operator)
        await store.audit.record(_read(operator, hunt_id, number, fields=may_read))
        history = await states.history(hunt_id, number)
        shown = {name: each for name, each in asdict(found.reward).items() if name != "sold_out"}
        shown["history"] = [asdict(each) | {"at": moment(each.at)} for each in history]
        if may_read:
            shown["fields"] = claims.fields(hunt_id, number, found.sealed)
        return json_response(shown)

    @routes.post("/hunts/<hunt_id>/rewards/sent")
    async def sent(hunt_id: str) -> Response:
        _check(hunt_id, known)
        body = await bodies.json_object()
        seqs, _ = _chosen(body, {"seqs"})
        actor = caller.operator(play)
        return changed("sent", await states.change(hunt_id, "sent", actor=actor, seqs=seqs))

    @routes.post("/hunts/<hunt_id>/rewards/void")
    async def void(hunt_id: str) -> Response:
        _check(hunt_id, known)
        body = await bodies.json_object()
        seqs, player = _chosen(body, {"seqs", "player", "reason"})
        asked = await states.change(
            hunt_id, "void", actor=caller.operator(play), seqs=seqs, player=player,
            reason=_reason(body),
        )  # fmt: skip
        return changed("void", asked)

    return routes


def changed(state: Literal["sent", "void"], asked: Sequence[Asked]) -> Response:
    """Return the answer to a change of rewards.

    Raises:
        RewardsUnchanged: One of them does not allow it, so none has changed.
    """
    if wrong := {str(each.seq): each.wrong for each in asked if each.wrong is not None}:
        raise RewardsUnchanged(wrong)
    skipped = [each for each in asked if each.before == "sent" != state]
    return json_response(
        {
            "state": state,
            "rewards": [
                {"seq": each.seq, "before": each.before} for each in asked if each not in skipped
            ],
            "skipped": len(skipped),
        }
    )


def _check(hunt_id: str, known: Container[str]) -> None:
    check_known(hunt_id, known)


def _read(operator: Identity, hunt: str, seq: int, *, fields: bool) -> Entry:
    detail: dict[str, object] = {"seq": seq, "fields": fields}
    return Entry(actor=operator.player, action="reward", hunt=hunt, detail=detail)


def _chosen(body: Mapping[str, object], names: set[str]) -> tuple[list[int] | None, str | None]:
    """Return the seqs in a body, or the player, exactly one of which it has.

    Raises:
        InvalidRequest: Neither is valid, or a member is unknown.
    """
    errors = {name: f"unknown: send {', '.join(sorted(names))}" for name in body.keys() - names}
    seqs, player = body.get("seqs"), body.get("player")
    if player is not None and seqs is None and "player" in names:
        if not isinstance(player, str) or not valid_player(player):
            errors["player"] = f"must be {VALID_PLAYER}"
    elif player is not None and "player" in names:
        errors["player"] = "send seqs or player, not both"
    elif not _are_seqs(seqs):
        errors["seqs"] = f"must be a list of 1 to {MOST} seqs"
    if errors:
        raise InvalidRequest("the body is not valid", errors=errors)
    return seqs, player  # type: ignore[return-value]


def _are_seqs(value: object) -> bool:
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MOST
        and all(type(each) is int and 1 <= each <= MAX_SEQ for each in value)
    )


def _reason(body: Mapping[str, object]) -> str:
    reason = body.get("reason")
    if isinstance(reason, str) and 1 <= len(reason) <= MAX_REASON and reason.isprintable():
        return reason
    wrong = f"must be one line of 1 to {MAX_REASON} characters"
    raise InvalidRequest("the body is not valid", errors={"reason": wrong})
