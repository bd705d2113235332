"""Entries of a history from answers to clicks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hunt.error_kinds import FINAL, RETRYABLE
from hunt.testing import answers
from hunt.testing.history import Attempt

ABOUT: dict[str, Any] = {
    "sent": 1.0,
    "answered": 2.0,
    "hunt": "harbour",
    "player": "ada",
    "click": "c",
}


def test_final_and_retryable_statuses_are_those_of_the_refusals() -> None:
    assert {400, 401, 403, 404, 409, 415, 422} == FINAL
    assert {429, 503} == RETRYABLE


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(200, "ok"), (422, "refused"), (429, "refused"), (503, "refused"), (500, "unknown"),
     (504, "unknown"), (None, "unknown")],
)  # fmt: skip
def test_status_decides_the_verdict(status: int | None, meaning: str) -> None:
    assert answers.verdict(status) == meaning
    seen = answers.attempt(**ABOUT, status=status, body=b"{}", note="n")
    assert (seen.verdict, seen.status, seen.note) == (meaning, status, "n")


def test_outcome_is_read_from_the_body_of_a_200() -> None:
    body = {"seq": 7, "prize": "gold", "points": 5, "duplicate": True, "code": "X1"}
    body["receipt"] = {"upto": 9, "head": "ab", "leaf": "cd"}
    seen = answers.attempt(**ABOUT, status=200, body=json.dumps(body).encode())
    assert seen == Attempt(
        **ABOUT,
        verdict="ok",
        status=200,
        seq=7,
        prize="gold",
        points=5,
        duplicate=True,
        code="X1",
        upto=9,
        head="ab",
    )


def test_body_of_a_refusal_is_not_read() -> None:
    seen = answers.attempt(**ABOUT, status=503, body=b"<html>")
    assert (seen.verdict, seen.seq, seen.points) == ("refused", None, 0)
