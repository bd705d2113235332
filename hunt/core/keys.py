"""Public keys that verify tokens, from PEM files and JSON Web Key Sets (RFC 7517)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jwt import PyJWK, PyJWTError
from msgspec import Struct

from hunt.errors import KeysError

#: Largest number of keys in a key set.
MAX_KEYS = 64

#: Smallest accepted size of an RSA key, in bits (RFC 7518, 3.3).
MIN_RSA_BITS = 2048

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_NO_CRYPTO = "the package cryptography is missing: pip install 'hunt-server[jwks]'"


class Key(Struct, frozen=True):
    """A public key with its one algorithm."""

    algorithm: str  #: RS256, ES256 or EdDSA
    kid: str | None  #: key id in the set; None: fits tokens with any key id
    value: Any  #: key object of the package cryptography
    fingerprint: str  #: SHA-256 of key and key id, hexadecimal


def from_pem(text: str) -> list[Key]:
    """Return the public keys in the text of a PEM file, at least one.

    Raises:
        KeysError: It has no public key, or one of an unsupported kind.
    """
    try:
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        raise KeysError(_NO_CRYPTO) from None
    keys = []
    for block in _BLOCK.finditer(text):
        if "PRIVATE" in block[1]:
            raise KeysError("it holds a private key; give only the public key")
        try:
            value = load_pem_public_key(block[0].encode())
        except ValueError as exc:
            raise KeysError(f"it holds no public key: {exc}") from None
        keys.append(_key(value, None))
    if not keys:
        raise KeysError("it holds no public key in PEM")
    return keys


def from_jwks(text: bytes) -> list[Key]:
    """Return the supported public keys of a key set; ignore its other keys.

    Symmetric keys are always ignored: a verifier that holds one could sign, too.

    Raises:
        KeysError: The text is not a key set, or none of its keys is supported.
    """
    try:
        raw = json.loads(text)
        found = raw["keys"]
    except (ValueError, KeyError, TypeError):
        raise KeysError("it is no JSON Web Key Set") from None
    if not isinstance(found, list) or len(found) > MAX_KEYS:
        raise KeysError(f"it is no list of at most {MAX_KEYS} keys")
    keys = [key for each in found if (key := _from_jwk(each)) is not None]
    if not keys:
        raise KeysError("no key in it fits RS256, ES256 or EdDSA")
    return keys


def _from_jwk(raw: object) -> Key | None:
    if not isinstance(raw, Mapping) or raw.get("use", "sig") != "sig" or "d" in raw:
        return None
    if raw.get("kty") not in {"RSA", "EC", "OKP"} or "verify" not in raw.get("key_ops", ["verify"]):
        return None
    kid = raw.get("kid")
    try:
        value = PyJWK({name: each for name, each in raw.items() if name != "alg"}).key
        key = _key(value, kid if isinstance(kid, str) else None)
    except NotImplementedError:
        raise KeysError(_NO_CRYPTO) from None
    except (PyJWTError, KeysError, ValueError, TypeError, KeyError):
        return None
    return key if raw.get("alg", key.algorithm) == key.algorithm else None


def _key(value: object, kid: str | None) -> Key:
    """Wrap a key of the package cryptography.

    Raises:
        KeysError: No supported algorithm fits it.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(value, rsa.RSAPublicKey) and value.key_size >= MIN_RSA_BITS:
        algorithm = "RS256"
    elif isinstance(value, ec.EllipticCurvePublicKey) and value.curve.name == "secp256r1":
        algorithm = "ES256"
    elif isinstance(value, ed25519.Ed25519PublicKey):
        algorithm = "EdDSA"
    else:
        raise KeysError(f"keys are RSA of {MIN_RSA_BITS} bits or more, P-256, or Ed25519")
    bytes_ = value.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(algorithm, kid, value, hashlib.sha256(bytes_ + repr(kid).encode()).hexdigest())


def fitting(keys: Sequence[Key], algorithm: str, kid: str | None) -> list[Key]:
    """Return the keys that may have signed a token with this algorithm and key id."""
    return [
        key
        for key in keys
        if key.algorithm == algorithm and (kid is None or key.kid is None or key.kid == kid)
    ]
