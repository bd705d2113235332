"""Structured logs: a line an event, for people on a terminal, else JSON."""

from __future__ import annotations

import logging
import sys

import structlog

from hunt.settings import Settings


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
