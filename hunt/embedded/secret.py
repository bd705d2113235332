"""The secret that signs tokens, where the operator gave none."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from hunt.errors import SettingsError

#: Bytes of a secret, at least, as for `HUNT_JWT_SECRET`.
LEAST = 32

_MOST = 4096  # bytes that are read; more is no secret of ours


def jwt_secret(data_dir: Path) -> bytes:
    """Return the data folder's secret, which is made on first use.

    Of several processes that come first, one makes it and all read the same.

    Raises:
        SettingsError: It cannot be made or read, others can read it, or it is too short.
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
    """Write a secret such that after a power loss the whole of it is there, or nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(fd)
        os.link(aside, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        os.unlink(aside)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


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
