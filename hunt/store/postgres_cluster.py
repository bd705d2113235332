"""One PostgreSQL cluster in a folder: made, recovered, started, stopped.

Whoever calls these holds the lock of the data folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import trio

from hunt.errors import SettingsError
from hunt.store.postgres_process import Launcher, end, wait_exit

SOCKET = ".s.PGSQL.5432"
POLL = 0.02  # seconds between two looks at a server that starts

_LOG_MAX = 10 * 1024 * 1024  # bytes of the log, from which on a start begins a new one
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "log_checkpoints": "off",  # else an idle server fills its log
}


class Postmaster(NamedTuple):
    """What ``postmaster.pid`` says; nothing vouches that it is still true."""

    pid: int
    folder: str  #: of its socket
    ready: bool

    @classmethod
    def read(cls, cluster: Path) -> Postmaster | None:
        """Return what the server of `cluster` wrote, None if that is nothing yet."""
        try:
            lines = (cluster / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
            # Pid, data folder, time of start, port, socket folder, address, shared
            # memory, status; the file grows while the server starts.
            status = lines[7].strip() if len(lines) > 7 else ""
            return cls(int(lines[0]), lines[4], status == "ready")
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def is_alive(self, cluster: Path) -> bool:
        """Whether `pid` still is the server of `cluster`, and no later process."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(cluster) in words

    def answers(self) -> bool:
        """Whether somebody accepts connections on its socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            try:
                client.connect(os.path.join(self.folder, SOCKET))
            except BlockingIOError:
                return True  # more connections wait than it takes at once
            except OSError:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, and what it takes to run it."""

    path: Path
    programs: Path  #: folder of initdb and postgres
    socket_folder: Path  #: made at the start, removed at the end
    launcher: Launcher

    async def init(self) -> None:
        """Make the cluster with a database ``hunt``, or leave nothing behind."""
        for abandoned in self.path.parent.glob(f"{self.path.name}.*.new"):
            shutil.rmtree(abandoned, ignore_errors=True)
        new = Path(tempfile.mkdtemp(".new", f"{self.path.name}.", self.path.parent))
        try:
            self._give(new)
            initdb: list[str | Path] = [
                self.programs / "initdb",
                "-D",
                new,
                "--username=hunt",
                "--auth=trust",
            ]
            # The builtin locale sorts alike on every machine, and needs none installed.
            initdb += ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin"]
            initdb += ["--builtin-locale=C.UTF-8", "--set=timezone=UTC", "--set=log_timezone=UTC"]
            await self.launcher.run([*initdb, "--no-instructions"])
            # A single-user server needs no client to be told what to do.
            single: list[str | Path] = [
                self.programs / "postgres",
                "--single",
                "-D",
                new,
                "-c",
                "exit_on_error=on",
            ]
            await self.launcher.run([*single, "template1"], text="create database hunt\n")
            _rename(new, self.path)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    async def recover(self) -> None:
        """Let a server end whose owner was killed, or forget one that is gone."""
        left = Postmaster.read(self.path)
        if left is not None and left.is_alive(self.path):
            await end(left.pid)
        # Where the pid is another process by now, PostgreSQL would refuse to start.
        # With our pid (a server never takes its parent for a rival) it goes on to
        # its second test: does anything still use the shared memory of line 7?
        with suppress(FileNotFoundError), (self.path / "postmaster.pid").open("r+b") as file:
            lines = file.read().splitlines(keepends=True)
            file.seek(0)
            file.writelines([b"%d\n" % os.getpid(), *lines[1:]])
            file.truncate()

    async def start(self, options: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start the server; return once it accepts connections.

        Args:
            options: Settings of PostgreSQL in place of ours.

        Raises:
            StoreUnavailable: It ended instead.
        """
        with suppress(FileNotFoundError):
            if self.launcher.log.stat().st_size > _LOG_MAX:
                self.launcher.log.replace(self.launcher.log.with_suffix(".log.1"))
        self._make_socket_folder()
        # Quoted, because PostgreSQL takes this setting for a list of folders.
        quoted = '"{}"'.format(str(self.socket_folder).replace('"', '""'))
        settings = {**_SETTINGS, "unix_socket_directories": quoted, **options}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = self.launcher.start([self.programs / "postgres", "-D", self.path, *flags])
        try:
            while process.poll() is None:
                found = Postmaster.read(self.path)
                if found and found.pid == process.pid and found.ready and found.answers():
                    return process
                await trio.sleep(POLL)
            raise self.launcher.failure(process.returncode, "the embedded PostgreSQL did not start")
        except BaseException:  # cancelled too: nobody else knows this process
            await self.stop(process)
            raise

    async def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of the server, and raise it."""
        await wait_exit(process.pid)
        raise self.launcher.failure(process.wait(), "the embedded PostgreSQL ended")

    async def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End the server, if it still runs, and remove its socket."""
        if process.poll() is None:
            await end(process.pid)
            process.wait()
        for name in (SOCKET, f"{SOCKET}.lock"):  # a killed server leaves them
            (self.socket_folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.socket_folder.rmdir()

    def _give(self, folder: Path) -> None:
        if self.launcher.user is not None:
            os.chown(folder, *self.launcher.user)

    def _make_socket_folder(self) -> None:
        try:
            self.socket_folder.mkdir(mode=0o700)
            self._give(self.socket_folder)
        except FileExistsError:  # left by a killed server; or, in /tmp, a trap
            uid = self.launcher.user[0] if self.launcher.user else os.geteuid()
            found = self.socket_folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
                raise SettingsError(
                    f"{self.socket_folder} is not a private folder of user {uid}: remove it"
                ) from None


def _rename(old: Path, new: Path) -> None:
    """Rename, in one folder, so that it survives a loss of power."""
    old.rename(new)
    fd = os.open(new.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
