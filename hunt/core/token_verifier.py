"""Verification of JSON Web Tokens, with a cache of those that were valid."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence

import jwt
from jwt.api_jws import PyJWS
from msgspec import Struct

from hunt.core.cache import Cache
from hunt.core.keys import Key, fitting
from hunt.core.player_ids import ERASED_PREFIX, valid_player
from hunt.core.tokens import AUDIENCES, OWN, Identity, Use
from hunt.errors import NotAuthenticated, Overloaded

#: Bytes of the cache of verified tokens.
CACHE_SIZE = 3 * 2**20

#: Characters of the longest token that is verified.
MAX_TOKEN = 6000

#: Seconds by which the issuer's clock may be ahead of ours.
LEEWAY = 5.0

_ENTRY = 700  # bytes of a cached token, without its text
_NO_KEYS_YET = "the keys of tokens are not known yet"

_jws = PyJWS()


class _Verified(Struct, frozen=True, gc=False):
    identity: Identity
    expires: float  # Unix time at which the token itself expires


class TokenVerifier:
    """Verifies tokens; caches valid ones while they are used.

    The allowed algorithms are configured, and each key has one algorithm.  The header of a
    token only selects among them, so it cannot weaken the check.

    Args:
        secrets: Secrets of the server; the first signs, all verify.
        algorithms: Algorithms that tokens of players and operators may use.
        keys: Public keys; None: they will be fetched, but are not known yet.
        issuer: Required ``iss`` of tokens that a public key verifies; None: any.
        clock: Unix time, in seconds.
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
        self.unknown: Callable[[], None] = lambda: None  #: called for a token with an unknown key
        self.generation = 0  #: rises when a key is removed, which ends identities it verified
        self._secrets = tuple(secrets)
        self._clock = clock
        self._keys = keys
        self._fingerprints = frozenset(key.fingerprint for key in keys or ())
        self._issuer = issuer
        given = frozenset(algorithms)
        # Cookies and tickets are signed by hunt itself, whatever the issuer of tokens uses.
        self._algorithms: dict[Use, frozenset[str]] = {
            "bearer": given,
            "admin": given,
            "cookie": given | {OWN},
            "ticket": frozenset({OWN}),
        }
        #: Verified tokens, by use and text.
        self.known: Cache[tuple[Use, str], _Verified] = Cache(
            CACHE_SIZE, lambda key, _: _ENTRY + len(key[1])
        )

    @property
    def waiting(self) -> bool:
        """Whether the public keys are still to be fetched."""
        return self._keys is None

    def replace_keys(self, keys: Sequence[Key]) -> None:
        """Verify with these public keys from now on; end identities that removed keys verified."""
        before = self._fingerprints
        self._keys = keys
        self._fingerprints = frozenset(key.fingerprint for key in keys)
        if before <= self._fingerprints:
            return
        self.generation += 1
        self.known.keep(lambda each: self._has(each.identity.key))

    def _has(self, key: str | None) -> bool:
        return key is None or key in self._fingerprints

    def hold(self, identity: Identity) -> bool:
        """Return whether the token behind `identity` is still valid."""
        return self._clock() < identity.until and self._has(identity.key)

    def verify(self, token: str, use: Use) -> Identity:
        """Return the identity that a token proves.

        Raises:
            NotAuthenticated: The token is not valid; the message does not say why.
            Overloaded: The public keys are not known yet.
        """
        key = use, token
        verified = self.known.get(key)
        if verified is None:
            verified = self._verify(token, use)
            self.known.put(key, verified)
        if self._clock() >= verified.expires:
            raise NotAuthenticated("the token is not valid")
        return verified.identity

    def _verify(self, token: str, use: Use) -> _Verified:
        try:
            key, claims = self._check_signature(token, self._algorithms[use])
            return self._check_claims(claims, key, use)
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
            raise NotAuthenticated("the token is not valid") from None

    def _check_signature(
        self, token: str, allowed: Collection[str]
    ) -> tuple[Key | None, dict[str, object]]:
        """Return the key that verifies a token, None for a secret, and the claims.

        Raises:
            ValueError: No key or secret verifies it.
        """
        if len(token) > MAX_TOKEN:
            raise ValueError
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in allowed or "crit" in header:
            raise ValueError
        for key, value in self._candidates(algorithm, kid):
            try:
                payload = _jws.decode(token, value, algorithms=[algorithm])  # type: ignore[arg-type]
            except jwt.InvalidSignatureError:
                continue  # another candidate may fit
            claims = json.loads(payload)
            if isinstance(claims, dict):
                return key, claims
        raise ValueError

    def _candidates(self, algorithm: str, kid: str | None) -> list[tuple[Key | None, object]]:
        """Return the keys that may have signed a token, each with its value."""
        if algorithm == OWN:
            return [(None, secret) for secret in self._secrets]
        if self._keys is None:
            raise Overloaded(_NO_KEYS_YET, retry_after=1.0)
        candidates: list[tuple[Key | None, object]] = [
            (key, key.value) for key in fitting(self._keys, algorithm, kid)
        ]
        if not candidates:
            self.unknown()
        return candidates

    def _check_claims(self, claims: dict[str, object], key: Key | None, use: Use) -> _Verified:
        """Return the identity in the claims of a correctly signed token.

        Raises:
            ValueError: The token is for another use, or not valid now.
        """
        now = self._clock()
        player, hunts, audience = claims.get("sub"), claims.get("hunts"), claims.get("aud")
        expires = _unix_time(claims.get("exp"))
        for begin in ("nbf", "iat"):
            if begin in claims and _unix_time(claims[begin]) > now + LEEWAY:
                raise ValueError
        audiences = audience if isinstance(audience, list) else [audience]
        if AUDIENCES[use] not in audiences or expires <= now:
            raise ValueError
        if key is not None and self._issuer is not None and claims.get("iss") != self._issuer:
            raise ValueError
        if not isinstance(player, str) or not valid_player(player):
            raise ValueError
        if player.startswith(ERASED_PREFIX):
            raise ValueError
        if hunts is not None and not (
            isinstance(hunts, list) and all(isinstance(each, str) for each in hunts)
        ):
            raise ValueError
        allowed = None if hunts is None else frozenset(hunts)
        until, fingerprint = expires, None if key is None else key.fingerprint
        if use == "ticket":
            until, fingerprint = _token_behind(claims)
            self._check_key_known(fingerprint)
        return _Verified(Identity(player, allowed, use == "cookie", until, fingerprint), expires)

    def _check_key_known(self, key: str | None) -> None:
        """Refuse a ticket if the key of the token behind it is unknown or was removed.

        Raises:
            Overloaded: The public keys are not known yet.
            ValueError: The key is not among them.
        """
        if self._has(key):
            return
        if self._keys is None:
            raise Overloaded(_NO_KEYS_YET, retry_after=1.0)
        self.unknown()
        raise ValueError


def _token_behind(claims: dict[str, object]) -> tuple[float, str | None]:
    """Return the expiry of the token behind a ticket, and the fingerprint of its key.

    Tickets of earlier releases lack both claims; they end streams at their own expiry.
    """
    key = claims.get("key")
    if key is not None and not isinstance(key, str):
        raise ValueError
    return _unix_time(claims.get("until", claims.get("exp"))), key


def _unix_time(value: object) -> float:
    """Return a NumericDate (RFC 7519, 2) as seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)
