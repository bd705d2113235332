"""``/v1/admin/hunts/{hunt}/export``: winners or clicks, streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container
from typing import get_args

import trio
from quart import Blueprint, Response

from hunt.core.export_formats import FORMATS, MIMETYPES, Subject, Writer, writer
from hunt.errors import HuntError, InvalidRequest, Overloaded
from hunt.operations import Operations
from hunt.play.play import Play
from hunt.store.audit import Entry
from hunt.store.store import Store
from hunt.store.winners import Winner
from hunt.values import MOST_SEQ
from hunt.web import bodies, caller
from hunt.web.admin.operator_routes import check_known, operator_blueprint
from hunt.web.download import download

SUBJECTS: tuple[Subject, ...] = get_args(Subject)

#: Rows of one page: few enough that formatting them does not delay clicks.
PAGE = 1000

#: Exports that one process streams at once.
MOST_AT_ONCE = 4

#: Seconds after which to try again beyond that.
RETRY = 5.0


def blueprint(
    play: Play, operations: Operations, *, store: Store, known: Container[str]
) -> Blueprint:
    """Return the route of exports.

    Args:
        play: Authenticates operators.
        operations: See `operator_blueprint`.
        store: Has the log.
        known: Ids of the hunts.
    """
    routes = operator_blueprint("admin_export", play, operations, prefix="/v1/admin")
    places = trio.Semaphore(MOST_AT_ONCE)

    @routes.get("/hunts/<hunt_id>/export")
    async def export(hunt_id: str) -> Response:
        check_known(hunt_id, known)
        subject, form = bodies.choice("what", SUBJECTS), bodies.choice("format", FORMATS)
        if not places.value:
            raise Overloaded("too many exports are running", retry_after=RETRY)
        since = bodies.whole_number("since_seq", 0, least=0, most=MOST_SEQ)
        try:
            output = await trio.to_thread.run_sync(writer, form, subject, hunt_id)
        except HuntError as exc:  # no pyarrow
            raise InvalidRequest("the query is not valid", errors={"format": str(exc)}) from None
        detail: dict[str, object] = {"what": subject, "format": form, "since_seq": since}
        await store.audit.record(
            Entry(actor=caller.operator(play), action="export_log", hunt=hunt_id, detail=detail)
        )
        pages = store.export(hunt_id, after=since, limit=PAGE, every=subject == "clicks")
        return download(
            _parts(pages, output),
            pages,
            places,
            mimetype=MIMETYPES[form],
            filename=f"{hunt_id}-{subject}.{form}",
        )

    return routes


async def _parts(
    pages: AsyncGenerator[list[Winner], None], output: Writer
) -> AsyncGenerator[bytes, None]:
    """Yield an export, formatted in a thread."""
    if head := output.head():
        yield head
    async for rows in pages:
        if part := await trio.to_thread.run_sync(output.rows, rows):
            yield part
    if end := await trio.to_thread.run_sync(output.end):
        yield end
