from __future__ import annotations

import pytest
from hypercorn.utils import LifespanFailureError

from hunt.errors import HuntError, SettingsError
from hunt.processes import failures


def wrapped(cause: BaseException) -> BaseException:
    """Return `cause` as the nurseries and Hypercorn's lifespan wrap it."""
    error = LifespanFailureError("startup", "failed")
    error.__cause__ = BaseExceptionGroup("", [cause])
    return BaseExceptionGroup("", [error])


def test_cause_is_found_inside_groups_and_the_lifespan_error() -> None:
    cause = SettingsError("wrong")
    assert failures.first_cause(wrapped(cause)) is cause
    assert failures.from_lifespan(wrapped(cause))
    assert not failures.from_lifespan(ExceptionGroup("", [cause]))


def test_status_is_2_for_settings_and_1_for_other_errors() -> None:
    assert failures.exit_status(wrapped(SettingsError("wrong"))) == 2
    assert failures.exit_status(wrapped(HuntError("failed"))) == 1
    assert failures.exit_status(ValueError()) == 1


def test_order_to_exit_leaves_its_group() -> None:
    with pytest.raises(SystemExit):
        failures.failure(BaseExceptionGroup("", [ValueError(), SystemExit(3)]))
    assert failures.failure(BaseExceptionGroup("", [GeneratorExit()])) is None
    assert failures.failure(GeneratorExit()) is None


def test_failure_is_the_part_without_cancellation() -> None:
    error = ValueError("x")
    assert failures.failure(error) is error
    rest = failures.failure(BaseExceptionGroup("", [error, GeneratorExit()]))
    assert isinstance(rest, ExceptionGroup)
    assert rest.exceptions == (error,)


def test_sentence_names_the_type_of_an_unexpected_error() -> None:
    assert failures.sentence(ExceptionGroup("", [HuntError("no database")])) == "no database"
    assert failures.sentence(ExceptionGroup("", [ValueError("x")])) == "ValueError: x"
    assert failures.is_expected(ExceptionGroup("", [HuntError("a"), SettingsError("b")]))
    assert not failures.is_expected(ExceptionGroup("", [HuntError("a"), ValueError()]))
