"""Failures of a real PostgreSQL: the affected hunt refuses clicks, and the server goes on."""

from __future__ import annotations

import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import trio
from psycopg import errors
from psycopg.conninfo import make_conninfo

from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.faults import postgres as clusters
from tests.faults.postgres import Postgres
from tests.support.serving import HARBOUR, Client, serving

#: Bytes of a page of PostgreSQL.
PAGE = 8192


@pytest.fixture(autouse=True)
def way() -> None:
    """Run each test once only: errors of the database are the same for every way."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a cluster with the schema and two open hunts, as a template."""
    folder = tmp_path_factory.mktemp("cluster", numbered=True) / "template"
    folder.parent.chmod(0o755)

    postgres = Postgres(folder)

    async def make() -> None:
        await postgres.init()
        await postgres.start()
        async with open_pool(postgres.conninfo, size=1) as pool:
            for hunt in ("harbour", "river"):
                definition = replace(HARBOUR, id=hunt)
                await Hunts(pool).apply(definition, seed=b"s" * 32, actor="test")
                await Hunts(pool).open(hunt)
        await postgres.stop()

    trio.run(make)
    return postgres.cluster.path


@asynccontextmanager
async def failing(
    folder: Path,
    template: Path,
    *,
    before: Callable[[Postgres], Awaitable[None]] | None = None,
    options: str = "",
    **settings: str,
) -> AsyncIterator[tuple[Postgres, Client]]:
    """Serve on a PostgreSQL server that only this test uses.

    Args:
        folder: Folder for the data of that server.
        template: Data folder to copy.
        before: Called while PostgreSQL runs, before hunt serves.
        options: Options of each session of hunt, in libpq's form.
        settings: Settings of PostgreSQL.
    """
    async with clusters.running(folder / "own", template, settings) as postgres:
        if before is not None:
            await before(postgres)
        conninfo = make_conninfo(postgres.conninfo, options=options) if options else None
        async with serving(conninfo or postgres.conninfo, pool_size=4) as client:
            yield postgres, client


async def click(client: Client, hunt: str) -> httpx.Response:
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    return await client.post(f"/v1/hunts/{hunt}/clicks", json=body)


def kind(response: httpx.Response) -> str:
    """Return the type of a problem, or ``ok``."""
    return "ok" if response.status_code == 200 else response.json()["type"].partition("#")[2]


async def until(client: Client, hunt: str, wanted: str) -> None:
    """Click until a click has the wanted outcome, as of `kind`."""
    with trio.fail_after(60):
        while kind(await click(client, hunt)) != wanted:
            await trio.sleep(0.05)


async def path_of(postgres: Postgres, relation: str) -> Path:
    [[path]] = await postgres.execute("select pg_relation_filepath(%s)", [relation])
    return postgres.cluster.path / path


@pytest.mark.parametrize(
    ("relation", "page"), [("rewards_1", 0), ("rewards_1_pkey", 0)], ids=["table", "index"]
)
async def test_corrupt_partition_stops_its_own_hunt_only(
    tmp_path: Path, cluster: Path, relation: str, page: int
) -> None:
    damaged: list[tuple[Path, bytes]] = []

    async def corrupt(postgres: Postgres) -> None:
        async with serving(postgres.conninfo) as client:
            for hunt in ("harbour", "river"):
                assert kind(await click(client, hunt)) == "ok"
        path = await path_of(postgres, relation)
        await postgres.stop(signal.SIGINT)  # no page may stay in its memory
        damaged.append((path, path.read_bytes()))
        with path.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(b"\xff" * PAGE)
        await postgres.start()

    async with failing(tmp_path, cluster, before=corrupt) as (_, client):
        for _ in range(10):
            refused = await click(client, "harbour")
            assert kind(refused) == "hunt-unavailable"
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) >= 1
            assert kind(await click(client, "river")) == "ok"
        assert client.engine.commits.breaker.state == "closed"
        failures = client.engine.commits.guard.failures["hunt"]
        assert 1 <= failures < 10, "the database is not asked for each click"
        for path in ("rewards", "leaderboard"):  # the log cannot be read
            assert (await client.get(f"/v1/hunts/harbour/{path}")).status_code in {200, 503}
            assert (await client.get(f"/v1/hunts/river/{path}")).status_code == 200
        page_of_metrics = client.engine.telemetry.registry.render().decode()
        assert "hunt_unavailable_hunts 1.0" in page_of_metrics
        # The probe of an open breaker does not use the failing hunt.
        client.engine.commits.breaker.read_only(client.engine.commits.breaker.admit())
        client.engine.commits.prober.last_hunt = "harbour"
        client.engine.commits.prober.observe()
        await until(client, "river", "ok")
        assert client.engine.commits.prober.faults.total() == 0
        [(path, content)] = damaged
        path.write_bytes(content)
        await until(client, "harbour", "ok")
        assert not client.engine.commits.quarantine.hunts


async def test_full_queue_of_notices_refuses_and_recovers(tmp_path: Path, cluster: Path) -> None:
    async with failing(tmp_path, cluster, max_notify_queue_pages="64") as (postgres, client):
        assert kind(await click(client, "harbour")) == "ok"
        async with await postgres.connect() as idle:
            await idle.execute("listen elsewhere")
            await idle.execute("begin")
            await idle.execute("select 1")
            fill = "select pg_notify('elsewhere', repeat('x', 7900))"
            with pytest.raises(errors.ProgramLimitExceeded):
                for _ in range(500):
                    await postgres.execute(fill)
            await until(client, "harbour", "breaker-open")
            commits = client.engine.commits
            assert commits.guard.failures["unavailable"] == commits.breaker.failures
            await idle.execute("rollback")
        await until(client, "harbour", "ok")


#: The arguments of the commit; the release before calls it with others.
COMMIT = "(text, uuid[], text[], point[], text[], int[], text, text, bigint, bytea)"


@pytest.mark.parametrize(
    ("fail", "mend"),
    [
        ("alter table rewards rename to gone", "alter table gone rename to rewards"),
        (
            f"alter function hunt_commit{COMMIT} rename to gone",
            f"alter function gone{COMMIT} rename to hunt_commit",
        ),
    ],
    ids=["42P01", "42883"],
)
async def test_schema_that_is_changed_under_a_server_refuses_and_recovers(
    tmp_path: Path, cluster: Path, fail: str, mend: str
) -> None:
    async with failing(tmp_path, cluster) as (postgres, client):
        assert kind(await click(client, "harbour")) == "ok"
        await postgres.execute(fail)
        await postgres.terminate("query not like 'listen%'")  # statements are prepared anew
        with trio.fail_after(30):
            # A batch in flight when its session ends may be recorded.
            while (answer := await click(client, "harbour")).status_code != 503:
                assert answer.status_code in {200, 504}
        await postgres.execute(mend)
        await until(client, "harbour", "ok")


async def test_transaction_timeout_leaves_the_outcome_unknown(
    tmp_path: Path, cluster: Path
) -> None:
    options = "-c transaction_timeout=200"
    async with failing(tmp_path, cluster, options=options) as (postgres, client):
        assert kind(await click(client, "harbour")) == "ok"
        async with await postgres.connect() as other, other.transaction():
            await other.execute("select from hunts where id = 'harbour' for update")
            assert kind(await click(client, "harbour")) == "outcome-unknown"
        await until(client, "harbour", "ok")
