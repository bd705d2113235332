"""Structured logs: a line an event, for people on a terminal, else JSON; at a bounded rate."""

from __future__ import annotations

import logging
import sys
import time

import structlog

from hunt.core.quiet import Quiet
from hunt.settings import Settings

#: One for all loggers, as the configuration of structlog is.
_quiet = Quiet(time.monotonic)


def configure(settings: Settings) -> None:
    """Send the logs to standard error, in the format and from the level of `settings`."""
    text = settings.log_format == "console" or (settings.log_format is None and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
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
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


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
