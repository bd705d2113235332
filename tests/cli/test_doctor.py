"""The doctor finds each wrong setting of a real server, and names its cure."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.embedded import postgres
from hunt.errors import SettingsError
from hunt.lifecycle import open_engine
from hunt.settings import Settings
from hunt.store.driver.connection import Connection
from tests.support import pgbouncer as pooler
from tests.support import valkey
from tests.support.live_codes import prepare
from tests.support.serving import SECRET

Findings = dict[str, dict[str, object]]


async def doctor(database: str, *prefix: str, status: int = 1, **environ: str) -> Findings:
    """Run the doctor as an operator does; return what it found, by name."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
    given = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()} | environ
    done = await trio.run_process(
        [*prefix, sys.executable, "-m", "hunt", "doctor", "--json"],
        env=kept | given, capture_stdout=True, capture_stderr=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, (done.stdout, done.stderr)
    return {each["name"]: each for each in json.loads(done.stdout)}


def bad(findings: Findings) -> set[str]:
    return {name for name, each in findings.items() if not each["ok"]}


async def execute(conninfo: str, *statements: str) -> None:
    conn = await Connection.connect(conninfo, autocommit=True)
    try:
        for statement in statements:
            await conn.execute(statement)  # type: ignore[arg-type]
    finally:
        conn.close_now()


async def test_doctor_accepts_good_server(database: str) -> None:
    findings = await doctor(database, status=0)
    assert set(findings) == {
        "files", "version", "encoding", "fsync", "full_page_writes", "synchronous_commit",
        "writable",
        "schema", "keys", "latency", "clock", "prepared", "notices",
    }  # fmt: skip
    assert all(not each["cure"] for each in findings.values())


async def test_doctor_reports_unsafe_durability(tmp_path: Path) -> None:
    options = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    async with postgres.server(tmp_path, options=options) as conninfo:
        findings = await doctor(conninfo)
        assert bad(findings) == {*options, "schema"}
        for name in options:
            assert str(findings[name]["cure"]).startswith(f"set {name} = on")
        assert findings["schema"]["cure"] == "run 'hunt migrate'"


@pytest.mark.parametrize(
    ("option", "name", "cure"),
    [
        ("-c synchronous_commit=off", "synchronous_commit", "synchronous_commit = on"),
        ("-c default_transaction_read_only=on", "writable", "target_session_attrs=read-write"),
    ],
)
async def test_doctor_reports_unsafe_session_settings(
    database: str, option: str, name: str, cure: str
) -> None:
    findings = await doctor(make_conninfo(database, options=option))
    assert bad(findings) == {name}
    assert cure in str(findings[name]["cure"])


async def test_doctor_reports_outdated_schema(database: str) -> None:
    await execute(
        database,
        "delete from hunt_schema where version = (select max(version) from hunt_schema)",
    )
    findings = await doctor(database)
    assert bad(findings) == {"schema"}
    assert findings["schema"]["cure"] == "run 'hunt migrate'"


async def test_doctor_reports_missing_function(database: str) -> None:
    await execute(database, "update hunt_functions set checksum = '' where name = 'hunt_commit'")
    findings = await doctor(database)
    assert bad(findings) == {"schema"}
    assert "hunt_commit" in str(findings["schema"]["detail"])


# No old server and no server with a wrong clock is available.  A function that shadows the
# real one returns the wrong value instead, and the code under test cannot tell.
LIES = {
    "version": """
        create function lies.current_setting(name text) returns text language sql as $$
            select case name when 'server_version_num' then '130014'
                else pg_catalog.current_setting(name) end $$""",
    "clock": """
        create function lies.clock_timestamp() returns timestamptz language sql as $$
            select pg_catalog.clock_timestamp() + interval '3 s' $$""",
}


@pytest.mark.parametrize(("name", "cure"), [("version", "PostgreSQL 14"), ("clock", "NTP")])
async def test_doctor_reports_old_version_and_clock_skew(
    database: str, name: str, cure: str
) -> None:
    await execute(database, "create schema lies", LIES[name])
    lying = make_conninfo(database, options="-c search_path=lies,pg_catalog,public")
    findings = await doctor(lying)
    assert bad(findings) == {name}
    assert cure in str(findings[name]["cure"])


async def test_doctor_reports_low_file_limit(database: str) -> None:
    findings = await doctor(database, "prlimit", "--nofile=200", HUNT_MAX_CONNECTIONS="500")
    assert bad(findings) == {"files"}
    assert "above 564" in str(findings["files"]["cure"])
    fits = await doctor(database, "prlimit", "--nofile=200", HUNT_MAX_CONNECTIONS="100", status=0)
    assert fits["files"]["ok"]


async def test_doctor_reports_high_latency(database: str, tmp_path: Path) -> None:
    folder = conninfo_to_dict(database)["host"]

    async def pump(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for data in source:
                await trio.sleep(0.02)
                await sink.send_all(data)

    async def relay(client: trio.SocketStream) -> None:
        async with client, await trio.open_unix_socket(f"{folder}/.s.PGSQL.5432") as server:
            async with trio.open_nursery() as both:
                both.start_soon(pump, server, client)
                await pump(client, server)
                both.cancel_scope.cancel()

    with tempfile.TemporaryDirectory(prefix="hunt-far-") as here:
        listening = trio.socket.socket(socket.AF_UNIX)
        await listening.bind(f"{here}/.s.PGSQL.5432")
        listening.listen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, relay, [trio.SocketListener(listening)])
            findings = await doctor(make_conninfo(database, host=here))
            nursery.cancel_scope.cancel()
    assert bad(findings) == {"latency"}
    assert "near its database" in str(findings["latency"]["cure"])


@pytest.fixture(params=["transaction", "session"])
def pooled(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[str]:
    """Yield a connection string that goes through a PgBouncer; the parameter says how it pools."""
    with pooler.pooled(database, tmp_path, mode=request.param) as conninfo:
        yield conninfo


async def test_doctor_reports_pooler_before_listen(
    pooled: str, database: str, request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["pooled"] == "session":
        assert not bad(await doctor(pooled, status=0))
        return
    findings = await doctor(database, HUNT_LISTEN_DSN=pooled)
    assert bad(findings) == {"notices"}
    assert "HUNT_LISTEN_DSN" in str(findings["notices"]["cure"])
    both = await doctor(pooled, HUNT_LISTEN_DSN=database)
    assert bad(both) == {"prepared"}, "with LISTEN around the pooler, notices arrive"
    assert "max_prepared_statements" in str(both["prepared"]["cure"])


async def test_serve_refuses_database_without_commit_function(
    pooled: str, request: pytest.FixtureRequest
) -> None:
    settings = Settings(database_url=pooled, jwt_secret=(SECRET,))
    if request.node.callspec.params["pooled"] == "session":
        async with open_engine(settings):
            return
    with pytest.raises(SettingsError, match="session mode"):
        async with open_engine(settings):
            pass


async def test_doctor_tries_the_bus(database: str, tmp_path: Path) -> None:
    valkey.installed()
    server = valkey.Valkey(tmp_path / "valkey")
    away = await doctor(database, HUNT_BUS_URL=server.url)
    assert bad(away) == {"bus"}
    assert "start it" in str(away["bus"]["cure"])
    await server.start()
    try:
        well = await doctor(database, status=0, HUNT_BUS_URL=server.url)
        assert "a message takes" in str(well["bus"]["detail"])
        for password, cure in ((":wrong-password@", "user and password"), ("", "add the password")):
            url = f"valkey://{password}127.0.0.1:{server.port}"
            findings = await doctor(database, HUNT_BUS_URL=url)
            assert bad(findings) == {"bus"}
            assert cure in str(findings["bus"]["cure"]), findings["bus"]
            assert "wrong-password" not in str(findings)
    finally:
        server.stop()


async def test_doctor_names_hunts_whose_key_is_missing(database: str) -> None:
    await prepare(database, 1)
    findings = await doctor(database)
    assert bad(findings) == {"keys"}
    assert findings["keys"]["detail"] == "HUNT_DATA_KEYS lacks key '2026' of live"
    key = "2026:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
    findings = await doctor(database, status=0, HUNT_DATA_KEYS=key)
    assert findings["keys"]["detail"] == "1 needed, and all are there"
