"""Error messages of commands, and their exit statuses."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress

import click

from hunt.errors import DefinitionError, HuntError, InvalidRequest, SettingsError

DONE = 0
FAILED = 1
WRONG = 2  #: usage or settings are wrong
INTERRUPTED = 130  #: the status of shells for SIGINT

_LONGEST = 200  # maximum length of a message that quotes the user's input, in characters


def run_command(command: Callable[[], object]) -> int:
    """Run `command`; print each expected error as one line.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it is closed
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        found = command()
        status = found if isinstance(found, int) else DONE
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit:
        _drop_output()
        raise
    except (KeyboardInterrupt, click.Abort):
        _say("hunt: interrupted")
        _drop_output()
        return INTERRUPTED
    except BaseException as error:
        said = _describe(error)
        if said is None:
            raise
        sentence, status = said
        if sentence:
            _say(sentence)
        _drop_output()
    return status


def _describe(error: BaseException) -> tuple[str, int] | None:
    """Return a message and an exit status; None for a bug in hunt."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message(), WRONG
    if isinstance(error, click.ClickException):
        path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
        hint = f" (see '{path} --help')" if path else ""
        said = _line(error.format_message())  # it may quote a long value
        said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]} ..."
        return f"hunt: {said}{hint}", error.exit_code
    if isinstance(error, HuntError):
        wrong = isinstance(error, SettingsError | DefinitionError)
        return f"hunt: {_line(_with_fields(error))}", WRONG if wrong else FAILED
    if isinstance(error, OSError):
        return _of_system(error), FAILED
    if isinstance(error, MemoryError):
        return "hunt: memory: exhausted; use smaller numbers", FAILED
    return None


def _with_fields(error: HuntError) -> str:
    """Return the message of an error, with the wrong fields that it does not name itself."""
    said = str(error)
    fields = error.errors if isinstance(error, InvalidRequest) else {}
    wrong = [f"{name}: {each}" for name, each in fields.items() if each not in said]
    return f"{said}: {'; '.join(wrong)}" if wrong else said


def _line(text: str) -> str:
    """Return a text as one line; messages of libpq and click may have several."""
    return " ".join(text.split())


def _of_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"hunt: {os.fsdecode(error.filename)}: {reason}"
    if isinstance(error, BrokenPipeError):
        return ""  # the reader, like head, has closed the pipe
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}:
        return f"hunt: output: cannot be written ({reason})"
    return f"hunt: system: {reason}"


def _say(sentence: str) -> None:
    with suppress(OSError):  # standard error is full or closed
        print(sentence, file=sys.stderr, flush=True)


def _drop_output() -> None:
    """Flush the output; if that fails, discard it, so that the interpreter does not try again."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
