"""Problem documents of refusals, statuses and failures of the store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hunt.core.readiness import WorkerState
from hunt.errors import (
    ClaimRefused,
    HuntNotOpen,
    InvalidRequest,
    NotAuthenticated,
    OutcomeUnknown,
    Overloaded,
    Refused,
    StoreError,
    StoreLost,
    StoreTimeout,
    StoreUnavailable,
    TooFast,
)
from hunt.play import problems
from hunt.play.problems import Problem, meaning
from hunt.play.refusals import MethodNotAllowed, NotReady


def body(problem: Problem) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(problem.body)
    return found


def test_meaning_is_the_first_line_of_the_docstring() -> None:
    class Kind(Refused):
        """The first line.

        The rest.
        """

    class Bare(Refused):
        pass

    Bare.__doc__ = None
    assert (meaning(Kind), meaning(Bare)) == ("The first line.", "")


def test_known_status_has_the_type_of_its_refusal() -> None:
    made = problems.problem(405, "no", headers={"Allow": "GET"}, errors={"x": "wrong"}, workers=[])
    assert (made.status, made.headers) == (405, {"Allow": "GET"})
    assert body(made) == {
        "type": "/docs/problems#method-not-allowed",
        "title": MethodNotAllowed.title,
        "status": 405,
        "detail": "no",
        "errors": {"x": "wrong"},
    }
    assert problems.problem(405, "no").headers == {}


def test_other_status_has_no_type_of_its_own() -> None:
    made = problems.problem(418, "no", headers={"X": "y"}, kind="tea")
    assert (made.status, made.headers) == (418, {"X": "y"})
    assert body(made) == {
        "type": "about:blank",
        "title": "I'm a Teapot",
        "status": 418,
        "detail": "no",
        "kind": "tea",
    }
    assert problems.problem(418, "no").headers == {}


def test_refusal_says_what_it_carries_and_nothing_else() -> None:
    made = problems.refused(InvalidRequest("no", errors={"x": "must be a number"}))
    assert (made.status, made.headers) == (400, {})
    assert body(made) == {
        "type": "/docs/problems#invalid-request",
        "title": "Invalid request",
        "status": 400,
        "detail": "no",
        "errors": {"x": "must be a number"},
    }
    plain = body(problems.refused(InvalidRequest("no")))
    assert set(plain) == {"type", "title", "status", "detail"}
    times = body(problems.refused(HuntNotOpen(opens_at="2026-01-01", closes_at="2026-01-02")))
    assert (times["opens_at"], times["closes_at"]) == ("2026-01-01", "2026-01-02")
    assert body(problems.refused(ClaimRefused("no", state="void")))["state"] == "void"


@pytest.mark.parametrize(("seconds", "header"), [(0.0, "1"), (0.2, "1"), (1.2, "2"), (3.0, "3")])
def test_retry_after_is_in_whole_seconds_from_one(seconds: float, header: str) -> None:
    assert problems.refused(TooFast(retry_after=seconds)).headers == {"Retry-After": header}


def test_refused_token_names_the_scheme() -> None:
    assert problems.refused(NotAuthenticated("no")).headers == {
        "WWW-Authenticate": 'Bearer realm="hunt"'
    }


def test_readiness_lists_the_workers() -> None:
    worker = WorkerState(process=7, able=False, reasons=["breaker open"])
    made = problems.refused(NotReady("no", [worker]))
    assert (made.status, made.headers) == (503, {"Retry-After": "1"})
    assert body(made)["detail"] == "no"
    assert body(made)["workers"] == [{"process": 7, "able": False, "reasons": ["breaker open"]}]


@pytest.mark.parametrize(
    ("error", "reads", "kind"),
    [
        (StoreTimeout("no"), False, OutcomeUnknown),
        (StoreLost("no"), False, OutcomeUnknown),
        (StoreTimeout("no"), True, Overloaded),
        (StoreLost("no"), True, Overloaded),
        (StoreUnavailable("no"), False, Overloaded),
        (StoreUnavailable("no"), True, Overloaded),
    ],
)
def test_outcome_is_unknown_only_where_the_store_may_have_done_it(
    error: StoreError, reads: bool, kind: type[Refused]
) -> None:
    found = problems.of_store(error, reads=reads)
    assert type(found) is kind
    assert "database" in str(found)
    if kind is Overloaded:
        assert found.retry_after == 1.0


def test_unexpected_error_is_an_internal_error() -> None:
    made = problems.unexpected()
    assert (made.status, made.headers) == (500, {})
    assert body(made)["type"] == "/docs/problems#internal-error"
    assert "logged" in body(made)["detail"]
