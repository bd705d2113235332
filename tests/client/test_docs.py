"""The example in the documents plays."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import trio

from tests.support.serving import serving, token

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "python-client.md"


async def test_python_client_example_runs(database: str, tmp_path: Path) -> None:
    [script] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "play.py"
    file.write_text(script, "utf-8")
    async with serving(database) as server:
        with trio.fail_after(30):
            done = await trio.run_process(
                [sys.executable, str(file), str(server.base_url), token()],
                capture_stdout=True,
            )
        epoch = server.engine.catalogue.hunts["harbour"].epoch
    assert done.stdout.decode().splitlines() == [
        "click 1: coin",
        "reward 1: 5 points",
        f"go on with after='{epoch}-1'",
    ]
