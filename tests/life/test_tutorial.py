"""Pages whose every command is run: the tutorials, and how an operator runs a hunt."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import httpx
import trio

from tests.life.tutorial import follow, matches, terminal
from tests.support.code_blocks import ROOT
from tests.support.processes import environment, free_port, hunt_serve, player

TUTORIAL = ROOT / "docs" / "tutorial"

#: Files of a working folder that no clone has; the repository's hidden files are not needed.
NOT_CLONED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "mutants", "images")


def reader(folder: Path) -> dict[str, str]:
    """Return the environment of a reader whose data folder is empty."""
    return environment({"HUNT_PROCESSES": "1"}) | {"XDG_DATA_HOME": str(folder / "data")}


async def test_first_reward(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path, ignore=NOT_CLONED, dirs_exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    environ = reader(tmp_path) | {"HUNT_BIND": address}
    with terminal(tmp_path, environ, {"127.0.0.1:8000": address}) as shell:
        await follow(TUTORIAL / "first-reward.md", shell)
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as browser:
            assert "The map" in (await browser.get("/")).text


async def test_own_hunt_on_two_nodes(database: str, tmp_path: Path) -> None:
    environ = reader(tmp_path)
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    replaced = {
        "postgresql://hunt@db.example/hunt": database,
        "127.0.0.1:8001": f"127.0.0.1:{free_port()}",
        "127.0.0.1:8002": f"127.0.0.1:{free_port()}",
    }
    with terminal(tmp_path, environ, replaced) as shell:
        await follow(TUTORIAL / "own-hunt.md", shell)


async def test_operator_runs_a_hunt(tmp_path: Path) -> None:
    async with hunt_serve(tmp_path / "data") as server, player(server.url) as guest:
        environ = reader(tmp_path) | {"HUNT_DATA_DIR": str(tmp_path / "data")}
        environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
        command = ["hunt", "token", "--player", "ada"]
        token = await trio.run_process(command, env=environ, capture_stdout=True)
        guest.client.headers["Authorization"] = f"Bearer {token.stdout.decode().strip()}"
        assert (await guest.click(server.url)).status_code == 200
        with terminal(tmp_path, environ, {"http://127.0.0.1:8000": server.url}) as shell:
            await follow(ROOT / "docs" / "how-to" / "run-a-hunt.md", shell)


def test_output_is_compared() -> None:
    assert matches("#1  …  … points\n", "#1  shell  5 points\n")
    assert matches("#1  …  … points\n", "#1  pebble  1 point\n")
    assert not matches("#2  …  … points\n", "#1  shell  5 points\n")
