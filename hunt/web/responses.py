"""Quart responses: JSON, problems, and responses without a body."""

from __future__ import annotations

from http import HTTPStatus

from quart import Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from hunt.core import wire
from hunt.errors import Refused
from hunt.play import problems
from hunt.play.problems import MIMETYPE, Problem
from hunt.play.replies import Reply


def json_response(value: object, *, status: int = 200) -> Response:
    """Return `value` as a JSON response."""
    return Response(wire.encode(value), status=status, mimetype="application/json")


def reply_response(reply: Reply) -> Response:
    """Return the response of a reply."""
    response = Response(reply.body, status=reply.status, headers=Headers(reply.headers))
    if reply.status == HTTPStatus.NOT_MODIFIED:
        # Both would be about the body that the client has, and Quart's are wrong.
        del response.headers["Content-Type"], response.headers["Content-Length"]
    return response


def problem_response(problem: Problem) -> Response:
    """Return the response of a problem."""
    return Response(problem.body, status=problem.status, mimetype=MIMETYPE, headers=problem.headers)


def refused(refusal: Refused) -> Response:
    """Return the response of a refusal."""
    return problem_response(problems.refused(refusal))


def http_problem(error: HTTPException) -> Problem:
    """Return the problem of an error that Quart found: no route, wrong method, too large."""
    status = error.code or 500
    headers = {"Allow": error.get_response().headers.get("Allow", "")} if status == 405 else {}
    detail = error.description or HTTPStatus(status).phrase
    return problems.problem(status, detail, headers=headers)


def empty(status: int, headers: dict[str, str] | None = None) -> Response:
    """Return a response without a body.

    Quart makes an asyncio generator for a missing body.  It fails on Trio, and the client
    gets no response.  An empty body works.
    """
    return Response(b"", status=status, headers=headers)
