"""The example clients of the documents play a game."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import trio

from tests.support.code_blocks import ROOT, blocks
from tests.support.processes import until
from tests.support.proxy import Proxy
from tests.support.serving import serving, token

HOW_TO = ROOT / "docs" / "how-to"


def script(page: str) -> str:
    """Return the first block of Python in a document."""
    return next(each.text for each in blocks(HOW_TO / page) if each.language == "python")


async def test_python_client_example_runs(database: str, tmp_path: Path) -> None:
    file = tmp_path / "play.py"
    file.write_text(script("python-client.md"), "utf-8")
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


async def test_mobile_app_repeats_a_click_until_it_is_settled(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "mobile.py").write_text(script("mobile-app.md"), "utf-8")
    saved = tmp_path / "unsettled-click.json"
    async with serving(database) as server, trio.open_nursery() as nursery:
        network = Proxy(partial(trio.open_tcp_stream, "127.0.0.1", server.base_url.port))
        network.refuse = True
        await nursery.start(network.run)
        url = f"http://127.0.0.1:{network.port}"
        command = [sys.executable, "mobile.py", url, token(), "harbour", "40.5", "20"]

        async def play() -> dict[str, object]:
            with trio.fail_after(30):
                done = await trio.run_process(command, cwd=tmp_path, capture_stdout=True)
            answer: dict[str, object] = json.loads(done.stdout)
            return answer

        async def restore() -> None:
            await until(lambda: network.accepted > 0)
            assert saved.exists()
            network.refuse = False

        nursery.start_soon(restore)
        first = await play()
        assert (first["seq"], first["duplicate"]) == (1, False)
        assert not saved.exists()
        # The app was stopped after the server had settled the click, before the answer came.
        saved.write_text(json.dumps({"id": first["id"], "x": 40.5, "y": 20.0}))
        assert await play() == first | {"duplicate": True}
        nursery.cancel_scope.cancel()
