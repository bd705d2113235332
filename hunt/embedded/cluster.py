"""One PostgreSQL cluster in a folder: make, recover, start and stop it.

The caller holds the lock of the data folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import trio

from hunt.embedded import accounts
from hunt.embedded.files import sync_folder, written_aside
from hunt.embedded.launcher import STOP, Launcher
from hunt.subprocesses import end

SOCKET = ".s.PGSQL.5432"
POLL = 0.02  # seconds between two checks of a server that starts

_LOG_MAX = 10 * 1024 * 1024  # bytes; if the log is longer at a start, a new one begins
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # part of the socket's name
    "max_connections": "100",
    "shared_buffers": "128MB",
    "log_checkpoints": "off",  # else an idle server fills its log
}


class Postmaster(NamedTuple):
    """The content of ``postmaster.pid``, which may be out of date."""

    pid: int
    folder: str  #: of its socket
    ready: bool

    @classmethod
    def read(cls, cluster: Path) -> Postmaster | None:
        """Return the content of the file in `cluster`; None where it is missing or incomplete."""
        try:
            lines = (cluster / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
            # Pid, data folder, time of start, port, socket folder, address, shared
            # memory, status; the file grows while the server starts.
            status = lines[7].strip() if len(lines) > 7 else ""
            return cls(int(lines[0]), lines[4], status == "ready")
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def is_alive(self, cluster: Path) -> bool:
        """Return whether process `pid` is the server of `cluster`, not a later process."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(cluster) in words

    def answers(self) -> bool:
        """Return whether connections to its socket are accepted."""
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            try:
                client.connect(os.path.join(self.folder, SOCKET))
            except BlockingIOError:
                return True  # its queue of new connections is full
            except OSError:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, and what is needed to run it."""

    path: Path
    programs: Path  #: folder of initdb and postgres
    socket_folder: Path  #: made at the start, removed at the end
    launcher: Launcher
    names: tuple[str, ...]  #: users of this machine that may connect, as PostgreSQL's user hunt

    async def init(self) -> None:
        """Make the cluster with a database ``hunt``; leave nothing behind if that fails."""
        for abandoned in self.path.parent.glob(f"{self.path.name}.*.new"):
            shutil.rmtree(abandoned, ignore_errors=True)
        # The outer folder keeps other processes of initdb's user out.
        outer = Path(tempfile.mkdtemp(".new", f"{self.path.name}.", self.path.parent))
        try:
            new = outer / "cluster"
            new.mkdir(mode=0o700)
            await self._fill(new, outer)
            new.rename(self.path)
            sync_folder(self.path.parent)
        finally:
            shutil.rmtree(outer, ignore_errors=True)

    async def _fill(self, new: Path, outer: Path) -> None:
        launcher = replace(self.launcher, reach=(*self.launcher.reach, outer))
        if launcher.user is not None:
            owner = accounts.account_for_initdb()
            launcher = replace(launcher, user=owner)
            os.chown(new, *owner)
        initdb: list[str | Path] = [self.programs / "initdb", "-D", new]
        initdb += ["--username=hunt", "--auth=peer"]
        # The builtin locale sorts alike on every machine, and needs none installed.
        initdb += ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin"]
        initdb += ["--builtin-locale=C.UTF-8", "--set=timezone=UTC", "--set=log_timezone=UTC"]
        await launcher.run([*initdb, "--no-instructions"])
        # A single-user server reads statements from its standard input, without a client.
        single: list[str | Path] = [self.programs / "postgres", "--single", "-D", new]
        single += ["-c", "exit_on_error=on", "template1"]
        await launcher.run(single, text="create database hunt\n")
        if self.launcher.user is not None and launcher.user is not None:
            accounts.give_tree(new, self.launcher.user, of=launcher.user[0])

    async def recover(self) -> None:
        """Stop a server whose owner was killed, and repair the files of one that was killed."""
        left = Postmaster.read(self.path)
        if left is not None and left.is_alive(self.path):
            await end(left.pid, STOP)
        if left is not None and Path(left.folder).name.startswith("hunt-"):
            _remove_socket(Path(left.folder))  # the next start uses another name
        # PostgreSQL refuses to start if another process has the pid of the file by now.  It
        # ignores the pid of its own parent, so the pid of hunt is written there.  PostgreSQL
        # then checks whether the shared memory of line 7 is still in use.
        with suppress(FileNotFoundError), self._open_pid_file() as file:
            lines = file.read().splitlines(keepends=True)
            file.seek(0)
            file.writelines([b"%d\n" % os.getpid(), *lines[1:]])
            file.truncate()

    async def start(self, options: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start the server; return once it accepts connections.

        Args:
            options: Settings of PostgreSQL that replace those of hunt.

        Raises:
            StoreUnavailable: It ended instead.
        """
        with suppress(FileNotFoundError):
            if self.launcher.log.stat().st_size > _LOG_MAX:
                self.launcher.log.replace(self.launcher.log.with_suffix(".log.1"))
        self._claim()
        self._make_socket_folder()
        # Quoted, because PostgreSQL takes this setting for a list of folders.
        quoted = '"{}"'.format(str(self.socket_folder).replace('"', '""'))
        own = {"unix_socket_directories": quoted, **self._access()}
        settings = {**_SETTINGS, **own, **options}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = self.launcher.start([self.programs / "postgres", "-D", self.path, *flags])
        try:
            while process.poll() is None:
                found = Postmaster.read(self.path)
                if found and found.pid == process.pid and found.ready and found.answers():
                    return process
                await trio.sleep(POLL)
            raise self.launcher.failure(process.returncode, "the embedded PostgreSQL did not start")
        except BaseException:  # even if cancelled, because only this call knows the process
            await self.stop(process)
            raise

    async def stop(self, process: subprocess.Popen[bytes] | None) -> None:
        """End the server, if there is one and it still runs, and remove its socket."""
        if process is not None and process.poll() is None:
            await end(process.pid, STOP)
            process.wait()
        _remove_socket(self.socket_folder)  # a killed server leaves it

    def _claim(self) -> None:
        """Change the owner of a cluster that an earlier release ran as the user ``nobody``."""
        user = self.launcher.user
        if user is not None and self.path.stat().st_uid != user[0]:
            accounts.give_tree(self.path, user, of=accounts.NOBODY)

    def _access(self) -> dict[str, str]:
        """Write the rules of access; return the settings of PostgreSQL that name their files."""
        rules = {
            "hba": "local all hunt peer map=hunt\n",
            "ident": "".join(f'hunt "{name}" hunt\n' for name in self.names),
        }
        settings = {}
        for kind, text in rules.items():
            # Beside the cluster, whose folder PostgreSQL's user may change.
            file = self.path.with_name(f"{self.path.name}.{kind}.conf")
            with written_aside(file, text) as aside:
                aside.chmod(0o644)
                aside.replace(file)
            settings[f"{kind}_file"] = str(file)
        return settings

    def _make_socket_folder(self) -> None:
        _remove_socket(self.socket_folder)
        self.socket_folder.mkdir(mode=0o700)
        if self.launcher.user is not None:
            os.chown(self.socket_folder, *self.launcher.user)

    def _open_pid_file(self) -> BinaryIO:
        # Follow no link, because PostgreSQL's user may have put one there.
        fd = os.open(self.path / "postmaster.pid", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        return os.fdopen(fd, "r+b")


def _remove_socket(folder: Path) -> None:
    """Remove a socket and its folder, if nothing else is in it."""
    with suppress(OSError):
        for name in (SOCKET, f"{SOCKET}.lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
