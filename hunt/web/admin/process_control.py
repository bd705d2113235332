"""``/v1/admin/drain`` and ``/v1/admin/breaker``: control of worker processes.

These routes work while the database is unavailable, because the audit queue writes later.
"""

from __future__ import annotations

import os
from typing import Literal

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hunt.core import wire
from hunt.errors import InvalidRequest
from hunt.host import Host
from hunt.operations import Operations
from hunt.play.play import Play
from hunt.service.commits import Commits
from hunt.store.audit import Entry
from hunt.web import bodies, caller
from hunt.web.admin import siblings
from hunt.web.admin.operator_routes import operator_blueprint
from hunt.web.responses import json_response


def blueprint(play: Play, operations: Operations, commits: Commits) -> Blueprint:
    """Return the routes that control worker processes."""
    routes = operator_blueprint("process", play, operations, prefix="/v1/admin")

    @routes.post("/drain")
    async def drain() -> Response:
        process = bodies.whole_number("process", os.getpid(), least=1, most=2**31 - 1)
        if process != os.getpid():
            await _drain_sibling(operations.host, process)
        else:
            actor = caller.operator(play)
            operations.audit_queue.add(
                Entry(
                    actor=actor,
                    action="drain",
                    detail={"before": "serving", "after": "draining", "process": process},
                )
            )
            operations.drain.requested.set()
        return json_response({"draining": True, "process": process}, status=202)

    @routes.post("/breaker")
    async def breaker() -> Response:
        force = _force(await bodies.json_object())
        before = commits.breaker.forced
        commits.breaker.force(force)
        commits.prober.observe()
        processes = 1
        if request.args.get("process") != "own":
            # The process that received the operator's request records the action, once.
            detail: dict[str, object] = {
                "before": before, "after": force, "force": force, "process": os.getpid(),
            }  # fmt: skip
            actor = caller.operator(play)
            operations.audit_queue.add(Entry(actor=actor, action="breaker", detail=detail))
            processes += await siblings.post(
                operations.host.siblings(),
                "/v1/admin/breaker?process=own",
                authorization=request.headers["Authorization"],
                body=wire.encode({"force": force}),
            )
        state = commits.breaker.state
        return json_response({"force": force, "state": state, "processes": processes})

    return routes


async def _drain_sibling(host: Host, process: int) -> None:
    """Forward a drain to the sibling process with this id, which records it.

    Raises:
        NotFound: There is no such process, or this request was itself forwarded.
    """
    accepted = 0
    if "passed" not in request.args:
        accepted = await siblings.post(
            host.siblings(),
            f"/v1/admin/drain?process={process}&passed=1",
            authorization=request.headers["Authorization"],
            body=b"{}",
        )
    if not accepted:
        raise NotFound("this server has no such process")


def _force(body: dict[str, object]) -> Literal["open", "closed"] | None:
    """Return the state in which to hold the breaker; None releases it."""
    match body:
        case {"force": "open" | "closed" | None as force, **rest} if not rest:
            return force
    raise InvalidRequest(
        "the body is not valid",
        errors={"force": "must be open, closed or null, and the only field"},
    )
