"""Secrets of webhooks: created, rotated and opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import starmap

from hunt.core.key_ring import KeyRing, context
from hunt.core.webhook_signature import new_secret
from hunt.store.driver.connection import Connection

VALID = """
    select sealed from webhook_secrets
     where webhook = %s and coalesce(expires_at > clock_timestamp(), true) order by number desc
"""

EXPIRE = """
    update webhook_secrets set expires_at = clock_timestamp() + make_interval(secs => %s)
     where webhook = %s and expires_at is null
"""

DROP = "delete from webhook_secrets where webhook = %s and expires_at <= clock_timestamp()"

ADD = """
    insert into webhook_secrets (webhook, number, sealed)
    select %(id)s, coalesce(max(number), 0) + 1, %(sealed)s
      from webhook_secrets where webhook = %(id)s
"""


async def add(conn: Connection, ring: KeyRing, hunt: str, id_: int) -> str:
    """Give an endpoint a new secret, and return it."""
    secret = new_secret(os.urandom)
    sealed = ring.seal(secret.encode(), secret_context(hunt, id_))
    await conn.execute(ADD, {"id": id_, "sealed": sealed})
    return secret


async def rotate(conn: Connection, ring: KeyRing, hunt: str, id_: int, keep: int) -> str:
    """Return a new secret of an endpoint; the former ones stay valid for `keep` seconds."""
    await conn.execute(EXPIRE, (keep, id_))
    secret = await add(conn, ring, hunt, id_)
    await conn.execute(DROP, (id_,))
    return secret


async def valid(conn: Connection, ring: KeyRing, hunt: str, id_: int) -> list[str]:
    """Return the valid secrets of an endpoint, newest first.

    Raises:
        SealError: They cannot be opened.
    """
    rows = await (await conn.execute(VALID, (id_,))).fetchall()
    return open_secrets(ring, hunt, id_, list(starmap(bytes, rows)))


def open_secrets(ring: KeyRing, hunt: str, id_: int, sealed: Sequence[bytes]) -> list[str]:
    """Return the secrets of an endpoint.

    Raises:
        SealError: They cannot be opened.
    """
    return [ring.open(each, secret_context(hunt, id_)).decode() for each in sealed]


def secret_context(hunt: str, id_: int) -> bytes:
    """Return the context in which the secrets of an endpoint are sealed."""
    return context("webhook", hunt, id_)
