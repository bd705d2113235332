"""The errors that end a process: their cause, its exit status, and one sentence."""

from __future__ import annotations

from hypercorn.utils import LifespanFailureError

from hunt.errors import HuntError, SettingsError


def first_cause(error: BaseException) -> BaseException:
    """Return the error inside the exception groups, and inside Hypercorn's lifespan error."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, LifespanFailureError) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return error


def from_lifespan(error: BaseException) -> bool:
    """Return whether the application has failed; it has then logged the reason."""
    if isinstance(error, BaseExceptionGroup):
        return any(from_lifespan(each) for each in error.exceptions)
    return isinstance(error, LifespanFailureError)


def exit_status(error: BaseException) -> int:
    """Return the exit status of a server that ends with `error`."""
    return 2 if isinstance(first_cause(error), SettingsError) else 1


def failure(error: BaseException) -> Exception | None:
    """Return the part of `error` that is a failure; None for a cancellation or an exit.

    Raises:
        BaseException: The exit in a group, without its group, because Hypercorn swallows groups.
    """
    if isinstance(error, BaseExceptionGroup):
        if exits := error.subgroup((KeyboardInterrupt, SystemExit)):
            raise first_cause(exits) from None
        return error.subgroup(Exception)
    return error if isinstance(error, Exception) else None


def is_expected(error: BaseException) -> bool:
    """Return whether hunt raised every part of `error` on purpose."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_expected(each) for each in error.exceptions)
    return isinstance(error, HuntError)


def sentence(error: BaseException) -> str:
    """Return the message of the first cause in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, HuntError) else f"{type(error).__name__}: {error}"
