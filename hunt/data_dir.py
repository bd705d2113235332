"""The default of the data folder."""

from __future__ import annotations

from pathlib import Path

import platformdirs

#: The data folder of a user without a home folder.
SYSTEM_DATA_DIR = Path("/var/lib/hunt")


def default() -> Path:
    """Return the user's data folder; that of the system for a user without a home folder."""
    try:
        found = Path(platformdirs.user_data_dir("hunt"))
    except RuntimeError:
        return SYSTEM_DATA_DIR
    return found if found.is_absolute() else SYSTEM_DATA_DIR
