"""``/v1/admin/hunts``: create, change, open, pause, close and delete hunts."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from quart import Blueprint, Response

from hunt.core import wire
from hunt.core.definition import Definition, from_json, to_json
from hunt.core.fairness import new_seed
from hunt.core.hunts import Hunt
from hunt.engine import Engine
from hunt.errors import DefinitionError, HuntNotFound, InvalidRequest
from hunt.play import auth
from hunt.store.audit import Entry
from hunt.web import bodies, who
from hunt.web.admin import access
from hunt.web.routes.reading import moment


def blueprint(engine: Callable[[], Engine]) -> Blueprint:
    """Return the routes of hunts, for operators."""
    routes = access.restricted("admin", engine, prefix="/v1/admin", bound={"hunts", "create"})

    @routes.get("/hunts")
    async def hunts() -> Response:
        serving = engine()
        allowed = who.operator_identity(serving).hunts
        found = await serving.store.hunts.all()
        shown = [_standing(hunt) for hunt in found if allowed is None or hunt.id in allowed]
        return answer({"hunts": shown})

    @routes.post("/hunts")
    async def create() -> Response:
        serving = engine()
        definition = _definition(await bodies.table())
        auth.check_hunt(who.operator_identity(serving), definition.id)
        with _valid():
            await serving.store.hunts.create(
                definition, seed=new_seed(os.urandom), actor=who.operator(serving)
            )
        response = await _shown(serving, definition.id, status=201)
        response.headers["Location"] = f"/v1/admin/hunts/{definition.id}"
        return response

    @routes.get("/hunts/<hunt_id>")
    async def hunt(hunt_id: str) -> Response:
        return await _shown(engine(), hunt_id, read=True)

    @routes.put("/hunts/<hunt_id>")
    async def change(hunt_id: str) -> Response:
        serving = engine()
        definition = _definition(await bodies.table())
        if definition.id != hunt_id:
            raise InvalidRequest("the hunt is not valid", errors={"id": f"must be {hunt_id}"})
        with _valid():
            changes = await serving.store.hunts.change(
                hunt_id, lambda _: definition, actor=who.operator(serving)
            )
        return await _shown(serving, hunt_id, changes=changes, read=not changes)

    @routes.post("/hunts/<hunt_id>/open")
    async def open_(hunt_id: str) -> Response:
        return await _moved(engine(), hunt_id, engine().store.hunts.open)

    @routes.post("/hunts/<hunt_id>/pause")
    async def pause(hunt_id: str) -> Response:
        return await _moved(engine(), hunt_id, engine().store.hunts.pause)

    @routes.post("/hunts/<hunt_id>/close")
    async def close(hunt_id: str) -> Response:
        return await _moved(engine(), hunt_id, engine().store.hunts.close)

    @routes.delete("/hunts/<hunt_id>")
    async def delete(hunt_id: str) -> Response:
        serving = engine()
        await serving.store.hunts.delete(hunt_id, actor=who.operator(serving))
        return answer({"deleted": hunt_id})

    @routes.get("/hunts/<hunt_id>/versions")
    async def versions(hunt_id: str) -> Response:
        found = await engine().store.hunts.versions(hunt_id)
        if not found:
            raise HuntNotFound(f"there is no hunt {hunt_id!r}")
        await _record_read(engine(), hunt_id)
        shown = [
            {
                "version": each.version,
                "at": moment(each.at),
                "actor": each.actor,
                "definition": to_json(each.definition),
            }
            for each in found
        ]
        return answer({"versions": shown})

    @routes.get("/hunts/<hunt_id>/stock")
    async def stock(hunt_id: str) -> Response:
        return answer({"prizes": _stock(await _stored(engine(), hunt_id))})

    @routes.patch("/hunts/<hunt_id>/stock")
    async def restock(hunt_id: str) -> Response:
        serving = engine()
        wanted = await bodies.table()
        with _valid():
            await serving.store.hunts.change(
                hunt_id, lambda before: _restocked(before, wanted), actor=who.operator(serving)
            )
        return answer({"prizes": _stock(await _stored(serving, hunt_id))})

    return routes


def answer(value: object, *, status: int = 200) -> Response:
    """Return JSON."""
    return Response(wire.encode(value), status=status, mimetype="application/json")


def _definition(raw: dict[str, object]) -> Definition:
    with _valid():
        return from_json(raw)


@contextmanager
def _valid() -> Iterator[None]:
    """Refuse the request where its definition is refused in the block."""
    try:
        yield
    except DefinitionError as exc:
        raise invalid(exc) from None


def invalid(error: DefinitionError) -> InvalidRequest:
    """Return the refusal of a definition, with its fields as they are called in JSON."""
    errors = {
        name.removeprefix("hunt.").replace("prize", "prizes", 1)
        if name.startswith(("hunt.", "prize"))
        else name: wrong
        for name, wrong in error.errors.items()
    }
    return InvalidRequest("the hunt is not valid", errors=errors)


def _restocked(before: Definition, wanted: dict[str, object]) -> Definition:
    """Return a definition with other stocks: prize -> how many in all, None without end."""
    known = {prize.id for prize in before.prizes}
    if unknown := wanted.keys() - known:
        raise InvalidRequest(
            "the stock is not valid", errors=dict.fromkeys(unknown, "there is no such prize")
        )
    shown = to_json(before)
    prizes = shown["prizes"]
    assert isinstance(prizes, list)
    for prize in prizes:
        prize["stock"] = wanted.get(prize["id"], prize["stock"])
    checked = from_json(shown)
    return replace(before, prizes=checked.prizes)


async def _stored(serving: Engine, hunt_id: str) -> Hunt:
    """Return a hunt as the database has it now: what this process knows may be seconds old."""
    hunt = await serving.store.hunts.get(hunt_id)
    if hunt is None:
        raise HuntNotFound(f"there is no hunt {hunt_id!r}")
    return hunt


async def _moved(serving: Engine, hunt_id: str, move: Callable[..., Awaitable[bool]]) -> Response:
    moved = await move(hunt_id, actor=who.operator(serving))
    return await _shown(serving, hunt_id, read=not moved)


async def _record_read(serving: Engine, hunt_id: str) -> None:
    """Record that the operator sees the definition of a hunt, in which the positions are."""
    entry = Entry(actor=who.operator(serving), action="read", hunt=hunt_id)
    await serving.store.audit.record(entry)


async def _shown(
    serving: Engine,
    hunt_id: str,
    *,
    status: int = 200,
    changes: list[str] | None = None,
    read: bool = False,
) -> Response:
    """Return a hunt with all that operators may know of it.

    Args:
        serving: Has the hunt.
        hunt_id: Of the hunt.
        status: Of the answer.
        changes: That were made; None where there was none to make.
        read: The request has recorded nothing else, so this is recorded.
    """
    hunt = await _stored(serving, hunt_id)
    if read:
        await _record_read(serving, hunt_id)
    shown = _standing(hunt) | {
        "commitment": hunt.commitment,
        "definition": to_json(hunt.definition),
        "prizes": _stock(hunt),
    }
    return answer(shown if changes is None else shown | {"changes": changes}, status=status)


def _standing(hunt: Hunt) -> dict[str, object]:
    return {
        "id": hunt.id,
        "title": hunt.definition.title,
        "state": hunt.phase(hunt.as_of),
        "version": hunt.version,
        "epoch": hunt.epoch,
        "clicks": hunt.last_seq,
    }


def _stock(hunt: Hunt) -> list[dict[str, object]]:
    return [
        {"id": prize.id, "stock": prize.stock, "stock_left": hunt.stock_left.get(prize.id)}
        for prize in hunt.definition.prizes
    ]
