"""The caller of the current Quart request: its peer, its player or its operator."""

from __future__ import annotations

from quart import request
from werkzeug.exceptions import NotFound

from hunt.core.addresses import UNIX, same_address
from hunt.core.proxies import Peer, Source
from hunt.core.tokens import Identity
from hunt.engine import Engine
from hunt.errors import NotAuthenticated, Overloaded
from hunt.play.request import Request, build
from hunt.web.scope_state import LOCAL_ADDRESS


def play_request(hunt_id: str = "") -> Request:
    """Return the current request, as the play API reads it.

    Args:
        hunt_id: Hunt id in the path; empty where the path has none.
    """
    query = request.query_string.decode("latin-1")
    return build(hunt_id, request.headers.items(), query, scheme=request.scheme)


def peer(engine: Engine) -> Peer:
    """Return the other end of the connection."""
    client = request.scope.get("client")
    return engine.play.proxies.peer(UNIX if client is None else client[0])


def source(engine: Engine) -> Source:
    """Return the client's address and whether it uses TLS, behind trusted proxies."""
    return engine.play.proxies.source(peer(engine), play_request().forwarded)


def secure(engine: Engine) -> bool:
    """Return whether the client uses TLS, to this server or to a trusted proxy."""
    said = source(engine).secure
    return request.scheme in {"https", "wss"} if said is None else said


def player(engine: Engine, *, changes: bool = False) -> Identity:
    """Return the player of the current request; tickets only open streams.

    Args:
        engine: The engine that serves.
        changes: The request changes something, so a cookie needs an allowed origin.

    Raises:
        NotAuthenticated: The credentials are missing or invalid.
        NotAllowed: Another site may have made the browser send this request.
    """
    return engine.play.authenticator.identify(play_request(), changes=changes)


def player_or_none(engine: Engine) -> str | None:
    """Return the player of a request that needs none; None without valid credentials."""
    try:
        return player(engine).player
    except (NotAuthenticated, Overloaded):
        return None


def operator_identity(engine: Engine) -> Identity:
    """Return the operator of the current request; only a token for administration counts.

    Raises:
        NotAuthenticated: There is no such token.
    """
    return engine.play.authenticator.identify(play_request(), use="admin")


def operator(engine: Engine) -> str:
    """Return the name of the operator of the current request.

    Raises:
        NotAuthenticated: As of `operator_identity`.
    """
    return operator_identity(engine).player


def check_operations_address(engine: Engine) -> None:
    """Raise Werkzeug's `NotFound` where operators are served at another address."""
    wanted = engine.settings.operations_bind
    local: str | None = request.scope.get("state", {}).get(LOCAL_ADDRESS)
    if wanted is None or (
        local is not None
        and (local == engine.operations.host.own_socket or same_address(local, wanted))
    ):
        return
    raise NotFound
