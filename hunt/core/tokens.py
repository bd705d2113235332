"""Signed tokens: JSON Web Tokens (RFC 7519), made and verified."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal

import jwt
from jwt.api_jws import PyJWS
from msgspec import Struct

from hunt.core.cache import Cache
from hunt.core.keys import Key, fitting
from hunt.core.wire import ERASED, valid_player
from hunt.errors import NotAuthenticated, Overloaded

PLAYER, ADMIN, TICKET = "hunt", "hunt-admin", "hunt-ticket"  # audiences

#: What is signed here: guests, tickets, and what ``hunt token`` prints.
OWN = "HS256"

Use = Literal["bearer", "cookie", "ticket", "admin"]
AUDIENCES: dict[Use, str] = {"bearer": PLAYER, "cookie": PLAYER, "ticket": TICKET, "admin": ADMIN}

#: Bytes of verified tokens that are remembered: a busy player pays once.
REMEMBERED = 3 * 2**20

#: Bytes of a remembered token, beside its text.
_ENTRY = 700

#: Characters of a token, at most.
MAX_TOKEN = 6000

#: Seconds by which the clock of whoever signs may be ahead of ours.
LEEWAY = 5.0

_WAITING = "the keys of tokens are not known yet"

_jws = PyJWS()


class Identity(Struct, frozen=True, gc=False):
    """The authenticated player, or operator, and what they may do."""

    player: str
    hunts: frozenset[str] | None  #: those allowed; None is all
    cookie: bool  #: known by cookie, which a browser sends unasked
    until: float  #: when the token expires, by the wall clock; of a ticket: the token behind it
    key: str | None  #: fingerprint of the public key behind it; None: one of our secrets


class _Known(Struct, frozen=True, gc=False):
    identity: Identity
    expires: float  # of the token itself, by the wall clock


def sign(
    secrets: Sequence[bytes],
    player: str,
    *,
    audience: str = PLAYER,
    ttl: float,
    now: datetime,
    hunts: Collection[str] | None = None,
) -> str:
    """Return a token for `player`, valid for `ttl` seconds from `now`; the first secret signs."""
    claims: dict[str, object] = {
        "sub": player,
        "aud": audience,
        "iat": now,
        "exp": now + timedelta(seconds=ttl),
    }
    if hunts is not None:
        claims["hunts"] = sorted(hunts)
    return jwt.encode(claims, secrets[0], algorithm=OWN)


def sign_ticket(secrets: Sequence[bytes], identity: Identity, *, ttl: float, now: datetime) -> str:
    """Return a ticket for the player of `identity`; the first secret signs.

    A ticket says until when the token behind it is valid, and by which key: a stream that
    is opened with the ticket ends as if it had been opened with the token.

    Args:
        secrets: Ours.
        identity: As verified by the token that asks for the ticket.
        ttl: Seconds, > 0, for which streams can be opened with the ticket.
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


class Tokens:
    """Verifies tokens, and remembers those that were valid while they are used.

    The algorithms are given, and each key fits one only: what a token says of
    itself chooses among them and adds nothing.

    Args:
        secrets: Ours; the first signs, all verify.
        algorithms: That the tokens of players and operators may have.
        keys: Public ones; None: there will be some, but they are not known yet.
        issuer: ``iss`` of what is signed with a public key's other half; None is any.
        clock: The wall clock, in seconds.
    """

    def __init__(
        self,
        secrets: Sequence[bytes],
        *,
        clock: Callable[[], float],
        algorithms: Collection[str] = (OWN,),
        keys: Sequence[Key] | None = (),
        issuer: str | None = None,
    ) -> None:
        self.unknown: Callable[[], None] = lambda: None  #: called for a key that is not known
        self.removed: Callable[[], None] = lambda: None  #: called after a key was removed
        self.generation = 0  #: rises when a key is removed: what it verified is not valid any more
        self._secrets = tuple(secrets)
        self._clock = clock
        self._keys = keys
        self._fingerprints = frozenset(key.fingerprint for key in keys or ())
        self._issuer = issuer
        given = frozenset(algorithms)
        # What we signed ourselves is ours to trust, whatever others sign with.
        self._algorithms: dict[Use, frozenset[str]] = {
            "bearer": given,
            "admin": given,
            "cookie": given | {OWN},
            "ticket": frozenset({OWN}),
        }
        #: By use and text.
        self.known: Cache[tuple[Use, str], _Known] = Cache(
            REMEMBERED, lambda key, _: _ENTRY + len(key[1])
        )

    @property
    def waiting(self) -> bool:
        """Whether the public keys are not known yet."""
        return self._keys is None

    def replace_keys(self, keys: Sequence[Key]) -> None:
        """Verify with these public keys from now on; what others verified is not valid any more."""
        before = self._fingerprints
        self._keys = keys
        self._fingerprints = frozenset(key.fingerprint for key in keys)
        if before <= self._fingerprints:
            return
        self.generation += 1
        self.known.keep(lambda each: self._has(each.identity.key))
        self.removed()

    def _has(self, key: str | None) -> bool:
        return key is None or key in self._fingerprints

    def hold(self, identity: Identity) -> bool:
        """Return whether the token behind `identity` is still valid."""
        return self._clock() < identity.until and self._has(identity.key)

    def verify(self, token: str, use: Use) -> Identity:
        """Return whom a token speaks for.

        Raises:
            NotAuthenticated: It is not valid; what is wrong with it is not said.
            Overloaded: The keys that could tell are not known yet.
        """
        key = use, token
        known = self.known.get(key)
        if known is None:
            known = self._verified(token, use)
            self.known.put(key, known)
        if self._clock() >= known.expires:
            raise NotAuthenticated("the token is not valid")
        return known.identity

    def _verified(self, token: str, use: Use) -> _Known:
        try:
            key, claims = self._signed(token, self._algorithms[use])
            return self._claimed(claims, key, use)
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
            raise NotAuthenticated("the token is not valid") from None

    def _signed(self, token: str, allowed: Collection[str]) -> tuple[Key | None, dict[str, object]]:
        """Return the key that a token is signed with, None for a secret, and what it claims.

        Raises:
            ValueError: It is not signed by any.
        """
        if len(token) > MAX_TOKEN:
            raise ValueError
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in allowed or "crit" in header:
            raise ValueError
        candidates: list[tuple[Key | None, object]]
        if algorithm == OWN:
            candidates = [(None, secret) for secret in self._secrets]
        else:
            if self._keys is None:
                raise Overloaded(_WAITING, retry_after=1.0)
            candidates = [(key, key.value) for key in fitting(self._keys, algorithm, kid)]
            if not candidates:
                self.unknown()
        for key, value in candidates:
            try:
                payload = _jws.decode(token, value, algorithms=[algorithm])  # type: ignore[arg-type]
            except jwt.InvalidSignatureError:
                continue  # perhaps signed with another one
            claims = json.loads(payload)
            if isinstance(claims, dict):
                return key, claims
        raise ValueError

    def _claimed(self, claims: dict[str, object], key: Key | None, use: Use) -> _Known:
        """Return what a token says that is truly signed.

        Raises:
            ValueError: It is not for us, or not now.
        """
        now = self._clock()
        player, hunts, audience = claims.get("sub"), claims.get("hunts"), claims.get("aud")
        expires = _moment(claims.get("exp"))
        for begin in ("nbf", "iat"):
            if begin in claims and _moment(claims[begin]) > now + LEEWAY:
                raise ValueError
        audiences = audience if isinstance(audience, list) else [audience]
        if AUDIENCES[use] not in audiences or expires <= now:
            raise ValueError
        if key is not None and self._issuer is not None and claims.get("iss") != self._issuer:
            raise ValueError
        if not isinstance(player, str) or not valid_player(player) or player.startswith(ERASED):
            raise ValueError
        if hunts is not None and not (
            isinstance(hunts, list) and all(isinstance(each, str) for each in hunts)
        ):
            raise ValueError
        allowed = None if hunts is None else frozenset(hunts)
        until, fingerprint = expires, None if key is None else key.fingerprint
        if use == "ticket":
            until, fingerprint = _behind(claims)
            self._check_known(fingerprint)
        return _Known(Identity(player, allowed, use == "cookie", until, fingerprint), expires)

    def _check_known(self, key: str | None) -> None:
        """Refuse the ticket of a key that is not known, or not any more.

        Raises:
            Overloaded: No keys are known yet.
            ValueError: Others are.
        """
        if self._has(key):
            return
        if self._keys is None:
            raise Overloaded(_WAITING, retry_after=1.0)
        self.unknown()
        raise ValueError


def _behind(claims: dict[str, object]) -> tuple[float, str | None]:
    """Return when the token behind a ticket expires, and the fingerprint of its key.

    A ticket of an earlier release does not say; then its own end is the stream's, too.
    """
    key = claims.get("key")
    if key is not None and not isinstance(key, str):
        raise ValueError
    return _moment(claims.get("until", claims.get("exp"))), key


def _moment(value: object) -> float:
    """Return a NumericDate (RFC 7519, 2) as seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)
