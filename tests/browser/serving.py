"""The server process of the browser tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hunt.core import tokens
from hunt.embedded.token_secret import jwt_secret
from tests.support.measuring import unmeasured
from tests.support.processes import HUNT, children, environment, free_port, servers

#: A short replay, so that tests can exceed it, and frequent heartbeats.
SETTINGS = {"HUNT_REPLAY_LIMIT": "2", "HUNT_HEARTBEAT": "0.25"}


class Server:
    """A server that can be stopped and restarted with the same data and address."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.bind = f"127.0.0.1:{free_port()}"
        self.origin = f"http://{self.bind}"
        self.url = f"{self.origin}/"
        self.start()

    def start(self, **settings: str) -> None:
        # Coverage of the server is measured by tests/web, tests/contract and tests/life.
        environ = unmeasured(environment(SETTINGS | settings))
        command = [*HUNT, "serve", "--bind", self.bind, "--data-dir", str(self.data_dir)]
        self.process = subprocess.Popen(command, env=environ)
        while True:
            assert self.process.poll() is None
            try:
                urllib.request.urlopen(self.url + "readyz", timeout=5).close()
            except OSError:  # refused, reset, or timed out
                time.sleep(0.02)  # a busy loop would take a core from the server
                continue
            return

    def ensure(self) -> None:
        if self.process.poll() is not None:
            self.start()

    def renew(self) -> None:
        """Restart without the former data."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        self.data_dir = Path(tempfile.mkdtemp(dir=self.data_dir.parent))
        self.start()

    def stop(self, number: signal.Signals) -> None:
        """Send a signal and wait for the exit; SIGKILL also goes to the worker processes."""
        workers = servers(self.process.pid) if number == signal.SIGKILL else []
        self.process.send_signal(number)
        for pid in workers:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, number)
        self.process.wait(30)

    @contextmanager
    def restarted(self, **settings: str) -> Iterator[None]:
        """Restart with other settings, and with the former ones at the end; both by SIGKILL."""
        self.stop(signal.SIGKILL)
        self.start(**settings)
        try:
            yield
        finally:
            self.stop(signal.SIGKILL)
            self.start()

    @contextmanager
    def frozen_database(self) -> Iterator[None]:
        """Suspend the postmaster and all its child processes."""
        found = next(self.data_dir.rglob("postmaster.pid"))
        postmaster = int(found.read_text("utf-8").split()[0])
        every = [postmaster, *children(postmaster, "postgres")]
        for pid in every:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in every:
                os.kill(pid, signal.SIGCONT)

    def token(self, **options: Any) -> str:
        """Return a token, by default of an operator."""
        options = {"audience": tokens.ADMIN, "ttl": 600} | options
        player = options.pop("player", "root")
        return tokens.sign((jwt_secret(self.data_dir),), player, now=datetime.now(UTC), **options)

    def operate(self, path: str, body: object = None, *, method: str | None = None) -> Any:
        """Request ``/v1/admin`` + `path` as an operator; with a body by POST."""
        made = urllib.request.Request(
            f"{self.origin}/v1/admin{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token()}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(made, timeout=30) as answer:
            return json.load(answer)

    def hunts(self) -> set[str]:
        """Return the ids of all hunts."""
        return {hunt["id"] for hunt in self.operate("/hunts")["hunts"]}

    def open_hunt(self, hunt_id: str, title: str, *stocks: int, **fields: Any) -> None:
        """Open a hunt in which every click wins; creates it if it does not exist.

        Args:
            hunt_id: Id of the hunt.
            title: Its title.
            stocks: Stock of each of its prizes; by default it has one without a limit.
            fields: Fields of its definition, instead of these or in addition.
        """
        if hunt_id not in self.hunts():
            gold = {"id": "gold", "title": "Gold", "points": 3, "odds": 1.0}
            prizes = [
                gold | {"id": f"gold-{number}", "odds": 1 / len(stocks), "stock": stock}
                for number, stock in enumerate(stocks)
            ]
            size = {"width": 10, "height": 10}
            body = {"id": hunt_id, "title": title, "map": size, "prizes": prizes or [gold]}
            self.operate("/hunts", body | fields)
        self.operate(f"/hunts/{hunt_id}/open", {})

    def open_campaign(self, campaign: str, title: str, doors: list[dict[str, Any]]) -> None:
        """Create and open a campaign; each door has its number and its definition."""
        self.operate(f"/campaigns/{campaign}", {"title": title, "doors": doors}, method="PUT")
        self.operate(f"/campaigns/{campaign}/open", {})
