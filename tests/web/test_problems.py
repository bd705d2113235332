"""Every kind of refusal can be answered, whoever answers it."""

from __future__ import annotations

import gc
import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from werkzeug.exceptions import HTTPException, default_exceptions

from hunt.errors import (
    HuntFailed,
    HuntNotOpen,
    InvalidRequest,
    Overloaded,
    Refused,
    StoreError,
    StoreLost,
    StoreTimeout,
    TooFast,
    kinds,
)
from hunt.metrics.recorder import Recorder, outcome_label
from hunt.play import problems
from hunt.play.problems import meaning, type_of
from hunt.play.session import refusal_message
from hunt.web import problem_page, responses
from hunt.web.openapi import document
from tests.support.serving import serving

ROOT = Path(__file__).parents[2]

#: In the order of the pages.
REFUSALS = sorted(kinds(Refused), key=lambda kind: (kind.status, kind.slug))

#: Close codes of RFC 6455 for "try again later", and hunt's.
CLOSE_CODES = {1013, 4401, 4403}


@pytest.fixture(autouse=True)
def way() -> None:
    """The answers are the same on every way, so once is enough."""


def made(kind: type[Refused]) -> Refused:
    """Return a refusal of a kind, with all that it may carry."""
    if issubclass(kind, HuntNotOpen):
        return kind(opens_at="2026-01-01T00:00:00Z", closes_at=None)
    if kind is Overloaded:
        return kind("no", retry_after=1.2)
    if issubclass(kind, Overloaded | TooFast):
        return kind(retry_after=1.2)
    if issubclass(kind, InvalidRequest):
        return kind("no", errors={"x": "must be a number"})
    return kind("no")


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_kind_says_what_it_is(kind: type[Refused]) -> None:
    assert HTTPStatus(kind.status) >= 400
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.slug)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.label)
    assert kind.title
    assert meaning(kind).endswith(".")
    assert kind.close_code in CLOSE_CODES


def test_every_kind_is_a_type_of_its_own() -> None:
    assert len(REFUSALS) > 20
    for attribute in ("slug", "title"):
        assert len({getattr(kind, attribute) for kind in REFUSALS}) == len(REFUSALS)
    undocumented = [kind.__name__ for kind in REFUSALS if "__doc__" not in kind.__dict__]
    assert undocumented == []


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_kind_is_answered_by_each_consumer(kind: type[Refused]) -> None:
    refusal = made(kind)
    answer = problems.refused(refusal)
    body = json.loads(answer.body)
    assert (answer.status, body["status"]) == (kind.status, kind.status)
    assert (body["type"], body["title"]) == (type_of(kind), kind.title)
    assert body["detail"] == str(refusal)
    if "Retry-After" in kind.headers:
        assert int(answer.headers["Retry-After"]) >= 1
    message = json.loads(refusal_message("an-id", refusal))["refused"]
    assert (message["id"], message["status"]) == ("an-id", kind.status)
    assert outcome_label(refusal) == kind.label
    recorder = Recorder()
    recorder.refused("harbour", refusal, 0.1)
    assert recorder.clicks.totals == {kind.label: 1}


def test_a_kind_that_is_new_is_answered_as_its_parent() -> None:
    class Newest(TooFast):
        """A new refusal."""

    try:
        answer = problems.refused(Newest(retry_after=1))
        assert answer.status == 429
        assert json.loads(answer.body)["type"] == type_of(TooFast)
        assert outcome_label(Newest(retry_after=1)) == "too_fast"
    finally:
        del Newest
        gc.collect()  # so that no other test finds it among the subclasses


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_error_of_the_framework_is_answered(status: int) -> None:
    error: HTTPException = default_exceptions[status]()
    answer = responses.http_problem(error)
    assert answer.status == status
    body = json.loads(answer.body)
    known = {kind.status: type_of(kind) for kind in problems.BY_STATUS.values()}
    assert body["type"] == known.get(status, "about:blank")
    assert body["title"]


def test_page_and_documentation_list_every_type() -> None:
    page = problem_page.page().decode()
    assert re.findall(r'<section id="(.+)">', page) == [kind.slug for kind in REFUSALS]
    text = (ROOT / "docs/reference/problems.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\S+)` \| (\d+) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [
        (type_of(kind), str(kind.status), kind.title, meaning(kind)) for kind in REFUSALS
    ]
    told = document.document().decode()
    assert type_of(TooFast) in told


async def test_page_of_a_problem_is_served(database: str) -> None:
    async with serving(database, click_rate=0.001, click_burst=1) as client:
        await client.click()
        problem = (await client.click()).json()
        page = await client.get(problem["type"])
        assert page.status_code == 200
        assert 'id="too-fast"' in page.text
        assert "://" not in page.text


STORE_ERRORS = kinds(StoreError)


@pytest.mark.parametrize("kind", STORE_ERRORS)
def test_every_trouble_of_the_store_is_answered(kind: type[StoreError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.label)
    unknown = issubclass(kind, StoreTimeout | StoreLost)
    assert problems.of_store(kind("secret"), reads=True).status == 503
    change = problems.of_store(kind("secret"), reads=False)
    assert change.status == (504 if unknown else 503)
    assert "secret" not in str(change)


@pytest.mark.parametrize("error", [StoreLost("gone"), HuntFailed("corrupt", sqlstate="XX001")])
async def test_read_that_the_database_fails_is_refused_for_now(
    database: str, error: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*args: object, **options: object) -> object:
        raise error

    async with serving(database) as client:
        monkeypatch.setattr(client.engine.store.log, "history", failing)
        monkeypatch.setattr(client.engine.leaderboard, "_add_up", failing)
        for path in ("rewards", "leaderboard"):
            answer = await client.get(f"/v1/hunts/harbour/{path}")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
        assert (await client.click()).status_code == 200
