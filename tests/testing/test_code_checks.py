"""The check of codes accepts a correct run, and reports each violation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from hunt.testing.checks import report
from hunt.testing.code_checks import codes
from hunt.testing.history import Entry, History, Public
from hunt.testing.stored_log import StoredCode, StoredLog
from tests.testing.test_checks import books, greeted, ok, opened, received, row

LOG = books(
    row(1), row(2), row(3, "shell"), row(4),
    codes=[
        StoredCode(prize="coin", code="HUSH-1", reward=1),
        StoredCode(prize="coin", code="HUSH-2", reward=2),
        StoredCode(prize="coin", code="HUSH-3", reward=4),
        StoredCode(prize="coin", code="HUSH-4"),
    ],
)  # fmt: skip
ANSWERS = (
    ok(1, code="HUSH-1"), ok(2, code="HUSH-2"), ok(3, prize="shell"), ok(4, code="HUSH-3"),
)  # fmt: skip
STREAM = (opened(), greeted(), received(1, code="HUSH-1"))
PUBLIC = Public(time=1.0, where="the stream of all wins", text='{"prize": "coin"}')


def found(entries: Sequence[Entry], log: StoredLog = LOG) -> str:
    violations = codes(History(entries), log)
    assert all(each.check == "codes" for each in violations)
    text = report(violations)
    assert "HUSH" not in text, "the report itself shows no code"
    return text


def with_code(number: int, **fields: object) -> StoredLog:
    changed = list(LOG.codes)
    changed[number] = replace(changed[number], **fields)
    return replace(LOG, codes=changed)


def test_correct_run_is_accepted() -> None:
    assert not found([*ANSWERS, *STREAM, PUBLIC])
    assert not found([ok(1), ok(2)], replace(LOG, codes=()))


@pytest.mark.parametrize(
    ("log", "violation"),
    [
        (with_code(1, code="HUSH-1"), "a code is stored 2 times"),
        (with_code(1, reward=None), "row 2 won coin and has codes of []"),
        (with_code(3, reward=2), "row 2 won coin and has codes of ['coin', 'coin']"),
        (with_code(3, reward=3), "row 3 won shell and has codes of ['coin']"),
        (with_code(3, reward=9), "bound to row 9, which is not in the log"),
        (with_code(1, prize="other"), "row 2 won coin and has codes of ['other']"),
    ],
)
def test_wrong_binding_is_reported(log: StoredLog, violation: str) -> None:
    assert violation in found([], log)


@pytest.mark.parametrize(
    ("entries", "violation"),
    [
        ([ok(1, code="HUSH-2")], "ada was told another code than row 1 has"),
        ([ok(1, code="HUSH-2")], "ada was told a code of bob"),
        ([ok(1)], "ada was told another code than row 1 has"),
        ([ok(3, prize="shell", code="HUSH-1")], "another code than row 3 has"),
        ([ok(1, code="HUSH-9")], "a code that was never loaded"),
        (
            [opened(player="bob"), greeted(), received(1, code="HUSH-1")],
            "bob was told a code of ada",
        ),
        ([opened(), greeted(), received(1)], "ada was told another code than row 1 has"),
        ([replace(PUBLIC, text="... HUSH-3 ...")], "a code is in the stream of all wins"),
    ],
)
def test_code_for_the_wrong_eyes_is_reported(entries: list[Entry], violation: str) -> None:
    assert violation in found(entries)
