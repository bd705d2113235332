"""The operating system's users around the embedded PostgreSQL.

Where hunt is root, PostgreSQL runs under a user id of its own, which no account and no
process has: a shared one, such as nobody's, would let every process of that user read the
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

NOBODY = 65534  #: the id of a user that many programs share

#: Ids that systemd's list of user ids ("Users, Groups, UIDs and GIDs on systemd systems")
#: gives to nobody.
UNASSIGNED = range(60578, 61184)


def own_name() -> str:
    """Return the name of the user that hunt runs as.

    Raises:
        SettingsError: It has none, and neither initdb nor peer authentication works.
    """
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise SettingsError(
            f"user {uid} has no name on this machine, and PostgreSQL's initdb insists on one: "
            "add the user to /etc/passwd, or give HUNT_DATABASE_URL"
        ) from None


def names(uid: int) -> list[str]:
    """Return the name of a user, if it has one."""
    with suppress(KeyError):
        return [pwd.getpwuid(uid).pw_name]
    return []


def account_for_initdb() -> tuple[int, int]:
    """Return user and group of a named account without rights.

    initdb refuses a user without a name, and root.

    Raises:
        SettingsError: This machine has root only.
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
        SettingsError: There is none, as in a container that maps few user ids.
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
    """Whether this user namespace has the id, as a user and as a group."""
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
    """Give `top` and what is in it to `user`; a second call ends what the first began.

    Args:
        top: A folder; symbolic links in it are given away, and not followed.
        user: User and group.
        of: The user that has it until now.  What belongs to others stays theirs: a hard
            link could be any file.
    """
    for _, folders, files, fd in os.fwalk(top):
        for name in (*folders, *files):
            owner = os.stat(name, dir_fd=fd, follow_symlinks=False).st_uid
            if owner == of or owner in UNASSIGNED:
                os.chown(name, *user, dir_fd=fd, follow_symlinks=False)
    os.chown(top, *user, follow_symlinks=False)
