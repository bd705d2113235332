from __future__ import annotations

import json

import pytest
from werkzeug.exceptions import HTTPException, default_exceptions

from hunt.play import problems
from hunt.play.problems import type_of
from hunt.web import responses


@pytest.fixture(autouse=True)
def way() -> None:
    """Run each test once: problems are the same over every way in."""


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_each_error_of_werkzeug_is_a_problem(status: int) -> None:
    error: HTTPException = default_exceptions[status]()
    answer = responses.http_problem(error)
    assert answer.status == status
    body = json.loads(answer.body)
    known = {kind.status: type_of(kind) for kind in problems.BY_STATUS.values()}
    assert body["type"] == known.get(status, "about:blank")
    assert body["title"]
