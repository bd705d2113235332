"""A real Redis server, which speaks the protocol of Valkey."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import trio

from tests.support.processes import free_port
from tests.support.requirements import required

PASSWORD = "hush-hush-valkey"

REDIS = Path("/usr/bin/redis-server")


def installed() -> None:
    """Skip the test without the server, unless skipping is forbidden."""
    required(REDIS, "Debian's redis-server is not installed")


class Valkey:
    """One server in a folder; it keeps its port over restarts.

    Args:
        folder: Folder for its log; made if missing.
        options: Options of its command line.
        wrapper: A command before the server's.
        host: The address that it listens on.
        port: Its port; 0: a free one.
        password: Password for clients; empty: none.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        wrapper: tuple[str, ...] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        password: str = PASSWORD,
    ) -> None:
        self.folder = folder
        self.host = host
        self.port = port or free_port()
        self.options = options
        self.wrapper = wrapper
        self.password = password
        self.config: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"valkey://:{PASSWORD}@{self.host}:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            *self.wrapper, str(REDIS), *([str(self.config)] if self.config else []),
            "--port", str(self.port), "--bind", self.host, "--dir", str(self.folder),
            *(["--requirepass", self.password] if self.password else []), *self.options,
        ]  # fmt: skip
        with (self.folder / "valkey.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            with trio.fail_after(10):
                while await self.ask("ping", password=self.password) != "PONG":
                    assert self.process.poll() is None, (self.folder / "valkey.log").read_text()
                    await trio.sleep(0.02)
        except BaseException:
            self.stop()
            raise

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it, even if it is frozen."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(number)
            self.process.wait(10)

    async def ask(self, *words: str, password: str = PASSWORD) -> str:
        """Return its answer to a command, as ``redis-cli`` prints it."""
        cli = shutil.which("redis-cli")
        assert cli is not None
        done = await trio.run_process(
            [*self.wrapper, cli, "-h", self.host, "-p", str(self.port), *words],
            env={"REDISCLI_AUTH": password}, capture_stdout=True, capture_stderr=True, check=False,
        )  # fmt: skip
        return done.stdout.decode().strip()
