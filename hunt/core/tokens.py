"""JSON Web Tokens (RFC 7519) that hunt signs, and the identity that a token carries.

`hunt.core.token_verifier` verifies them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal, get_args

import jwt
from msgspec import Struct

PLAYER, ADMIN, TICKET = "hunt", "hunt-admin", "hunt-ticket"  # audiences

#: Algorithm of the tokens that hunt signs: guest sessions, tickets, and ``hunt token``.
OWN = "HS256"

Use = Literal["bearer", "cookie", "ticket", "admin"]

#: Roles of operators; `hunt.web.admin.rights` has the routes of each role.
Role = Literal["viewer", "support", "fulfilment", "designer", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)

AUDIENCES: dict[Use, str] = {"bearer": PLAYER, "cookie": PLAYER, "ticket": TICKET, "admin": ADMIN}


class Identity(Struct, frozen=True, gc=False):
    """The authenticated player or operator, and what they may do."""

    player: str
    hunts: frozenset[str] | None  #: hunts that the token is for; None: all
    cookie: bool  #: authenticated by a cookie, which browsers add to every request
    until: float  #: Unix time at which the token expires; for a ticket: the token behind it
    key: str | None  #: fingerprint of the public key that verified the token; None: a secret
    roles: frozenset[str] | None = None  #: of an operator; None: all
    name: str | None = None  #: that others may see, as the token's issuer wrote it; None: none


def sign(
    secrets: Sequence[bytes],
    player: str,
    *,
    audience: str = PLAYER,
    ttl: float,
    now: datetime,
    hunts: Collection[str] | None = None,
    roles: Collection[Role] | None = None,
) -> str:
    """Return a token for `player`, signed with the first secret.

    Args:
        secrets: Secrets of the server, >= 1.
        player: Id of the player, or name of the operator.
        audience: Use of the token: `PLAYER` or `ADMIN`.
        ttl: Seconds, > 0, for which the token is valid.
        now: The current time.
        hunts: Ids of the hunts that the token is for; None: all.
        roles: Roles of the operator; None: all.
    """
    claims: dict[str, object] = {
        "sub": player,
        "aud": audience,
        "iat": now,
        "exp": now + timedelta(seconds=ttl),
    }
    if hunts is not None:
        claims["hunts"] = sorted(hunts)
    if roles is not None:
        claims["roles"] = sorted(roles)
    return jwt.encode(claims, secrets[0], algorithm=OWN)


def sign_ticket(secrets: Sequence[bytes], identity: Identity, *, ttl: float, now: datetime) -> str:
    """Return a ticket for the player of `identity`, signed with the first secret.

    A ticket carries the expiry and the key of the token that it was issued for.  A stream
    opened with the ticket therefore ends when that token expires or its key is removed.

    Args:
        secrets: Secrets of the server, >= 1.
        identity: Identity of the token that asks for the ticket.
        ttl: Seconds, > 0, for which the ticket can open streams.
        now: The current time.
    """
    claims: dict[str, object] = {
        "sub": identity.player,
        "aud": TICKET,
        "iat": now,
        "exp": min(now.timestamp() + ttl, identity.until),
        "until": identity.until,
    }
    if identity.hunts is not None:
        claims["hunts"] = sorted(identity.hunts)
    if identity.key is not None:
        claims["key"] = identity.key
    return jwt.encode(claims, secrets[0], algorithm=OWN)
