"""The pages and their files, as a browser requests them."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from urllib.parse import urljoin

import pytest

from tests.support.serving import Client, serving

IMPORT = re.compile(r"""(?:from|import) "(\.[^"]+)";""")


async def modules(client: Client, address: str) -> dict[str, str]:
    """Return the address and text of a module and of all that it imports."""
    found: dict[str, str] = {}
    waiting = [address]
    while waiting:
        address = waiting.pop()
        if address not in found:
            answer = await client.get(address)
            assert answer.status_code == 200, address
            assert answer.headers["Content-Type"].startswith("text/javascript")
            found[address] = answer.text
            waiting += [urljoin(address, path) for path in IMPORT.findall(answer.text)]
    return found


async def test_pages_load_nothing_from_elsewhere(database: str) -> None:
    async with serving(database) as client:
        for page in ("/", "/docs", "/docs/problems", "/ops", "/proof", "/proof/harbour"):
            answer = await client.get(page)
            assert answer.headers["Content-Type"].startswith("text/html")
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert "://" not in answer.text, (page, re.findall(r".{80}://.{60}", answer.text))
            for address in re.findall(r'(?:href|src)="(/[^"]*)"', answer.text):
                assert (await client.get(address)).status_code == 200, address


async def test_proof_page_is_the_same_for_each_hunt(database: str) -> None:
    async with serving(database) as client:
        page = await client.get("/proof")
        assert (await client.get("/proof/harbour")).content == page.content
        assert (await client.get("/proof/No-Id")).status_code == 404
        verifier = re.search(r'href="(/static/-/hunt_verify[^"]+)" download', page.text)
        assert verifier is not None
        answer = await client.get(verifier[1])
        assert answer.headers["Content-Type"] == "text/x-python; charset=utf-8"
        assert answer.text.startswith("#!/usr/bin/env python3")


@pytest.mark.parametrize("path", ["icon.svg", "game/game.js"])
async def test_file_is_not_sent_again_to_a_client_that_has_it(database: str, path: str) -> None:
    async with serving(database) as client:
        first = await client.get(f"/static/{path}")
        assert first.headers["Cache-Control"] == "no-cache"
        known = {"If-None-Match": first.headers["ETag"]}
        assert (await client.get(f"/static/{path}", headers=known)).status_code == 304


@pytest.mark.parametrize(
    "path", ["nothing.js", "lib/nothing.js", "lib", "..%2fapp.py", "lib/..%2f..%2fapp.py"]
)
async def test_unknown_file_is_404(database: str, path: str) -> None:
    async with serving(database) as client:
        answer = await client.get(f"/static/{path}")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_public_module_needs_only_the_library(database: str) -> None:
    """Pages of other sites import this address, so it must stay; the folders may change."""
    async with serving(database) as client:
        found = await modules(client, "/static/hunt.js")
        assert all(each.startswith(("/static/hunt.js", "/static/lib/")) for each in found)
        exported = found["/static/lib/hunt.js"]
        for name in ("join", "NotInvited", "Refused", "SignedOut", "Unconfirmed", "uuid"):
            assert re.search(rf"export [^;]*\b{name}\b", exported)


async def test_every_import_of_the_pages_is_served(database: str) -> None:
    async with serving(database) as client:
        for page in ("game/game.js", "ops/ops.js", "docs/docs.js"):
            assert await modules(client, f"/static/{page}")


def test_vendored_files_are_unmodified() -> None:
    vendor = resources.files("hunt.web").joinpath("static", "vendor")
    sums = dict(
        reversed(line.split()) for line in (vendor / "SHA256SUMS").read_text("utf-8").splitlines()
    )
    there = {each.name for each in vendor.iterdir()} - {"SHA256SUMS"}
    assert sums.keys() == there
    assert "uPlot-LICENSE.txt" in there
    for name, wanted in sums.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == wanted
