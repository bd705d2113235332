"""Every SQLSTATE has a decided meaning."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from hunt.errors import (
    BatchRejected,
    BatchTimeout,
    HuntFailed,
    StoreConflict,
    StoreError,
    StoreLost,
    StoreReadOnly,
    StoreUnavailable,
)
from hunt.store.driver.errors import ERRORS, translate, translated
from hunt.store.driver.sqlstates import BEFORE_SESSION, CLASSES, CODES, DEFAULT, Meaning, rule
from tests.store.driver.sqlstates import APPENDIX_A

#: The decided meanings, by code or for a whole class; repeated here, so that no change of the
#: table is unnoticed.
DECIDED: dict[type[StoreError], str] = {
    StoreUnavailable: "0P 28 3D 3F 42 53 54000 57 57P03 58 58000 F0 28P01 3D000 42P01 42883 53100",
    StoreReadOnly: "25006",
    StoreLost: "08 08P01 25P03 25P04 40003 57P01 57P02 57P04 57P05",
    StoreConflict: "0A 0A000 25P02 26 26000 40 40001 40P01 42P05 72",
    BatchTimeout: "57014",
    BatchRejected: "22 22P02 22021 23502 23514 44 P0001",
    HuntFailed: "00 01 02 03 09 0B 0F 0L 0Z 10 20 21 23 23503 23505 24 25 27 2B 2D 2F 34 38 39"
    " 3B 40002 54 54001 55 55000 55P03 58030 58P01 HV P0 P0004 XX XX000 XX001 XX002",
}


def error(sqlstate: str) -> psycopg.Error:
    return pg.lookup(sqlstate)("x")


@pytest.mark.parametrize(
    ("state", "kind"),
    [(state, kind) for kind, states in DECIDED.items() for state in states.split()],
)
def test_decided_meaning(state: str, kind: type[StoreError]) -> None:
    assert ERRORS[rule(state if len(state) == 5 else f"{state}ZZZ").meaning] is kind


def test_tables_have_no_other_codes_and_a_reason_for_each() -> None:
    decided = {state for states in DECIDED.values() for state in states.split()}
    assert CODES.keys() | CLASSES.keys() <= decided
    assert all(each.why for each in (*CODES.values(), *CLASSES.values(), DEFAULT))


def test_every_class_of_appendix_a_is_in_the_table() -> None:
    assert len(APPENDIX_A) > 240
    assert {state[:2] for state in APPENDIX_A} <= CLASSES.keys()


@pytest.mark.parametrize("state", APPENDIX_A)
def test_every_code_is_translated(state: str) -> None:
    known = error(state)
    translated_error = translate(known)
    assert translated_error.sqlstate == state
    expected = rule(state, constraint=False).meaning
    assert type(translated_error) is ERRORS[expected]


@pytest.mark.parametrize("severity", ["FATAL", "PANIC"])
def test_error_that_ends_the_session_leaves_the_outcome_unknown(severity: str) -> None:
    for state in APPENDIX_A:
        meaning = rule(state, severity=severity).meaning
        if BEFORE_SESSION & {state, state[:2]}:
            assert meaning is Meaning.UNAVAILABLE, "the statement was never handed over"
        else:
            assert meaning is Meaning.UNKNOWN, state


@pytest.mark.parametrize("state", ["ZZ999", "H0999", "99999"])
def test_unknown_code_concerns_one_hunt(state: str) -> None:
    assert rule(state) == DEFAULT
    assert DEFAULT.meaning is Meaning.HUNT


def test_missing_partition_is_no_bad_row() -> None:
    assert rule("23514", constraint=False).meaning is Meaning.HUNT


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (psycopg.OperationalError(), StoreLost),
        (psycopg.InterfaceError("closed"), StoreLost),
        (psycopg.InternalError(), StoreLost),
        (psycopg.Error(), StoreLost),
        (psycopg.DataError("NUL"), BatchRejected),
        (psycopg.ProgrammingError(), HuntFailed),
        (psycopg.NotSupportedError(), HuntFailed),
    ],
    ids=repr,
)
def test_error_without_a_code_is_translated(raised: psycopg.Error, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError) as caught, translated():
        raise raised
    assert type(caught.value) is kind
    assert str(caught.value)
