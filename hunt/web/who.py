"""Who makes the request at hand, and whether it may: Quart's request, as `endpoints` wants it."""

from __future__ import annotations

from quart import request
from werkzeug.exceptions import NotFound

from hunt.core.addresses import UNIX, same_address
from hunt.core.forwarding import Forwarded
from hunt.core.proxies import Peer, Source
from hunt.engine import Engine
from hunt.errors import NotAuthenticated, Overloaded
from hunt.play import auth, endpoints

LOCAL = "hunt_local"


def asked(hunt_id: str) -> endpoints.Asked:
    """Return what the request at hand says of itself."""
    headers, query = request.headers, request.args
    return endpoints.Asked(
        hunt=hunt_id,
        host=request.host,
        authorization=headers.get("Authorization"),
        cookie=request.cookies.get(auth.COOKIE),
        origin=headers.get("Origin"),
        fetch_site=headers.get("Sec-Fetch-Site"),
        content_type=headers.get("Content-Type"),
        content_encoding=headers.get("Content-Encoding"),
        ticket=query.get("ticket"),
        scope=query.get("scope"),
        last_event_id=headers.get("Last-Event-ID")
        or query.get("last_event_id")
        or query.get("lastEventId"),
        forwarded=forwarded(),
    )


def peer(engine: Engine) -> Peer:
    """Return who holds the other end of the connection."""
    client = request.scope.get("client")
    return engine.proxies.peer(UNIX if client is None else client[0])


def forwarded() -> Forwarded | None:
    """Return what the request at hand says of the way that it came."""

    def joined(name: str) -> str | None:
        values = request.headers.getlist(name)
        return ",".join(values) if values else None

    said = [joined(name) for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto")]
    return Forwarded(*said) if any(each is not None for each in said) else None


def source(engine: Engine) -> Source:
    """Return where the request at hand comes from."""
    return engine.proxies.source(peer(engine), forwarded())


def secure(engine: Engine) -> bool:
    """Return whether the client speaks TLS, to us or to a proxy whose word counts."""
    said = source(engine).secure
    return request.scheme in {"https", "wss"} if said is None else said


def player(engine: Engine, *, changes: bool = False) -> auth.Identity:
    """Return who makes the request; tickets are for streams only, and do not count here.

    Args:
        engine: Whose tokens count.
        changes: The request changes something, so a cookie alone is not enough.

    Raises:
        NotAuthenticated: Nobody proved who they are.
        NotAllowed: Another site may have made the browser send this.
    """
    identity = auth.identify(
        engine.tokens,
        authorization=request.headers.get("Authorization"),
        cookie=request.cookies.get(auth.COOKIE),
    )
    if changes and identity.cookie:
        check_origin(engine)
    return identity


def known(engine: Engine) -> str | None:
    """Return who makes a request that anybody may make; None where nobody says so, or not truly."""
    try:
        return player(engine).player
    except (NotAuthenticated, Overloaded):
        return None


def operator_identity(engine: Engine) -> auth.Identity:
    """Return the operator who makes the request; only a token for administration counts.

    Raises:
        NotAuthenticated: There is no such token.
    """
    return auth.identify(
        engine.tokens, authorization=request.headers.get("Authorization"), use="admin"
    )


def operator(engine: Engine) -> str:
    """Return the name of the operator who makes the request.

    Raises:
        NotAuthenticated: As of `operator_identity`.
    """
    return operator_identity(engine).player


def check_place(engine: Engine) -> None:
    """Raise werkzeug's `NotFound` where operators are served at another address."""
    wanted = engine.settings.operations_bind
    local: str | None = request.scope.get("state", {}).get(LOCAL)
    if wanted is None or (
        local is not None
        and (local == engine.operations.host.own_socket or same_address(local, wanted))
    ):
        return
    raise NotFound


def check_origin(engine: Engine) -> None:
    """Raise `NotAllowed` where another site may have made the browser send this."""
    auth.check_origin(
        request.headers.get("Origin"),
        host=request.host,
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        allowed=engine.settings.allowed_origins,
    )
