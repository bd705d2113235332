"""Operators export the winners or the clicks of a hunt."""

from __future__ import annotations

import csv
import io
import json
import uuid

import httpx
import psycopg
import pytest
from pyarrow import parquet

from hunt.web.admin import exports
from tests.support.operators import ADMIN, HUNTS, act, operator
from tests.support.problems import assert_problem
from tests.support.serving import Client, bearer, serving

EXPORT = f"{HUNTS}/harbour/export"


async def play(client: Client, clicks: int) -> list[str]:
    """Click, and return the ids; the coin has a stock of three."""
    ids = [str(uuid.uuid4()) for _ in range(clicks)]
    for each in ids:
        assert (await client.click(id=each)).status_code == 200
    return ids


async def test_export_is_streamed_in_each_format(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    async with serving(database) as client:
        ids = await play(client, 5)
        assert_problem(await client.get(EXPORT), 401)
        operator(client)
        table = await client.get(EXPORT)
        assert table.headers["Content-Type"].startswith("text/csv")
        assert 'filename="harbour-winners.csv"' in table.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
        assert [row["id"] for row in rows] == ids[:3]
        lines = (await client.get(f"{EXPORT}?what=clicks&format=ndjson&since_seq=1")).text
        found = [json.loads(line) for line in lines.splitlines()]
        assert [row["id"] for row in found] == ids[1:]
        assert [row["sold_out"] for row in found] == [None, None, "coin", "coin"]
        data = await client.get(f"{EXPORT}?what=clicks&format=parquet")
        whole = parquet.read_table(io.BytesIO(data.content))
        assert whole.column("id").to_pylist() == ids

        trail = (await act(client, "GET", f"{ADMIN}/audit?hunt=harbour"))["entries"]
        reads = [each for each in trail if each["action"] == "export_log"]
        assert (reads[1]["actor"], reads[1]["detail"]) == (
            "root", {"what": "clicks", "format": "ndjson", "since_seq": 1},
        )  # fmt: skip


async def test_wrong_query_is_400_and_another_hunt_404_or_403(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        for query in ("what=codes", "format=xml", "since_seq=-1"):
            problem = await client.get(f"{EXPORT}?{query}")
            assert_problem(problem, 400)
            assert list(problem.json()["errors"]) == [query.partition("=")[0]]
        assert_problem(await client.get(f"{HUNTS}/nowhere/export"), 404)
        client.headers.update(bearer("root", audience="hunt-admin", hunts=["river"]))
        assert_problem(await client.get(EXPORT), 403)


async def test_failed_export_has_no_end(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client must not take a part of the log for the whole."""
    monkeypatch.setattr(exports, "PAGE", 1)
    async with serving(database) as client:
        await play(client, 3)
        operator(client)
        with pytest.raises(httpx.RemoteProtocolError):
            async with client.stream("GET", EXPORT) as response:
                assert response.status_code == 200
                parts = response.aiter_raw()
                await anext(parts)
                with psycopg.connect(database, autocommit=True) as conn:
                    conn.execute("alter table rewards rename to elsewhere")
                async for _ in parts:
                    pass


async def test_exports_at_once_are_limited(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 0)
    async with serving(database) as client:
        operator(client)
        assert_problem(await client.get(EXPORT), 503)
