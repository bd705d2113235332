"""``hunt webhooks`` on a database."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.cli.commands import run
from tests.cli.recipes import DEMO

KEY = "one:" + base64.b64encode(bytes(32)).decode()


@contextmanager
def receiver(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    taken: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
        server.shutdown()


@pytest.fixture
def environ(database: str) -> dict[str, str]:
    found = {
        "HUNT_DATABASE_URL": database,
        "HUNT_DATA_KEYS": KEY,
        "HUNT_WEBHOOK_ALLOW": "127.0.0.0/8",
    }
    assert run("apply", DEMO, **found).exit_code == 0
    return found


def test_endpoint_is_added_tested_listed_and_removed(environ: dict[str, str]) -> None:
    with receiver() as (url, taken):
        added = run("webhooks", "add", "harbour", url, "--prize", "gold-coin", **environ).output
        assert added.splitlines()[0] == "webhook 1 of hunt harbour added; its secret:"
        secret = added.splitlines()[1]
        assert secret.startswith("whsec_")
        assert run("webhooks", "test", "harbour", "1", **environ).output.startswith("delivered: ")
        assert [each["type"] for each in taken] == ["webhook.test"]
    listed = run("webhooks", "list", "harbour", **environ).output
    assert f"1  {url}  rewards  seq 0  0 behind  in order" in listed
    assert secret not in listed
    [shown] = json.loads(run("webhooks", "list", "harbour", "--json", **environ).output)
    assert (shown["prizes"], shown["events"]) == (["gold-coin"], "wins")
    rotated = run("webhooks", "rotate", "harbour", "1", **environ).output
    assert "whsec_" in rotated
    assert secret not in rotated
    assert run("webhooks", "remove", "harbour", "1", **environ).output == "webhook 1 removed\n"
    assert "has no webhooks" in run("webhooks", "list", "harbour", **environ).output


def test_endpoint_follows_the_changes(environ: dict[str, str]) -> None:
    add = ("webhooks", "add", "harbour", "https://shop.example/")
    assert run(*add, "--log", "changes", **environ).exit_code == 0
    listed = run("webhooks", "list", "harbour", **environ).output
    assert listed == "1  https://shop.example/  changes  seq 0  0 behind  in order\n"
    [shown] = json.loads(run("webhooks", "list", "harbour", "--json", **environ).output)
    assert shown["log"] == "changes"
    assert run(*add, "--log", "changes", "--clicks", **environ).exit_code == 2
    assert run(*add, "--log", "clicks", **environ).exit_code == 2


def test_stopped_endpoint_is_shown_as_such(environ: dict[str, str]) -> None:
    run("webhooks", "add", "harbour", "https://shop.example/", **environ)
    run("webhooks", "stop", "harbour", "1", **environ)
    assert "stopped (operator)" in run("webhooks", "list", "harbour", **environ).output
    run("webhooks", "start", "harbour", "1", **environ)
    assert "in order" in run("webhooks", "list", "harbour", **environ).output


def test_replay_and_dead_letters(environ: dict[str, str]) -> None:
    run("webhooks", "add", "harbour", "https://shop.example/", **environ)
    assert "no dead letters" in run("webhooks", "dead", "harbour", "1", **environ).output
    replay = ("webhooks", "replay", "harbour", "1")
    assert run(*replay, "--from-seq", "1", **environ).output.startswith("events from 1 will")
    assert run(*replay, "--all-dead", **environ).output == "0 dead letters will be sent again\n"
    assert run(*replay, **environ).exit_code == 2
    assert run(*replay, "--all-dead", "--from-seq", "1", **environ).exit_code == 2


def test_failure_is_one_sentence(environ: dict[str, str]) -> None:
    with receiver(status=500) as (url, _):
        run("webhooks", "add", "harbour", url, **environ)
        with pytest.raises(Exception, match="the receiver answered 500"):
            run("webhooks", "test", "harbour", "1", **environ)
    with pytest.raises(Exception, match="has no webhook 9"):
        run("webhooks", "remove", "harbour", "9", **environ)
    with pytest.raises(Exception, match="is not blocked by an event"):
        run("webhooks", "skip", "harbour", "1", **environ)
    with pytest.raises(Exception, match="HUNT_DATA_KEYS: lacks the key"):
        del environ["HUNT_DATA_KEYS"]
        run("webhooks", "add", "harbour", url, **environ)
    private = ("webhooks", "add", "harbour", "https://10.0.0.1/")
    assert run(*private, **environ).exit_code == 2
