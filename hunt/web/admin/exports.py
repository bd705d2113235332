"""``/v1/admin/hunts/{hunt}/export``: winners or clicks, streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container
from typing import Self, get_args

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
from hunt.web.endless_body import EndlessBody

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
        response = Response(
            ExportBody(pages, output, places),
            mimetype=MIMETYPES[form],
            headers={"Content-Disposition": f'attachment; filename="{hunt_id}-{subject}.{form}"'},
        )
        response.timeout = None  # Quart would end the stream after RESPONSE_TIMEOUT
        return response

    return routes


class ExportBody(EndlessBody):
    """Response body that streams an export, page by page.

    Args:
        pages: Pages of rows; closed by this object.
        output: Formats them, in a thread.
        places: One is taken while the body is sent.
    """

    def __init__(
        self,
        pages: AsyncGenerator[list[Winner], None],
        output: Writer,
        places: trio.Semaphore,
    ) -> None:
        self._pages = pages
        self._output = output
        self._places = places
        self._began = self._ended = False

    async def __aenter__(self) -> Self:
        """Wait for a place, and take it."""
        await self._places.acquire()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Give the place back."""
        self._places.release()
        with trio.CancelScope(shield=True):
            await self._pages.aclose()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes, never none."""
        if not self._began:
            self._began = True
            if head := self._output.head():
                return head
        while not self._ended:
            rows = await anext(self._pages, None)
            if rows is None:
                self._ended = True
                part = await trio.to_thread.run_sync(self._output.end)
            else:
                part = await trio.to_thread.run_sync(self._output.rows, rows)
            if part:
                return part
        raise StopAsyncIteration
