from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from tests.support.processes import environment, hunt_serve

BENCH = [sys.executable, "-m", "hunt", "bench"]


async def test_every_load_passes_on_real_server(tmp_path: Path) -> None:
    async with hunt_serve(tmp_path) as server:
        shared = ["--url", server.url, "--data-dir", str(tmp_path), "--json"]
        page = tmp_path / "page.html"
        loads = {
            "clicks": ["--connections", "8", "--seconds", "0.5", "--warmup", "0.1"],
            "game": ["--players", "20", "--rate", "50", "--seconds", "1", "--html", str(page)],
            "streams": ["--streams", "20", "--quiet", "0", "--fan-out", "20", "--events", "2"],
        }
        for name, flags in loads.items():
            done = await trio.run_process(
                [*BENCH, name, *flags, *shared],
                env=environment(),
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            [found] = json.loads(done.stdout)
            assert found["problems"] == []
            if name == "clicks":
                assert found["log_rows"] == found["clicks"] > 0
                assert found["postgres_cpu_ms_per_1000"] is not None
            elif name == "game":
                assert found["clicks"] == 50
                assert "<svg" in page.read_text("utf-8")
            else:
                assert found["fan_out"] == 20
        lost = await trio.run_process(
            [*BENCH, "game", "--hunt", "nowhere", "--players", "1", *shared],
            env=environment(),
            capture_stderr=True,
            check=False,
        )
        assert lost.returncode == 1
        assert b"has no hunt 'nowhere'" in lost.stderr


@pytest.mark.parametrize("name", ["clicks", "streams", "game"])
def test_every_load_has_help(name: str) -> None:
    done = subprocess.run([*BENCH, name, "--help"], capture_output=True, check=True)
    assert b"--html" in done.stdout
