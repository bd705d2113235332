"""The keys that encrypt data at rest, made in the data folder unless the operator sets some."""

from __future__ import annotations

import base64
import importlib.util
import secrets
from pathlib import Path

from hunt import values
from hunt.embedded.secret_file import SecretFile
from hunt.errors import SettingsError

FILE = SecretFile(
    "data_keys", "the file of keys that encrypt data", "HUNT_DATA_KEYS", "replace the keys, or "
)


def data_keys(data_dir: Path) -> tuple[tuple[str, bytes], ...]:
    """Return the keys of a data folder; make one if there is none.

    Without the package cryptography none is made, and data stays unencrypted.

    Raises:
        SettingsError: The file cannot be made or read, other users can read it, or it is not
            a list of keys.
    """
    if not (data_dir / FILE.name).exists() and importlib.util.find_spec("cryptography") is None:
        return ()
    text = FILE.contents(data_dir, lambda: new_key("embedded"))
    try:
        return values.data_keys(text.decode("utf-8", "replace"))
    except ValueError as exc:
        raise SettingsError(
            f"{data_dir / FILE.name}: {exc}; restore the file from a backup, because without "
            "its keys the encrypted data is lost"
        ) from None


def new_key(id_: str) -> str:
    """Return a new random key, as `HUNT_DATA_KEYS` has it.

    Args:
        id_: Id of the key, 1-16 of ``[a-z0-9-]``.
    """
    return f"{id_}:{base64.b64encode(secrets.token_bytes(values.KEY_BYTES)).decode()}"
