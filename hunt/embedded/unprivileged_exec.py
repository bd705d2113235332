"""A script that drops root, asks to end with its parent, and executes a program of PostgreSQL.

Run it as ``python -I -S unprivileged_exec.py PARENT UID GID FOLDER ... -- PROGRAM
ARGUMENT ...``. UID and GID are -1 to keep the present user. The user must be able to reach
the content of the folders.

These steps belong between fork and exec, where a process with threads cannot run Python
safely. Therefore they are a script of their own.

PostgreSQL refuses to run as root, and an unprivileged user often cannot search the folders
above the data (``/root``, a private temporary folder). hunt does not open these to all
users. If it is needed, the process keeps the one capability that allows it to search closed
folders: ambient capabilities survive an exec (Linux 4.3, capabilities(7)).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

FAILED = 78  #: exit status if the program could not be executed (EX_CONFIG)

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 8, 38, 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITIES_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 bits
_DAC_OVERRIDE, _DAC_READ_SEARCH, _SETPCAP = 1, 2, 8
_PR_SET_SECUREBITS, _NO_SETUID_FIXUP = 28, 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Word(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _prctl(option: int, value: int, argument: int = 0) -> None:
    words = [ctypes.c_ulong(each) for each in (value, argument, 0, 0)]
    _check(_libc.prctl(option, *words), f"prctl {option}")


def _keep_only(*capabilities: int) -> None:
    """Drop every capability except `capabilities`."""
    mask = sum(1 << capability for capability in capabilities)
    words = (_Word * 2)(_Word(mask, mask, mask), _Word(0, 0, 0))
    _check(_libc.capset(ctypes.byref(_Header(_CAPABILITIES_3, 0)), words), "capset")


def _keep_through_exec(capability: int) -> None:
    """Keep one capability, also through an exec and for `access`."""
    # PostgreSQL calls access() to see whether it may run its own programs.  That call
    # ignores the capabilities of every user but root, unless this bit is set.
    _keep_only(_SETPCAP, capability)
    _prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP)
    _keep_only(capability)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _permitted() -> int:
    words = (_Word * 2)()
    _check(_libc.capget(ctypes.byref(_Header(_CAPABILITIES_3, 0)), words), "capget")
    permitted: int = words[0].permitted
    return permitted


def _closed(folders: list[str]) -> str | None:
    """Return the first of `folders` whose content this user cannot reach."""
    for folder in folders:
        try:
            os.stat(os.path.join(folder, "."))
        except PermissionError:
            return folder
    return None


def _give_up_root(uid: int, gid: int, folders: list[str]) -> None:
    try:
        _prctl(_PR_SET_KEEPCAPS, 1)
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)  # clears what is effective, keeps what is permitted
    except OSError as exc:
        sys.exit(f"root may not become user {uid} here ({exc.strerror})")
    # access() ignores capabilities, and stat() uses only effective ones.  This first check
    # therefore runs without any capability, and the check at the end with one.
    wanted: int | None = None
    if _closed(folders):
        permitted = _permitted()
        # Both give access to closed folders.  The first gives no right to write, but
        # containers often have only the second.
        allowed = [each for each in (_DAC_READ_SEARCH, _DAC_OVERRIDE) if permitted >> each & 1]
        wanted = allowed[0] if allowed else None
    try:
        if wanted is None:
            _keep_only()
        else:
            _keep_through_exec(wanted)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    except OSError as exc:
        sys.exit(f"root may not hand on a capability here ({exc})")
    if folder := _closed(folders):
        sys.exit(f"user {uid} may not pass through to {folder}")


def _die_with(parent: int) -> None:
    # Called after the change of user, which clears this setting. SIGINT is PostgreSQL's
    # fast shutdown: if hunt is killed, the database needs no recovery.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:
        sys.exit("the server that started it is gone")


def main(parent: int, uid: int, gid: int, rest: list[str]) -> None:
    """Execute the program, or exit with `FAILED` and one line on standard error."""
    split = rest.index("--")
    folders, command = rest[:split], rest[split + 1 :]
    # Background jobs of a shell ignore SIGINT, and PostgreSQL would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        if uid >= 0:
            _give_up_root(uid, gid, folders)
        _die_with(parent)
        os.execv(command[0], command)
    except OSError as exc:
        sys.stderr.write(f"{command[0]}: {exc}\n")
    except SystemExit as exc:
        sys.stderr.write(f"{exc.code}\n")
    sys.exit(FAILED)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
