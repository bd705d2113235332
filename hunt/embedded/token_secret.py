"""The secret that signs tokens, made in the data folder unless the operator sets one."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from hunt.embedded.files import sync_folder, written_aside
from hunt.errors import SettingsError

#: Shortest secret that is accepted, in bytes, as for `HUNT_JWT_SECRET`.
LEAST = 32

_MOST = 4096  # bytes to read of the file


def jwt_secret(data_dir: Path) -> bytes:
    """Return the secret of a data folder; make it if it is missing.

    Processes that start at once get the same secret: one makes it, and all read it.

    Raises:
        SettingsError: It cannot be made or read, other users can read it, or it is too short.
    """
    path = data_dir / "jwt_secret"
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as exc:
        raise SettingsError(
            f"{path}: the secret that signs tokens cannot be made or read ({exc.strerror}); "
            "check the folder's owner and mode, or set HUNT_JWT_SECRET"
        ) from None


def _make(path: Path) -> None:
    """Write a new secret; after a loss of power the file is complete or missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_aside(path, secrets.token_urlsafe(48)) as aside, suppress(FileExistsError):
        os.link(aside, path)  # fails if another process was first
    sync_folder(path.parent)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        secret = file.read(_MOST).strip()
    if mode & 0o077:
        raise SettingsError(
            f"{path}: other users can read the secret that signs tokens (mode {mode:04o}); "
            "delete it, which ends all sessions, or run chmod 600 on it"
        )
    if len(secret) < LEAST:
        raise SettingsError(
            f"{path}: the secret that signs tokens has {len(secret)} bytes, not {LEAST} or more; "
            "delete it, which ends all sessions, or set HUNT_JWT_SECRET"
        )
    return secret
