"""Commands that are clients of a server: they find it, and report its failures."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from hunt.cli import server_address
from hunt.processes import control_socket
from hunt.processes.listening import unix_listener
from tests.support.city import city
from tests.support.processes import hunt_serve
from tests.support.serving import serving, token

CLIENTS = [["click", "harbour"], ["watch", "harbour", "-n", "1"]]
both = pytest.mark.parametrize("client", CLIENTS, ids=["click", "watch"])


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


async def hunt(*arguments: str, **environ: str) -> Done:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
    done = await trio.run_process(
        [sys.executable, "-m", "hunt", *arguments],
        env=kept | environ, capture_stdout=True, capture_stderr=True, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


async def test_running_server_is_found_by_its_data_folder(tmp_path: Path) -> None:
    async with hunt_serve(tmp_path) as server:
        clicked = await hunt("click", "harbour", "--data-dir", str(tmp_path))
        assert clicked.status == 0, clicked
        assert clicked.out.startswith("#1 ")
        named = await hunt("click", "harbour", "--data-dir", str(tmp_path), HUNT_URL=server.url)
        assert named.out.startswith("#2 ")
        control_socket = next(tmp_path.rglob("*.control"))
        server.send(signal.SIGKILL)
        await server.wait()
        assert control_socket.exists(), "a killed server leaves it there"
        # Not the address in the stale socket's name, but that of the settings.
        gone = await hunt("click", "harbour", "--data-dir", str(tmp_path), HUNT_BIND="127.0.0.1:1")
        assert (gone.status, gone.out) == (1, "")
        assert "http://127.0.0.1:1: no server listens there" in gone.err


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("http://0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("http://[::]:8000", "http://[::1]:8000"),
        ("http://192.0.2.1:80", "http://192.0.2.1:80"),
    ],
)
def test_wildcard_address_becomes_one_to_connect_to(
    bind: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def running(data_dir: Path) -> Sequence[str]:
        return ["unix:/run/hunt.sock", bind]

    monkeypatch.setattr(server_address, "_running", running)
    assert server_address.address(None, tmp_path, None) == url


async def test_silent_control_socket_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped server holds its socket and sends nothing."""
    folder = control_socket.folders(tmp_path)[0]
    folder.mkdir(mode=0o700)
    with unix_listener(str(folder / "abcd.control")):
        drained = await hunt("drain", "--data-dir", str(tmp_path))
    assert (drained.status, drained.out) == (1, "")
    assert "did not answer" in drained.err


def at_once(done: Done, sentence: str) -> None:
    """Raise unless a command ended at its first attempt."""
    assert (done.status, done.out) == (1, ""), done
    assert "trying again" not in done.err
    assert len(done.err.splitlines()) == 1, done
    assert sentence in done.err, done


@both
async def test_permanent_failure_is_reported_at_once(database: str, client: list[str]) -> None:
    async def told(url: str, sentence: str, bearer: str = "x") -> None:
        at_once(await hunt(*client, "--url", url, "--token", bearer), sentence)

    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        port = refusing.getsockname()[1]
        await told(f"http://127.0.0.1:{port}", "no server listens there (connection refused)")
    await told("http://nowhere.invalid", "the host name is unknown")
    async with serving(database, over_tls=False) as server:
        url = str(server.base_url)
        await told(url.replace("http:", "https:"), "does not speak TLS: try http://")
        await told(url, "401: ")
        other = [client[0], "river", *client[2:]]
        at_once(await hunt(*other, "--url", url, "--token", token()), "404: ")
        narrow = token(hunts=("river",))
        await told(url, "403: ", narrow)
    async with serving(database, over_tls=True) as server:
        await told(str(server.base_url), "its certificate is not trusted", token())


async def test_click_in_degrees_is_made_on_the_map_with_an_accuracy(database: str) -> None:
    async with city(database) as server:
        whom = ("--url", str(server.base_url), "--token", token())
        missing = await hunt("click", "city", *whom)
        assert (missing.status, "this hunt needs the radius" in missing.err) == (1, True)
        done = await hunt("click", "city", "--accuracy", "5", "--json", *whom)
        made = json.loads(done.out)
        assert -58.5 <= made["x"] <= -58.3
        assert -34.7 <= made["y"] <= -34.5


@both
async def test_retries_are_printed(client: list[str]) -> None:
    """The server is busy at first, and then refuses permanently."""
    answers = [b"503 Busy", b"503 Busy", b"403 No"]

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(4096)
            status = answers.pop(0)
            head = b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            await stream.send_all(head % status)

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        with trio.fail_after(60):
            done = await hunt(*client, "--url", url, "--token", "x")
        nursery.cancel_scope.cancel()
    *tried, last = done.err.splitlines()
    assert (done.status, done.out) == (1, "")
    assert [line.startswith("trying again in ") and "503" in line for line in tried] == [True] * 2
    assert last.startswith("hunt: 403: ")
