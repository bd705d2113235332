"""The README's commands for an existing PostgreSQL start a playable game."""

from __future__ import annotations

import re
import shlex
import sys
import uuid
from pathlib import Path

import httpx
import trio

from tests.support.processes import free_port, running

ROOT = Path(__file__).parents[2]


def recipe() -> str:
    """Return the indented lines of the README that set HUNT_DATABASE_URL and serve."""
    blocks = re.findall(r"(?:^ {4}\S.*\n)+", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    [found] = [block for block in blocks if "HUNT_DATABASE_URL" in block]
    return found


async def test_recipe_ends_at_a_page_that_plays(database: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # Replaced are only the database, the environment, and the port.
    script = recipe().replace("postgresql://hunt@db.example/hunt", shlex.quote(database))
    script = script.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    script = script.replace("hypercorn -k", f"hypercorn -b 127.0.0.1:{port} -k")
    arguments = ["bash", "-ec", script]
    async with (
        running(arguments, url, cwd=ROOT),
        httpx.AsyncClient(base_url=url, timeout=30) as browser,
    ):
        with trio.fail_after(60):
            page = await browser.get("/")
            assert "The map" in page.text
            guest = await browser.post("/v1/session", headers={"Origin": url})
            assert guest.status_code == 201, guest.text
            [hunt] = (await browser.get("/v1/hunts")).json()["hunts"]
            assert (hunt["id"], hunt["state"]) == ("harbour", "open")
            click = await browser.post(
                "/v1/hunts/harbour/clicks",
                json={"id": str(uuid.uuid4()), "x": 1, "y": 2},
                headers={"Origin": url},
            )
            assert click.status_code == 200, click.text
            assert (await browser.get("/v1/hunts/harbour/rewards")).json()["rewards"]
