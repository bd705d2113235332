"""Sign tokens with any algorithm, key and claims."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from functools import cache
from itertools import starmap
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)

from hunt.core.keys import from_jwks
from hunt.core.token_verifier import TokenVerifier
from hunt.core.tokens import Use
from hunt.errors import NotAuthenticated

SECRET, OLD = b"new-" * 8, b"old-" * 8
NOW = 1_800_000_000


CLAIMS = {"sub": "ada", "aud": "hunt", "exp": NOW + 60, "iat": NOW}
FOREIGN = ["RS256", "ES256", "EdDSA"]


def private(algorithm: str, number: int = 0) -> Any:
    """Return a private key; each number has another one."""
    return _private(algorithm, number)


@cache
def _private(algorithm: str, _number: int) -> Any:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def pem(key: Any) -> str:
    encoded: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded.decode()


def jwk(algorithm: str, number: int = 0, **more: Any) -> dict[str, Any]:
    shown = jwt.get_algorithm_by_name(algorithm).to_jwk(
        private(algorithm, number).public_key(), as_dict=True
    )
    return {**shown, "kid": f"{algorithm}-{number}", "use": "sig", **more}


def signed(algorithm: str, number: int = 0, *, kid: str | None = None, **claims: Any) -> str:
    headers = {"kid": kid or f"{algorithm}-{number}"}
    return jwt.encode(CLAIMS | claims, private(algorithm, number), algorithm, headers=headers)


def own(secret: bytes = SECRET, **claims: Any) -> str:
    kept = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode(kept, secret, "HS256")


def made(
    *algorithms: str, clock: Callable[[], float] = lambda: NOW, **options: Any
) -> TokenVerifier:
    keys = from_jwks(json.dumps({"keys": [jwk(each) for each in FOREIGN]}).encode())
    options = {"keys": keys if algorithms else ()} | options
    return TokenVerifier((SECRET, OLD), clock=clock, algorithms=algorithms or ("HS256",), **options)


def refused(verifier: TokenVerifier, token: str, use: Use = "bearer") -> bool:
    try:
        verifier.verify(token, use)
    except NotAuthenticated as refusal:
        assert str(refusal) == "the token is not valid", "and no more"
        return True
    return False


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def foreign(algorithm: str, number: int = 0, **claims: object) -> dict[str, str]:
    now = int(time.time())
    claims = {"iat": now, "exp": now + 60} | claims
    return {"Authorization": f"Bearer {signed(algorithm, number, **claims)}"}


def key_set(*keys: tuple[str, int]) -> bytes:
    return json.dumps({"keys": list(starmap(jwk, keys))}).encode()
