"""The access log: a line for each request, and for one click in so many."""

from __future__ import annotations

import structlog

from hunt.settings import Settings

log = structlog.get_logger("hunt.access")


class AccessLog:
    """Logs requests at level `info`; no line names a player, a query or a body.

    Clicks are sampled, because a line costs as much as the click does.  At level `debug`
    every click is logged.

    Args:
        settings: Say whether there is an access log, and the share of clicks in it.
    """

    def __init__(self, settings: Settings) -> None:
        self.on = settings.access_log and settings.log_level in {"debug", "info"}  #: else no lines
        self._every = 1 if settings.log_level == "debug" else settings.access_log_clicks
        self._left = 1  # clicks up to and with the next one that is logged

    def click(self) -> bool:
        """Count a click, and return whether it is to be logged."""
        self._left -= 1
        if self._left or not self.on:
            return False
        self._left = self._every
        return True

    def write(
        self,
        method: str,
        route: str,
        status: int,
        *,
        request_id: str,
        seconds: float,
        size: int | None = None,
    ) -> None:
        """Log a request that was answered.

        Args:
            method: Of HTTP; ``CLICK`` for a click over a socket.
            route: The template of the path, without what stands for its parts.
            status: Of the answer.
            request_id: In the answer's head; of a socket: in that of its handshake.
            seconds: From the request to the answer, or to the head of a stream.
            size: Bytes of the answer's body; None where they are not known, as of a stream.
        """
        if not self.on:
            return
        known = {} if size is None else {"bytes": size}
        log.info(
            "request answered",
            method=method,
            route=route,
            status=status,
            **known,
            seconds=round(seconds, 6),
            request_id=request_id,
        )
