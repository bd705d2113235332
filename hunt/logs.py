"""Structured logs: a line an event, for people on a terminal, else JSON; at a bounded rate."""

from __future__ import annotations

import atexit
import json
import logging
import sys
import time
from typing import TextIO, cast
from urllib.parse import urlsplit

import structlog
from structlog.typing import EventDict, Processor, ProcessorReturnValue

from hunt.conninfo import parse
from hunt.core.log_limiter import LogLimiter
from hunt.log_writer import Stream
from hunt.settings import Settings

#: One for all loggers, as the configuration of structlog is.
_quiet = LogLimiter(time.monotonic)

_streams: list[Stream] = []  # standard output and standard error, once they are replaced

#: Seconds that the end of a process waits for what is still to be written.
_FINISH = 1.0

#: Characters of the shortest secret that is looked for in errors; shorter ones may be words.
_SHORTEST = 6


def configure(settings: Settings) -> None:
    """Send the logs to standard error, in the format and from the level of `settings`.

    From now on neither standard error nor standard output can block this process, or fail
    in it; see `hunt.log_writer`.
    """
    errors = _stream(sys.stderr)
    sys.stdout, sys.stderr = _stream(sys.stdout), errors
    text = settings.log_format == "console" or (settings.log_format is None and errors.isatty())
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _without(_secrets(settings)),
            _safe(renderer),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Logger(errors),
    )


def lines_lost() -> int:
    """Return how many lines of this process were lost because they could not be written."""
    return sum(each.writer.lost for each in _streams)


class _Logger:
    """Writes lines; one method a level, as structlog calls them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        self._stream.write(message + "\n")

    debug = info = warning = error = critical = msg


def _stream(stream: object) -> Stream:
    if isinstance(stream, Stream):
        return stream
    # None where this process was started without it: the descriptor is something else by now.
    made = Stream(None if stream is None else cast("TextIO", stream).fileno())
    _streams.append(made)
    atexit.register(made.finish, _FINISH)
    return made


def _safe(renderer: Processor) -> Processor:
    """Return a renderer that never raises, whatever a field's value does."""

    def render(logger: object, method: str, event: EventDict) -> ProcessorReturnValue:
        try:
            return renderer(logger, method, event)
        except Exception as error:
            what = {"event": str(event.get("event")), "level": method}
            return json.dumps({**what, "unprintable": type(error).__name__})

    return render


def _secrets(settings: Settings) -> list[str]:
    """Return what may not be in a log, the longest first."""
    found = {secret.decode(errors="replace") for secret in settings.jwt_secret}
    for text in (settings.database_url, settings.listen_dsn):
        password = text and parse(text).get("password")
        found |= {password, text} if text and password else set()
    if settings.jwks_url:
        found.add(urlsplit(settings.jwks_url).password or "")
    return sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)


def _without(secrets: list[str]) -> Processor:
    """Return a processor that takes secrets out of what errors and tracebacks say."""

    def hide(logger: object, method: str, event: EventDict) -> EventDict:
        for name in ("exception", "error"):
            if name in event:
                text = str(event[name])
                for secret in secrets:
                    text = text.replace(secret, "***")
                event[name] = text
        return event

    return hide


class FaultLog:
    """A logger for what a fault may cause any number of times a second.

    The same event is logged a few times, and then now and again, with how many more
    there were like it.
    """

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger(name)

    def warning(self, event: str, **fields: object) -> None:
        """Log that something failed from which the server recovers by itself."""
        more = _quiet.admit(event)
        if more is not None:
            self._log.warning(event, **fields, **_and(more))

    def error(self, event: str, **fields: object) -> None:
        """Log that something failed which is a defect."""
        more = _quiet.admit(event)
        if more is not None:
            self._log.error(event, **fields, **_and(more))


def say_rest() -> None:
    """Log how many lines were kept back, once that may be said; to be called now and again."""
    log = structlog.get_logger("hunt")
    for event, more in _quiet.rest().items():
        log.warning(event, **_and(more))


def _and(more: int) -> dict[str, int]:
    return {"more_like_it": more} if more else {}
