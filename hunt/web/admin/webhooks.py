"""``/v1/admin/hunts/{hunt}/webhooks``: the endpoints of a hunt's events."""

from __future__ import annotations

from collections.abc import Container

from quart import Blueprint, Response

from hunt.core.addresses import network
from hunt.errors import SealError, WebhookNotFound, WrongState
from hunt.operations import Operations
from hunt.play.history_view import MAX_LIMIT
from hunt.play.play import Play
from hunt.service.webhook_test import send_test
from hunt.settings import Settings
from hunt.store.store import Store
from hunt.web import bodies, caller
from hunt.web.admin import webhook_json
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.responses import json_response, refused

_ALL = "/hunts/<hunt_id>/webhooks"
_ONE = f"{_ALL}/<webhook_id>"


def blueprint(
    play: Play,
    operations: Operations,
    *,
    store: Store,
    settings: Settings,
    known: Container[str],
) -> Blueprint:
    """Return the routes of webhooks.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the endpoints.
        settings: Networks to which webhooks may be sent.
        known: Ids of the hunts.
    """
    routes = operator_blueprint(
        "admin_webhooks", play, operations, prefix="/v1/admin", filtered={"every"}
    )
    stored = store.webhooks
    allow = tuple(network(each) for each in settings.webhook_allow)

    @routes.errorhandler(SealError)
    async def sealed(error: SealError) -> Response:
        return refused(WrongState(str(error)))

    async def shown(hunt_id: str, webhook: int) -> dict[str, object]:
        return webhook_json.endpoint(await stored.get(hunt_id, webhook))

    @routes.get("/webhooks")
    async def every() -> Response:
        allowed = caller.operator_identity(play).hunts
        found = [webhook_json.endpoint(each) for each in await stored.states()]
        return json_response(
            {"webhooks": [each for each in found if allowed is None or each["hunt"] in allowed]}
        )

    @routes.get(_ALL)
    async def webhooks(hunt_id: str) -> Response:
        check_known(hunt_id, known)
        found = await stored.states(hunt_id)
        return json_response({"webhooks": [webhook_json.endpoint(each) for each in found]})

    @routes.post(_ALL)
    async def create(hunt_id: str) -> Response:
        new = webhook_json.new_endpoint(await bodies.json_object(), allow)
        id_, secret = await stored.create(hunt_id, new, actor=caller.operator(play))
        response = json_response(await shown(hunt_id, id_) | {"secret": secret}, status=201)
        response.headers["Location"] = f"/v1/admin/hunts/{hunt_id}/webhooks/{id_}"
        return response

    @routes.get(_ONE)
    async def webhook(hunt_id: str, webhook_id: str) -> Response:
        return json_response(await shown(hunt_id, _number(webhook_id)))

    @routes.patch(_ONE)
    async def change(hunt_id: str, webhook_id: str) -> Response:
        changes = webhook_json.changes(await bodies.json_object(), allow)
        await stored.change(hunt_id, _number(webhook_id), changes, actor=caller.operator(play))
        return json_response(await shown(hunt_id, _number(webhook_id)))

    @routes.delete(_ONE)
    async def remove(hunt_id: str, webhook_id: str) -> Response:
        await stored.remove(hunt_id, _number(webhook_id), actor=caller.operator(play))
        return json_response({"deleted": int(webhook_id)})

    @routes.post(f"{_ONE}/rotate")
    async def rotate(hunt_id: str, webhook_id: str) -> Response:
        keep = webhook_json.keep(await bodies.json_object())
        actor = caller.operator(play)
        secret = await stored.rotate(hunt_id, _number(webhook_id), keep=keep, actor=actor)
        return json_response(await shown(hunt_id, _number(webhook_id)) | {"secret": secret})

    @routes.post(f"{_ONE}/test")
    async def test(hunt_id: str, webhook_id: str) -> Response:
        answer = await send_test(
            stored, hunt_id, _number(webhook_id), allow, actor=caller.operator(play)
        )
        return json_response(
            {
                "delivered": answer.delivered,
                "status": answer.status,
                "seconds": round(answer.seconds, 3),
                "error": answer.error,
            }
        )

    @routes.post(f"{_ONE}/skip")
    async def skip(hunt_id: str, webhook_id: str) -> Response:
        skipped = await stored.skip(hunt_id, _number(webhook_id), actor=caller.operator(play))
        return json_response(await shown(hunt_id, _number(webhook_id)) | {"skipped": skipped})

    @routes.get(f"{_ONE}/dead")
    async def dead(hunt_id: str, webhook_id: str) -> Response:
        after = bodies.whole_number("after", 0, least=0, most=2**62)
        limit = bodies.whole_number("limit", MAX_LIMIT, least=1, most=MAX_LIMIT)
        await stored.get(hunt_id, _number(webhook_id))  # 404 if there is none
        found = await stored.dead(hunt_id, _number(webhook_id), after=after, limit=limit)
        following = found[-1].seq if len(found) == limit else None
        letters = [webhook_json.dead_letter(each) for each in found]
        return json_response({"dead": letters, "next": following})

    @routes.post(f"{_ONE}/replay")
    async def replay(hunt_id: str, webhook_id: str) -> Response:
        wanted, actor = webhook_json.replay(await bodies.json_object()), caller.operator(play)
        if isinstance(wanted, int):
            await stored.replay_from(hunt_id, _number(webhook_id), wanted, actor=actor)
        else:
            await stored.replay_dead(hunt_id, _number(webhook_id), wanted, actor=actor)
        return json_response(await shown(hunt_id, _number(webhook_id)))

    return routes


def _number(webhook_id: str) -> int:
    """Return the id of an endpoint in the path; raise `WebhookNotFound` if it is malformed."""
    if not (webhook_id.isascii() and webhook_id.isdigit() and len(webhook_id) <= 18):
        raise WebhookNotFound("there is no such webhook")
    return int(webhook_id)
