"""Secrets and signatures of webhooks (Standard Webhooks, symmetric signatures ``v1``)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable

#: Begins every secret, so that scanners of repositories recognise it.
PREFIX = "whsec_"

#: Bytes of the key in a new secret.
KEY_BYTES = 32


def new_secret(random: Callable[[int], bytes]) -> str:
    """Return a new secret.

    Args:
        random: Returns the given number of bytes from a cryptographic source.
    """
    return PREFIX + base64.b64encode(random(KEY_BYTES)).decode()


def sign(secrets: Iterable[str], id_: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature``: one signature for each secret.

    Args:
        secrets: One or more secrets, as `new_secret` returns them.
        id_: The header ``webhook-id``.
        timestamp: The header ``webhook-timestamp``, in seconds since 1970.
        body: The body of the request.
    """
    signed = b"%b.%d.%b" % (id_.encode(), timestamp, body)
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
