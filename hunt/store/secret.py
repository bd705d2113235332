"""The secret that signs tokens, where the operator gave none."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def jwt_secret(data_dir: Path) -> bytes:
    """Return the data folder's secret, made on first use and readable by its owner only.

    Of several processes that come first, one makes it and all read the same.
    """
    path = data_dir / "jwt_secret"
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked, so that nobody ever reads half of it.
        aside = data_dir / f".jwt_secret.{os.getpid()}"
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(aside, path)
        except FileExistsError:
            pass  # another process was first
        finally:
            aside.unlink()
    return path.read_bytes().strip()
