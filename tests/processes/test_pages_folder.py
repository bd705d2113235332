"""The folder of page files, read again by SIGHUP, over HTTP."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from hunt.core.page import Page
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.processes import HUNT, Server, free_port, running, servers, until
from tests.support.serving import HARBOUR, SECRET

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def look(client: httpx.AsyncClient) -> dict[str, Any]:
    shown = (await client.get("/v1/hunts/harbour")).json()["page"]
    return {name: shown.get(name) for name in ("background", "logo")}


async def restart(server: Server) -> None:
    before = set(servers(server.process.pid))
    server.send(signal.SIGHUP)
    await until(lambda: not before & set(servers(server.process.pid)), seconds=60)


async def test_files_are_read_again_and_broken_ones_are_logged(
    database: str, tmp_path: Path
) -> None:
    folder, address = tmp_path / "pages", f"127.0.0.1:{free_port()}"
    folder.mkdir()
    (folder / "sea.png").write_bytes(PNG)
    dressed = replace(HARBOUR, page=Page(background="sea.png", logo="logo.svg"))
    async with open_pool(database, size=1) as pool:
        await Hunts(pool).open_new(dressed, seed=os.urandom(32), actor="test")
    command = [*HUNT, "serve", "--bind", address, "--processes", "1"]
    environ = {
        "HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_PAGES_DIR": str(folder), "HUNT_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        async with (
            running(command, f"http://{address}", environ, log=log) as server,
            httpx.AsyncClient(base_url=server.url) as client,
        ):
            first = await look(client)
            assert (first["background"] is None, first["logo"]) == (False, None)
            assert (await client.get(first["background"])).content == PNG

            (folder / "logo.svg").write_bytes(SVG)  # a new file, and another content
            (folder / "sea.png").write_bytes(PNG + b"1")
            assert await look(client) == first, "nothing changes before the signal"
            await restart(server)
            second = await look(client)
            assert (await client.get(second["logo"])).content == SVG
            assert second["background"] != first["background"]
            assert (await client.get(second["background"])).content == PNG + b"1"

            (folder / "sea.png").write_bytes(b"<html><script>")
            await restart(server)
            third = await look(client)
            assert (third["background"], third["logo"]) == (None, second["logo"])
            assert (await client.get(second["background"])).status_code == 404
            page = await client.get("/?hunt=harbour")
            assert page.status_code == 200
            found = (tmp_path / "log").read_text()
            assert "page file ignored" in found
            assert "sea.png" in found
