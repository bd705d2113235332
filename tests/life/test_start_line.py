"""A server that starts says so in one line of its log."""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.life.processes import HUNT, HYPERCORN, free_port, running
from tests.web.serving import SECRET

SETTINGS = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_LOG_FORMAT": "json"}


def logged(log: IO[bytes], event: str) -> list[dict[str, Any]]:
    """Return the lines of an event; other lines may be no JSON."""
    log.seek(0)
    lines = [line for line in log.read().splitlines() if line.startswith(b"{")]
    return [each for each in map(json.loads, lines) if each["event"] == event]


@pytest.mark.parametrize("command", ["serve", "hypercorn"])
async def test_start_is_one_line_without_secrets(
    database: str, tmp_path: Path, command: str
) -> None:
    address = f"127.0.0.1:{free_port()}"
    url = make_conninfo(database, password="opensesame", application_name="private")
    environ = SETTINGS | {"HUNT_DATABASE_URL": url, "HUNT_ACCESS_LOG_CLICKS": "1"}
    if command == "serve":
        arguments = [*HUNT, "serve", "--bind", address, "--processes", "1"]
        arguments += ["--data-dir", str(tmp_path)]
    else:
        arguments = [*HYPERCORN, "-b", address, "hunt.asgi:app"]
    with tempfile.TemporaryFile() as log:
        async with running(arguments, f"http://{address}", environ, log=log):
            async with httpx.AsyncClient() as client:
                refused = await client.post(f"http://{address}/v1/hunts/harbour/clicks", json={})
                assert refused.status_code == 401
        [start] = logged(log, "server started")
        [click] = [
            each for each in logged(log, "request answered") if each["route"].endswith("clicks")
        ]
        log.seek(0)
        written = log.read()
    assert start["version"] == version("hunt-server")
    assert [each.removeprefix("http://") for each in start["addresses"]] == [address]
    assert start["processes"] == 1
    assert start["level"] == "info"
    assert start["database"].endswith(f"/{conninfo_to_dict(database)['dbname']}")
    assert (click["method"], click["status"]) == ("POST", 401)
    for secret in (b"opensesame", b"private", SECRET):
        assert secret not in written
