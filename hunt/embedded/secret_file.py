"""Secrets of the data folder, each in a file that is made once and that only its owner can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hunt.embedded.files import sync_folder, written_aside
from hunt.errors import SettingsError

_MOST = 4096  # bytes to read of the file


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The name and the messages of one secret."""

    name: str  #: of the file in the data folder
    meaning: str  #: as "the secret that signs tokens"
    setting: str  #: the variable that replaces the file
    cure: str  #: of a file that others can read, before "or run chmod 600 on it"; may be empty

    def contents(self, data_dir: Path, make: Callable[[], str]) -> bytes:
        """Return the secret of a data folder; make it if it is missing.

        Processes that start at once get the same secret: one makes it, and all read it.

        Args:
            data_dir: The data folder.
            make: Returns a new secret.

        Raises:
            SettingsError: It cannot be made or read, or other users can read it.
        """
        path = data_dir / self.name
        try:
            if not path.exists():
                _make(path, make())
            return self._read(path)
        except OSError as exc:
            raise SettingsError(
                f"{path}: {self.meaning} cannot be made or read ({exc.strerror}); "
                f"check the folder's owner and mode, or set {self.setting}"
            ) from None

    def _read(self, path: Path) -> bytes:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            secret = file.read(_MOST).strip()
        if mode & 0o077:
            raise SettingsError(
                f"{path}: other users can read {self.meaning} (mode {mode:04o}); "
                f"{self.cure}run chmod 600 on it"
            )
        return secret


def _make(path: Path, secret: str) -> None:
    """Write a new secret; after a loss of power the file is complete or missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_aside(path, secret) as aside, suppress(FileExistsError):
        os.link(aside, path)  # fails if another process was first
    sync_folder(path.parent)
