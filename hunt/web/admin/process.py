"""``/v1/admin/drain`` and ``/v1/admin/breaker``: an operator's hand on the process itself.

Nothing here waits for the database: these are for when it is away.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hunt.core import wire
from hunt.engine import Engine
from hunt.errors import InvalidRequest
from hunt.store.audit import Entry
from hunt.web import bodies, who
from hunt.web.admin import access, siblings
from hunt.web.admin.hunts import answer


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes that control the process."""
    routes = access.restricted("process", engine, prefix="/v1/admin")

    @routes.post("/drain")
    async def drain() -> Response:
        serving = engine()
        named = bodies.whole("process", os.getpid(), least=1, most=2**31 - 1)
        if named != os.getpid():
            await _drain_sibling(serving, named)
        else:
            serving.operations.audit_queue.add(
                Entry(actor=who.operator(serving), action="drain", detail={"process": named})
            )
            serving.operations.drain.requested.set()
        return answer({"draining": True, "process": named}, status=202)

    @routes.post("/breaker")
    async def breaker() -> Response:
        serving = engine()
        force = _force(await bodies.table())
        serving.commits.breaker.force(force)
        serving.commits.prober.observe()
        processes = 1
        if request.args.get("process") != "own":
            # Written down once, by the process that was asked.
            detail = {"force": force, "process": os.getpid()}
            serving.operations.audit_queue.add(
                Entry(actor=who.operator(serving), action="breaker", detail=dict(detail))
            )
            processes += await siblings.post(
                serving.operations.host.siblings(),
                "/v1/admin/breaker?process=own",
                authorization=request.headers["Authorization"],
                body=wire.encode({"force": force}),
            )
        return answer(
            {"force": force, "state": serving.commits.breaker.state, "processes": processes}
        )

    return routes


async def _drain_sibling(serving: Engine, process: int) -> None:
    """Let another process of this server drain, which is the one that records it.

    Raises:
        NotFound: There is none of that id, or this was asked by one that looks for it.
    """
    told = 0
    if "passed" not in request.args:
        told = await siblings.post(
            serving.operations.host.siblings(),
            f"/v1/admin/drain?process={process}&passed=1",
            authorization=request.headers["Authorization"],
            body=b"{}",
        )
    if not told:
        raise NotFound("this server has no such process")


def _force(body: dict[str, object]) -> Literal["open", "closed"] | None:
    match body:
        case {"force": "open" | "closed" | None as force, **rest} if not rest:
            return force
    raise InvalidRequest(
        "the body is not valid", errors={"force": "must be open, closed or null, and all there is"}
    )
