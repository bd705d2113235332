"""A server logs its start in one line."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.processes import HUNT, HYPERCORN, free_port, running
from tests.support.serving import SECRET

SETTINGS = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_LOG_FORMAT": "json"}


def logged(log: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of an event; other lines may not be JSON."""
    *lines, _ = log.read_bytes().split(b"\n")
    found = [json.loads(line) for line in lines if line.startswith(b"{")]
    return [each for each in found if each["event"] == event]


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
    log = tmp_path / "log"
    with log.open("ab") as written:
        async with running(arguments, f"http://{address}", environ, log=written):
            async with httpx.AsyncClient(timeout=30) as client:
                refused = await client.post(f"http://{address}/v1/hunts/harbour/clicks", json={})
                assert refused.status_code == 401
            with trio.fail_after(60):  # a line may be written after the answer
                while not (
                    clicks := [
                        each
                        for each in logged(log, "request answered")
                        if each["route"].endswith("clicks")
                    ]
                ):
                    await trio.sleep(0.05)
    [start], [click] = logged(log, "server started"), clicks
    assert start["version"] == version("hunt-server")
    assert [each.removeprefix("http://") for each in start["addresses"]] == [address]
    assert start["processes"] == 1
    assert start["level"] == "info"
    assert start["database"].endswith(f"/{conninfo_to_dict(database)['dbname']}")
    assert (click["method"], click["status"]) == ("POST", 401)
    for secret in (b"opensesame", b"private", SECRET):
        assert secret not in log.read_bytes()
