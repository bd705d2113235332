"""A real server process under the pages."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.life.processes import HUNT, children, environment, free_port

#: So that a stream is soon too far behind to be resumed.
REPLAY_LIMIT = 2


class Server:
    """A server that can be stopped, and started again with its data at its address."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.bind = f"127.0.0.1:{free_port()}"
        self.origin = f"http://{self.bind}"
        self.url = f"{self.origin}/"
        self.command = [*HUNT, "serve", "--bind", self.bind, "--data-dir", str(data_dir)]
        self.start()

    def start(self, **settings: str) -> None:
        environ = environment({"HUNT_REPLAY_LIMIT": str(REPLAY_LIMIT), **settings})
        self.process = subprocess.Popen(self.command, env=environ)
        while True:
            assert self.process.poll() is None
            try:
                urllib.request.urlopen(self.url + "readyz", timeout=5).close()
            except OSError:  # refused, cut, or no answer in time
                time.sleep(0.02)  # asking without a pause would take a core from the server
                continue
            return

    def ensure(self) -> None:
        if self.process.poll() is not None:
            self.start()

    def stop(self, number: signal.Signals) -> None:
        """End it by a signal; SIGKILL means all of it, as when the machine is gone."""
        servers = children(self.process.pid, "server_process") if number == signal.SIGKILL else []
        self.process.send_signal(number)
        for pid in servers:
            os.kill(pid, number)
        self.process.wait(30)

    @contextmanager
    def restarted(self, **settings: str) -> Iterator[None]:
        """Run with other settings; meanwhile the streams break as in a crash."""
        self.stop(signal.SIGKILL)
        self.start(**settings)
        try:
            yield
        finally:
            self.stop(signal.SIGKILL)
            self.start()
