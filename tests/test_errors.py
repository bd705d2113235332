"""Every class of refusal has an answer in each format."""

from __future__ import annotations

import gc
import json
import re
from http import HTTPStatus

import pytest

from hunt.error_kinds import kinds
from hunt.errors import (
    Banned,
    ChallengeRequired,
    ClaimRefused,
    HuntNotOpen,
    Inaccurate,
    InvalidRequest,
    NoAttempts,
    Overloaded,
    Refused,
    RewardNotFound,
    RewardsUnchanged,
    StoreError,
    StoreLost,
    StoreTimeout,
    TooFar,
    TooFast,
)
from hunt.metrics.recorder import Recorder, outcome_label
from hunt.play import problems
from hunt.play.problems import meaning, type_of
from hunt.play.session import refusal_message

#: All refusals, in the order of the documentation.
REFUSALS = sorted(kinds(Refused), key=lambda kind: (kind.status, kind.slug))

#: The close code for "try again later" (RFC 6455), and those of hunt.
CLOSE_CODES = {1013, 4401, 4403}


def made(kind: type[Refused]) -> Refused:
    """Return a refusal of a kind, with every field that it may have."""
    if issubclass(kind, HuntNotOpen):
        return kind(opens_at="2026-01-01T00:00:00Z", closes_at=None)
    if kind is Overloaded:
        return kind("no", retry_after=1.2)
    if issubclass(kind, Overloaded | TooFast | TooFar):
        return kind(retry_after=1.2)
    if issubclass(kind, NoAttempts):
        return kind(seconds=60.0)
    if issubclass(kind, Inaccurate):
        return kind(80.0, 50.0)
    if issubclass(kind, Banned | ChallengeRequired | RewardNotFound):
        return kind()
    if issubclass(kind, ClaimRefused):
        return kind("no", state="void")
    if issubclass(kind, RewardsUnchanged):
        return kind({"2": "is void"})
    if issubclass(kind, InvalidRequest):
        return kind("no", errors={"x": "must be a number"})
    return kind("no")


@pytest.mark.parametrize("kind", REFUSALS)
def test_each_refusal_has_status_type_and_title(kind: type[Refused]) -> None:
    assert HTTPStatus(kind.status) >= 400
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.slug)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.label)
    assert kind.title
    assert meaning(kind).endswith(".")
    assert kind.close_code in CLOSE_CODES


def test_each_refusal_has_its_own_type() -> None:
    assert len(REFUSALS) > 20
    for attribute in ("slug", "title"):
        assert len({getattr(kind, attribute) for kind in REFUSALS}) == len(REFUSALS)
    undocumented = [kind.__name__ for kind in REFUSALS if "__doc__" not in kind.__dict__]
    assert undocumented == []


@pytest.mark.parametrize("kind", REFUSALS)
def test_each_refusal_is_encoded_in_each_format(kind: type[Refused]) -> None:
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


def test_new_refusal_is_encoded_as_its_parent() -> None:
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


STORE_ERRORS = kinds(StoreError)


@pytest.mark.parametrize("kind", STORE_ERRORS)
def test_each_store_error_becomes_a_refusal(kind: type[StoreError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.label)
    unknown = issubclass(kind, StoreTimeout | StoreLost)
    assert problems.of_store(kind("secret"), reads=True).status == 503
    change = problems.of_store(kind("secret"), reads=False)
    assert change.status == (504 if unknown else 503)
    assert "secret" not in str(change)
