"""Structured logs: one line for each event, as text on a terminal, else as JSON."""

from __future__ import annotations

import atexit
import base64
import json
import logging
import sys
import time
from typing import TextIO, cast
from urllib.parse import urlsplit

import structlog
from structlog.typing import EventDict, Processor, ProcessorReturnValue

from hunt import valkey_url
from hunt.conninfo import parse
from hunt.core.log_limiter import LogLimiter
from hunt.errors import StoreError
from hunt.log_writer import Stream
from hunt.settings import Settings

#: Seconds that an ending process waits until its last lines are written.
_FINISH = 1.0

#: Length of the shortest secret that is removed from errors; a shorter one may be a word.
_SHORTEST = 6

#: Marks an event that `RateLimit` may drop.
_MARK = "rate_limited"
_RATE_LIMITED = {_MARK: True}


def configure(settings: Settings) -> None:
    """Send the logs to standard error, in the format and from the level of `settings`.

    From now on writing to standard error or standard output neither blocks nor fails; see
    `hunt.log_writer`.
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
            RateLimit(LogLimiter(time.monotonic)),
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
    """Return the number of lines of this process that could not be written."""
    streams = {sys.stdout, sys.stderr}
    return sum(each.writer.lost for each in streams if isinstance(each, Stream))


class _Logger:
    """Writes lines; has one method per level, as structlog calls them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        self._stream.write(message + "\n")

    debug = info = warning = error = critical = msg


def _stream(stream: object) -> Stream:
    if isinstance(stream, Stream):
        return stream
    # None if the process was started without this stream: its number may be another file now.
    made = Stream(None if stream is None else cast("TextIO", stream).fileno())
    atexit.register(made.finish, _FINISH)
    return made


def _safe(renderer: Processor) -> Processor:
    """Return a renderer that never raises, even if the value of a field does."""

    def render(logger: object, method: str, event: EventDict) -> ProcessorReturnValue:
        try:
            return renderer(logger, method, event)
        except Exception as error:
            what = {"event": str(event.get("event")), "level": method}
            return json.dumps({**what, "unprintable": type(error).__name__})

    return render


def _secrets(settings: Settings) -> list[str]:
    """Return the secrets that must not appear in a log, longest first."""
    found = {secret.decode(errors="replace") for secret in settings.jwt_secret}
    found |= {base64.b64encode(key).decode() for _, key in settings.data_keys}
    for text in (settings.database_url, settings.listen_dsn):
        password = text and parse(text).get("password")
        found |= {password, text} if text and password else set()
    if settings.bus_url:
        found |= {settings.bus_url, valkey_url.parse(settings.bus_url).password or ""}
    for url in (settings.jwks_url, settings.otlp_url):
        found.add(urlsplit(url or "").password or "")
    found.add(settings.challenge_secret or "")
    return sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)


def _without(secrets: list[str]) -> Processor:
    """Return a processor that removes secrets from errors and tracebacks."""

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
    """A logger for faults that may occur any number of times per second.

    The first events of a kind are logged, unless they are equal.  Later ones are logged after
    growing pauses, with the number of suppressed events in ``more_like_it``.
    """

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger(name)

    def warning(self, event: str, **fields: object) -> None:
        """Log a failure from which the server recovers by itself."""
        self._log.warning(event, **fields, **_RATE_LIMITED)

    def store_error(self, event: str, error: StoreError, **fields: object) -> None:
        """Log a failed call of the database, from which the server recovers by itself."""
        self.warning(event, **fields, sqlstate=error.sqlstate, error=str(error))

    def error(self, event: str, **fields: object) -> None:
        """Log a failure that is a defect."""
        self._log.error(event, **fields, **_RATE_LIMITED)


class RateLimit:
    """A processor that drops events of a `FaultLog` beyond a rate, and counts them.

    The processor is part of structlog's configuration, so all loggers of the process share it.

    Args:
        limiter: Decides by the name of the event, and by its fields.
    """

    def __init__(self, limiter: LogLimiter) -> None:
        self.limiter = limiter

    def __call__(self, logger: object, method: str, event: EventDict) -> ProcessorReturnValue:
        """Return the event, or drop it."""
        if event.pop(_MARK, False):
            suppressed = self.limiter.admit(str(event["event"]), _fields(event))
            if suppressed is None:
                raise structlog.DropEvent
            if suppressed:
                event["more_like_it"] = suppressed
        return event


def _fields(event: EventDict) -> str | None:
    """Return the text of all fields; None if the value of one cannot be shown."""
    try:
        return repr(event)
    except Exception:
        return None


def report_suppressed() -> None:
    """Log the numbers of suppressed events of faults that are over; call this regularly."""
    log = structlog.get_logger("hunt")
    for processor in structlog.get_config()["processors"]:
        if isinstance(processor, RateLimit):
            for event, suppressed in processor.limiter.rest().items():
                log.warning(event, more_like_it=suppressed)
