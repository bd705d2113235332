"""Verification of JSON Web Tokens, with a cache of those that were valid."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS
from msgspec import Struct

from hunt.core.cache import Cache
from hunt.core.keys import Key, fitting
from hunt.core.player_ids import ERASED_PREFIX, VALID_PLAYER, valid_player
from hunt.core.token_claims import TokenRefusal, shown, texts, token_behind, unix_time
from hunt.core.tokens import AUDIENCES, OWN, Identity, Use
from hunt.errors import NotAuthenticated, Overloaded

#: Bytes of the cache of verified tokens.
CACHE_SIZE = 3 * 2**20

#: Largest length of a token, in characters.
MAX_TOKEN = 6000

#: Seconds by which the issuer's clock may be ahead of ours.
LEEWAY = 5.0

_MAX_NAME = 200  # characters of a name that is not ignored
_ENTRY = 700  # bytes of a cached token, without its text
_NO_KEYS_YET = "the keys of tokens are not known yet"


class _HS256(HMACAlgorithm):
    """HS256 that checks each secret once; that of PyJWT checks it for every token."""

    @lru_cache(maxsize=8)  # ruff: ignore[cached-instance-method] - the only instance lives for ever
    def prepare_key(self, key: str | bytes) -> bytes:
        return super().prepare_key(key)


_jws = PyJWS()
_jws.unregister_algorithm(OWN)
_jws.register_algorithm(OWN, _HS256(HMACAlgorithm.SHA256))

#: Exceptions that parsing and verification of arbitrary text may raise.
_NOT_A_TOKEN = (jwt.PyJWTError, ValueError, OverflowError, RecursionError)


@lru_cache(maxsize=64)
def _header(segment: str) -> Mapping[str, Any]:
    """Return the header of a token, by its first segment, which is the same in many tokens."""
    return jwt.get_unverified_header(f"{segment}..")


class _Verified(Struct, frozen=True, gc=False):
    identity: Identity
    expires: float  # Unix time at which the token itself expires


class TokenVerifier:
    """Verifies tokens; caches valid ones while they are used.

    The settings list the allowed algorithms, and each key has one algorithm.  The header of
    a token only selects among them, so it cannot weaken the verification.

    Args:
        secrets: Secrets of the server; the first signs, all verify.
        algorithms: Algorithms that tokens of players and operators may use.
        keys: Public keys; None: they will be fetched, but are not known yet.
        issuer: Required ``iss`` of tokens that a public key verifies; None: any.
        clock: Unix time, in seconds.
        unknown: Called for each token with an unknown key; must not block.
        named: Called with the identity of a token with a name when it is first seen; must not
            block.
    """

    def __init__(
        self,
        secrets: Sequence[bytes],
        *,
        clock: Callable[[], float],
        algorithms: Collection[str] = (OWN,),
        keys: Sequence[Key] | None = (),
        issuer: str | None = None,
        unknown: Callable[[], None] = lambda: None,
        named: Callable[[Identity], None] = lambda _: None,
    ) -> None:
        self.generation = 0  #: rises when a key is removed, and its identities end with it
        self._secrets = tuple(secrets)
        self._clock = clock
        self._keys = keys
        self._fingerprints = frozenset(key.fingerprint for key in keys or ())
        self._issuer = issuer
        self._unknown = unknown
        self._named = named
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
            if verified.identity.name is not None:
                self._named(verified.identity)
        if self._clock() >= verified.expires:
            raise NotAuthenticated("the token is not valid")
        return verified.identity

    def refusal(self, token: str, use: Use) -> str | None:
        """Return why a token is refused, for the operator only; None if it is valid.

        Raises:
            Overloaded: The public keys are not known yet.
        """
        try:
            self._check(token, use)
        except TokenRefusal as refusal:
            return str(refusal)
        except _NOT_A_TOKEN:
            return "not a JSON Web Token, or malformed"
        return None

    def _verify(self, token: str, use: Use) -> _Verified:
        try:
            return self._check(token, use)
        except _NOT_A_TOKEN:
            raise NotAuthenticated("the token is not valid") from None

    def _check(self, token: str, use: Use) -> _Verified:
        key, claims = self._check_signature(token, self._algorithms[use])
        return self._check_claims(claims, key, use)

    def _check_signature(
        self, token: str, allowed: Collection[str]
    ) -> tuple[Key | None, dict[str, object]]:
        """Return the key that verifies a token, None for a secret, and the claims.

        Raises:
            ValueError: No key or secret verifies it; a `TokenRefusal` says why.
        """
        if len(token) > MAX_TOKEN:
            raise TokenRefusal(f"longer than {MAX_TOKEN} characters")
        header = _header(token.partition(".")[0])
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in allowed:
            raise TokenRefusal(
                f"algorithm {shown(algorithm)} is not allowed; HUNT_JWT_ALGORITHMS has "
                + ", ".join(sorted(allowed))
            )
        if "crit" in header:
            raise TokenRefusal("its header has critical extensions, which are not supported")
        candidates = self._candidates(algorithm, kid)
        if not candidates:
            raise TokenRefusal(f"unknown key: no {algorithm} key with key id {shown(kid)}")
        for key, value in candidates:
            try:
                payload = _jws.decode(token, value, algorithms=[algorithm])  # type: ignore[arg-type]
            except jwt.InvalidSignatureError:
                continue  # another candidate may fit
            claims = json.loads(payload)
            if isinstance(claims, dict):
                return key, claims
        raise TokenRefusal(
            f"wrong signature: it fits none of {len(candidates)} "
            + ("secrets in HUNT_JWT_SECRET" if algorithm == OWN else "public keys")
        )

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
            self._unknown()
        return candidates

    def _check_claims(self, claims: dict[str, object], key: Key | None, use: Use) -> _Verified:
        """Return the identity in the claims of a correctly signed token.

        Raises:
            ValueError: The token is for another use, or not valid now; a `TokenRefusal` says why.
        """
        now = self._clock()
        player, audience = claims.get("sub"), claims.get("aud")
        expires = unix_time(claims, "exp")
        for begin in ("nbf", "iat"):
            if begin in claims and (early := unix_time(claims, begin) - now) > LEEWAY:
                raise TokenRefusal(f"not valid yet: claim {begin!r} is {early:.0f} s in the future")
        audiences = audience if isinstance(audience, list) else [audience]
        if AUDIENCES[use] not in audiences:
            raise TokenRefusal(
                f"wrong audience: claim 'aud' is {shown(audience)}, must be {AUDIENCES[use]!r}"
            )
        if expires <= now:
            raise TokenRefusal(f"expired {now - expires:.0f} s ago")
        if key is not None and self._issuer is not None and claims.get("iss") != self._issuer:
            raise TokenRefusal("wrong issuer: claim 'iss' is not HUNT_JWT_ISSUER")
        if not isinstance(player, str) or not valid_player(player):
            raise TokenRefusal(f"claim 'sub' is missing, or not an id: {VALID_PLAYER}")
        if player.startswith(ERASED_PREFIX):
            raise TokenRefusal(
                f"claim 'sub' begins with {ERASED_PREFIX}, reserved for erased players"
            )
        allowed, roles = texts(claims, "hunts"), texts(claims, "roles")
        until, fingerprint = expires, None if key is None else key.fingerprint
        if use == "ticket":
            until, fingerprint = token_behind(claims)
            self._check_key_known(fingerprint)
        name = claims.get("name") if use in {"bearer", "cookie"} else None
        identity = Identity(
            player,
            allowed,
            use == "cookie",
            until,
            fingerprint,
            roles,
            name if isinstance(name, str) and len(name) <= _MAX_NAME else None,
        )
        return _Verified(identity, expires)

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
        self._unknown()
        raise TokenRefusal("unknown key: the key of the token behind this ticket was removed")
