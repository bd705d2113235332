"""A connection that has become a WebSocket: a play session over its frames."""

from __future__ import annotations

import structlog
import trio

from hunt.edge.handshake import Upgraded
from hunt.edge.websocket import WebSocket
from hunt.play import contract
from hunt.play.access_log import LoggedRequest
from hunt.play.play import Play
from hunt.play.session import Session

#: Maximum time for a regular close of the stream below the frames, in seconds.
SHUT_TIMEOUT = 1.0

log = structlog.get_logger("hunt.web")


async def serve(play: Play, stream: trio.abc.Stream, upgraded: Upgraded) -> None:
    """Serve a connection from its accepted handshake to its end.

    Args:
        play: Decides the session.
        stream: The connection; closed at the end.
        upgraded: Its handshake.
    """
    handshake = upgraded.handshake
    play.access.answered(
        LoggedRequest("GET", contract.SOCKET, handshake.request.trace),
        101,
        request_id=handshake.request_id,
        since=play.clock(),
    )
    session = Session(play, handshake.request, upgraded.peer, handshake.request_id)
    web = WebSocket(stream, session, heartbeat=play.streams.heartbeat)
    try:
        await _run(play, session, web, upgraded)
    finally:
        with trio.move_on_after(SHUT_TIMEOUT):
            if web.answered:  # the client knows of the close
                await stream.aclose()
            else:
                await trio.aclose_forcefully(stream)


async def _run(play: Play, session: Session, web: WebSocket, upgraded: Upgraded) -> None:
    """Serve a session until its end."""
    head, received = upgraded.handshake.accepted(), upgraded.received
    subscribed = session.begin(web)
    if subscribed is None:
        await web.run(head, received)
        return
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.greet, subscribed)
            await web.run(head, received)
            nursery.cancel_scope.cancel()
    finally:
        subscribed.unsubscribe()
        if web.stalled:
            play.streams.metrics.cut_off()
        log.debug("socket ended", hunt=upgraded.handshake.request.hunt, code=web.code)
