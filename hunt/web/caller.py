"""The caller of the current Quart request: its peer, its player or its operator."""

from __future__ import annotations

from quart import request
from werkzeug.exceptions import NotFound

from hunt.core.addresses import UNIX, same_address
from hunt.core.proxies import Peer, Source
from hunt.core.tokens import Identity
from hunt.core.trace_context import TraceContext
from hunt.errors import NotAuthenticated, Overloaded
from hunt.operations import Operations
from hunt.play.play import Play
from hunt.play.request import Request, build, trace
from hunt.web.scope_state import LOCAL_ADDRESS


def play_request(hunt_id: str = "") -> Request:
    """Return the current request in the form of the play API.

    Args:
        hunt_id: Hunt id in the path; empty if the path has none.
    """
    query = request.query_string.decode("latin-1")
    return build(hunt_id, request.headers.items(), query, scheme=request.scheme)


def trace_context() -> TraceContext | None:
    """Return the trace of the current request; None without a valid one."""
    parents, states = (request.headers.getlist(name) for name in ("traceparent", "tracestate"))
    return trace(",".join(parents), ",".join(states)) if parents else None


def peer(play: Play) -> Peer:
    """Return the other end of the connection."""
    client = request.scope.get("client")
    return play.proxies.peer(UNIX if client is None else client[0])


def source(play: Play) -> Source:
    """Return the client's address and whether it uses TLS, behind trusted proxies."""
    return play.proxies.source(peer(play), play_request().forwarded)


def secure(play: Play) -> bool:
    """Return whether the client uses TLS, to this server or to a trusted proxy."""
    said = source(play).secure
    return request.scheme in {"https", "wss"} if said is None else said


def player(play: Play, *, changes: bool = False) -> Identity:
    """Return the player of the current request; tickets only open streams.

    Args:
        play: Authenticates the request.
        changes: The request changes something, so a cookie needs an allowed origin.

    Raises:
        NotAuthenticated: The credentials are missing or invalid.
        NotAllowed: Another site may have made the browser send this request.
    """
    return play.authenticator.identify(play_request(), changes=changes)


def player_or_none(play: Play) -> str | None:
    """Return the player of a request that needs none; None without valid credentials."""
    try:
        return player(play).player
    except (NotAuthenticated, Overloaded):
        return None


def operator_identity(play: Play) -> Identity:
    """Return the operator of the current request, who needs a token for administration.

    Raises:
        NotAuthenticated: There is no such token.
    """
    return play.authenticator.identify(play_request(), use="admin")


def operator(play: Play) -> str:
    """Return the name of the operator of the current request.

    Raises:
        NotAuthenticated: See `operator_identity`.
    """
    return operator_identity(play).player


def check_operations_address(operations: Operations) -> None:
    """Raise Werkzeug's `NotFound` if operators are served at another address."""
    wanted = operations.address
    local: str | None = request.scope.get("state", {}).get(LOCAL_ADDRESS)
    if wanted is None or (
        local is not None and (local == operations.host.own_socket or same_address(local, wanted))
    ):
        return
    raise NotFound
