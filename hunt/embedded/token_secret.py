"""The secret that signs tokens, made in the data folder unless the operator sets one."""

from __future__ import annotations

import secrets
from pathlib import Path

from hunt.embedded.secret_file import SecretFile
from hunt.errors import SettingsError
from hunt.plurals import plural

#: Shortest secret that is accepted, in bytes, as for `HUNT_JWT_SECRET`.
LEAST = 32

FILE = SecretFile(
    "jwt_secret",
    "the secret that signs tokens",
    "HUNT_JWT_SECRET",
    "delete it, which ends all sessions, or ",
)


def jwt_secret(data_dir: Path) -> bytes:
    """Return the secret of a data folder; make it if it is missing.

    Raises:
        SettingsError: It cannot be made or read, other users can read it, or it is too short.
    """
    secret = FILE.contents(data_dir, lambda: secrets.token_urlsafe(48))
    if len(secret) < LEAST:
        raise SettingsError(
            f"{data_dir / FILE.name}: {FILE.meaning} has {plural(len(secret), 'byte')}, "
            f"not {LEAST} or more; delete it, which ends all sessions, or set {FILE.setting}"
        )
    return secret
