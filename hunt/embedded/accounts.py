"""Operating system users for the embedded PostgreSQL.

If hunt runs as root, PostgreSQL runs under a user id that no account and no process has.
If it ran as a shared user, such as ``nobody``, every process of that user could read the
data and connect.
"""

from __future__ import annotations

import grp
import os
import pwd
import random
from contextlib import suppress
from pathlib import Path

from hunt.errors import SettingsError

NOBODY = 65534  #: id of the user ``nobody``, which many programs share

#: Ids that systemd's list of user ids ("Users, Groups, UIDs and GIDs on systemd systems")
#: leaves unassigned.
UNASSIGNED = range(60578, 61184)


def own_name() -> str:
    """Return the name of the user that hunt runs as.

    Raises:
        SettingsError: It has none, so that neither initdb nor peer authentication works.
    """
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise SettingsError(
            f"user {uid} has no name on this machine, and PostgreSQL's initdb needs one: "
            "add the user to /etc/passwd, or give HUNT_DATABASE_URL"
        ) from None


def names(uid: int) -> list[str]:
    """Return the name of a user, in a list; an empty list for a user without a name."""
    with suppress(KeyError):
        return [pwd.getpwuid(uid).pw_name]
    return []


def account_for_initdb() -> tuple[int, int]:
    """Return user and group of an account to run initdb as, which refuses root and unnamed users.

    Raises:
        SettingsError: This machine has no user but root.
    """
    accounts = [each for each in pwd.getpwall() if each.pw_uid != 0]
    accounts.sort(key=lambda each: each.pw_name != "nobody")
    for each in accounts:
        return each.pw_uid, each.pw_gid
    raise SettingsError(
        "PostgreSQL's initdb needs a user other than root in /etc/passwd, such as nobody: "
        "add one, or give HUNT_DATABASE_URL"
    )


def unused() -> tuple[int, int]:
    """Return a user and a group that no account and no process has.

    Raises:
        SettingsError: There is none, for example in a container that maps few user ids.
    """
    taken = {each.pw_uid for each in pwd.getpwall()} | {each.gr_gid for each in grp.getgrall()}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            taken.add(path.stat().st_uid)
    free = [uid for uid in UNASSIGNED if uid not in taken and _is_mapped(uid)]
    if not free:
        raise SettingsError(
            f"no user id from {UNASSIGNED[0]} to {UNASSIGNED[-1]} is free here for PostgreSQL: "
            "run hunt as an ordinary user, or give HUNT_DATABASE_URL"
        )
    uid = random.SystemRandom().choice(free)
    return uid, uid


def _is_mapped(uid: int) -> bool:
    """Return whether this user namespace maps the id, as a user and as a group."""
    for kind in ("uid_map", "gid_map"):
        try:
            lines = Path(f"/proc/self/{kind}").read_text("ascii").splitlines()
        except OSError:
            continue  # a kernel without user namespaces
        ranges = [[int(word) for word in line.split()] for line in lines]
        if not any(first <= uid < first + count for first, _, count in ranges):
            return False
    return True


def give_tree(top: Path, user: tuple[int, int], *, of: int) -> None:
    """Change the owner of `top` and of its content to `user`; safe to repeat if interrupted.

    Args:
        top: A folder.  Symbolic links in it change their owner, and are not followed.
        user: New user and group.
        of: User id of the present owner.  Files of others keep their owner, because a hard
            link could name any file.
    """
    for _, folders, files, fd in os.fwalk(top):
        for name in (*folders, *files):
            owner = os.stat(name, dir_fd=fd, follow_symlinks=False).st_uid
            if owner == of or owner in UNASSIGNED:
                os.chown(name, *user, dir_fd=fd, follow_symlinks=False)
    os.chown(top, *user, follow_symlinks=False)
