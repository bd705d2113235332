"""Tests for the routes of proofs: a hunt from its seal to its bundle."""

from __future__ import annotations

import hashlib
import json
from contextlib import aclosing
from pathlib import Path

import trio

from hunt.core import bundle, chain
from hunt.core.bundle_check import check
from hunt.store.audit import Audit
from hunt.store.driver.pool import open_pool
from tests.support.serving import Client, bearer, serving

PROOF = "/v1/hunts/harbour/proof"
ADMIN = "/v1/admin/hunts/harbour"
OPERATOR = bearer("ann", audience="hunt-admin")


async def test_bundle_is_public_after_the_end_and_agrees_with_receipts(
    database: str, tmp_path: Path
) -> None:
    async with serving(database) as client:
        shown = (await client.get("/v1/hunts/harbour")).json()
        proof = (await client.get(PROOF)).json()
        [seal] = proof["seals"]
        assert shown["algorithm"] == proof["algorithm"] == 2
        text = chain.canonical(seal["document"])
        assert shown["seal"] == seal["hash"] == hashlib.sha256(text).hexdigest()
        assert seal["document"]["seed"] == shown["commitment"]
        answers = [(await client.click()).json() for _ in range(5)]
        present = (await client.get(PROOF)).json()["head"]
        told = answers[-1]["receipt"]
        assert (present["seq"], present["head"]) == (told["upto"], told["head"])
        own = (await client.get(f"{PROOF}/own")).json()

        early = await client.get(f"{PROOF}/bundle")
        assert early.status_code == 409
        assert "has not ended" in early.json()["detail"]
        assert (await client.post(f"{ADMIN}/close", headers=OPERATOR)).status_code == 200
        with trio.fail_after(20):
            while (await client.get(f"{PROOF}/bundle")).status_code != 200:
                await trio.lowlevel.checkpoint()
        answer = await client.get(f"{PROOF}/bundle")
    path = tmp_path / "harbour.jsonl.gz"
    path.write_bytes(answer.content)
    report = check(bundle.read(path), answers)
    assert report.rows == 5
    rows = [
        row for each in bundle.read(path) if isinstance(each, bundle.Batch) for row in each.rows
    ]
    assert {row.player for row in rows} == {own["player"]}
    assert own["codes"] == []


async def test_heads_are_published_to_watchers_and_kept(database: str) -> None:
    async with serving(database) as client:
        with trio.fail_after(20):
            data = await next_head(client)
        kept = (await client.get(f"{PROOF}/heads")).json()
        assert data in kept["heads"]
        assert kept["next"] is None
        later = kept["heads"][kept["heads"].index(data) + 1 :]
        assert (await client.get(f"{PROOF}/heads?after={data['seq']}")).json()["heads"] == later


async def next_head(client: Client) -> dict[str, object]:
    """Click while a stream of all wins is open, and return the head that it tells."""
    async with (
        client.stream("GET", "/v1/hunts/harbour/events?scope=all") as stream,
        aclosing(stream.aiter_lines()) as lines,
    ):
        await client.click()
        async for line in lines:
            if line == "event: head":
                break
        found: dict[str, object] = json.loads((await anext(lines)).removeprefix("data: "))
        return found


async def test_unknown_hunt_and_bad_query_are_refused(database: str) -> None:
    async with serving(database) as client:
        for path in ("", "/heads", "/own", "/bundle"):
            assert (await client.get(f"/v1/hunts/nowhere/proof{path}")).status_code == 404
        assert (await client.get(f"{PROOF}/heads?limit=0")).status_code == 400
        client.headers.pop("Authorization")
        assert (await client.get(f"{PROOF}/own")).status_code == 401


async def test_second_share_is_entered_by_an_operator(database: str) -> None:
    share = bytes(range(32))
    keys = (("a", bytes(32)),)
    hunt = {
        "id": "sealed", "title": "Sealed", "map": {"width": 1, "height": 1}, "prizes": [],
        "second_share": hashlib.sha256(share).hexdigest(),
    }  # fmt: skip
    url = "/v1/admin/hunts/sealed"
    async with serving(database, data_keys=keys) as client:
        client.headers.update(OPERATOR)
        assert (await client.post("/v1/admin/hunts", json=hunt)).status_code == 201
        refused = await client.post(f"{url}/open")
        assert refused.status_code == 409
        assert "second share" in refused.json()["detail"]
        wrong = await client.put(f"{url}/seed-share", json={"share": "0" * 64})
        assert wrong.status_code == 409
        malformed = await client.put(f"{url}/seed-share", json={"share": "0"})
        assert malformed.status_code == 400
        entered = await client.put(f"{url}/seed-share", json={"share": share.hex()})
        assert entered.json() == {"hunt": "sealed", "entered": True}
        assert (await client.post(f"{url}/open")).status_code == 200
        elsewhere = await client.put(f"{ADMIN}/seed-share", json={"share": share.hex()})
        assert elsewhere.status_code == 409
    async with open_pool(database, size=1) as pool:
        entries = await Audit(pool).list(hunts=["sealed"])
    assert ("seed share", {"entered": True}) in [
        (each.action, each.detail.get("after")) for each in entries
    ]
    assert share.hex() not in str(entries)
