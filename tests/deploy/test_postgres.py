"""Settings and roles of ``deploy/postgres``, on a real server."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
import trio
from psycopg import errors as pg

from hunt import values
from hunt.core.codes import Code
from hunt.core.key_ring import KeyRing
from hunt.core.tokens import sign
from hunt.embedded.data_keys import new_key
from hunt.store.driver.pool import open_pool
from hunt.store.log import Log
from tests.deploy.game import SECRET, playing
from tests.deploy.roles import FOLDER, Database, prepared, settings_of
from tests.faults.postgres import Postgres
from tests.store.open_log import click, rewards


@pytest.mark.parametrize("name", ["postgresql.conf", "replication.conf"])
async def test_settings_are_valid_and_each_has_a_reason(name: str, tmp_path: Path) -> None:
    text = (FOLDER / name).read_text("utf-8")
    commented = False
    for line in text.splitlines():
        if line.startswith("# ") and "---" not in line:
            commented = True
        elif not line or "---" in line:
            commented = False
        elif not line.startswith("#"):
            assert commented, f"{line}: no reason"
    # A setting that needs a restart counts as an error if the command line sets another value.
    server = Postgres(tmp_path / "server", {"max_connections": "210"})
    await server.cluster.init()
    copy = server.cluster.path / f"hunt-{name}"
    copy.write_text(text, "utf-8")
    copy.chmod(0o644)
    with (server.cluster.path / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(f"include '{copy.name}'\n")
    await server.start()
    try:
        found = await server.execute(
            "select name, error from pg_file_settings where right(sourcefile, length(%s)) = %s",
            (copy.name, copy.name),
        )
    finally:
        await server.stop()
    assert dict(found) == dict.fromkeys(settings_of(name))


async def test_game_runs_as_the_application_role(tmp_path: Path) -> None:
    async with prepared(tmp_path / "server") as database:
        findings = json.loads(database.hunt("doctor", "--json"))
        assert [each for each in findings if not each["ok"]] == []
        database.open_hunt()
        async with database.node() as server:
            async with playing(server.url) as game:
                await game.until_settled(20)
            game.check(database.as_role("hunt_app"))
            await _operate(server.url)
        database.hunt("close", "harbour")
        database.hunt("verify", "harbour")  # fails at a wrong draw
        database.hunt("epoch", "--new")
        _check_refusals(database)


async def test_codes_and_keys_work_as_the_application_role(tmp_path: Path) -> None:
    old, new = new_key("old"), new_key("new")
    async with prepared(tmp_path / "server") as database:
        file, codes = tmp_path / "codes.toml", tmp_path / "codes.txt"
        file.write_text(
            '[hunt]\nid = "codes"\ntitle = "Codes"\nmap = { width = 9, height = 9 }\n'
            '[[prize]]\nid = "coin"\ntitle = "Coin"\nodds = 1\ncodes = true\n'
        )
        codes.write_text("A\nB\n")
        with_old: dict[str, str] = {"HUNT_DATA_KEYS": old}
        database.hunt("apply", str(file), **with_old)
        database.hunt("codes", "load", "codes", "coin", str(codes), **with_old)
        database.hunt("open", "codes", **with_old)
        database.hunt("keys", "rotate", HUNT_DATA_KEYS=f"{new},{old}")
        ring = KeyRing(values.data_keys(new))
        async with open_pool(database.as_role("hunt_app"), size=1) as pool:
            won = rewards(await Log(pool, ring=ring).append("codes", [click("ada", "coin")]))
        assert [each.code for each in won] == [Code("A")]


async def _operate(url: str) -> None:
    """Perform the actions of operators: create, change, delete, export, erase."""
    token = sign((SECRET,), "ops", ttl=600, now=datetime.now(UTC), audience="hunt-admin")
    river = {
        "id": "river", "title": "River", "map": {"width": 9, "height": 9},
        "opens_at": None, "closes_at": None, "cooldown": 0, "prizes": [],
    }  # fmt: skip
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        for method, path, body in (
            ("GET", "/v1/admin/hunts/harbour", None),
            ("GET", "/v1/hunts/harbour/leaderboard", None),
            ("PATCH", "/v1/admin/hunts/harbour/stock", {"coin": 30}),
            ("POST", "/v1/admin/hunts/harbour/pause", None),
            ("POST", "/v1/admin/hunts/harbour/open", None),
            ("POST", "/v1/admin/hunts", river),
            ("PUT", "/v1/admin/hunts/river", river | {"title": "Delta"}),
            ("DELETE", "/v1/admin/hunts/river", None),
            ("GET", "/v1/admin/players/player-0", None),
            ("DELETE", "/v1/admin/players/player-0", None),
            ("GET", "/v1/admin/audit", None),
        ):
            answer = await client.request(method, path, json=body)
            assert answer.is_success, f"{method} {path}: {answer.text}"


#: Statements that each role is refused.
REFUSED = {
    "hunt_app": (
        # DDL
        "create table own (a int)",
        "create temporary table hunts (a int)",
        "create schema own",
        "create function own() returns int language sql as 'select 1'",
        "alter table rewards add column more int",
        "alter table rewards disable trigger all",
        "alter function hunt_delete(int) owner to hunt_app",
        "create index on rewards (prize)",
        "drop table audit",
        "drop function hunt_delete(int)",
        "drop database hunt",
        # the log and the audit trail
        "delete from rewards",
        "truncate rewards",
        "update rewards set prize = 'coin'",
        "update rewards set points = 9, player = 'ada'",
        "insert into rewards_1 select * from rewards limit 1",
        "select from rewards_1",
        "select from audit_key",
        "update reward_changes set state = 'sent'",
        "delete from reward_changes",
        "delete from audit",
        "update audit set actor = 'ada'",
        "delete from hunts",
        "delete from hunt_versions",
        "update hunt_versions set actor = 'ada'",
        "update hunt_schema set version = 9",
        "insert into hunt_functions (name, checksum) values ('a', 'b')",
        # the server
        "select from pg_authid",
        "select pg_read_file('postgresql.conf')",
        "copy (select 1) to program 'true'",
        "set role hunt_owner",
        "set session authorization hunt",
        "alter role hunt_app superuser",
        "alter system set fsync = off",
        "set session_replication_role = replica",
    ),
    "hunt_monitor": (
        "select seed from public.hunts",
        "select from public.rewards",
        "select from public.audit",
        "select public.hunt_create_log(99)",
        "create temporary table own (a int)",
        "create table public.own (a int)",
    ),
}


def _check_refusals(database: Database) -> None:
    for role, statements in REFUSED.items():
        with psycopg.connect(database.as_role(role), autocommit=True) as connection:
            for each in statements:
                with pytest.raises(pg.InsufficientPrivilege):
                    connection.execute(each)  # type: ignore[call-overload]
    with psycopg.connect(database.as_role("hunt_monitor")) as connection:
        assert connection.execute("select count(*) > 0 from pg_stat_activity").fetchone() == (True,)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute("create role stranger login")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(database.as_role("stranger"))


async def test_grants_name_every_table_and_can_be_repeated(tmp_path: Path) -> None:
    async with prepared(tmp_path / "server") as database:
        rows = await database.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p') and not relispartition"
        )
        granted = re.findall(
            r"\bon ([\w, ]+) (?:to|from) hunt_app", (FOLDER / "grants.sql").read_text("utf-8")
        )
        named = {name.strip() for each in granted for name in each.split(",")}
        assert {name for (name,) in rows} <= named
        database.prepare()
        owners = await database.execute(
            "select distinct pg_get_userbyid(relowner) from pg_class"
            " where relnamespace = 'public'::regnamespace"
        )
        assert owners == [("hunt_owner",)]


async def test_commit_waits_for_a_standby_in_another_zone(tmp_path: Path) -> None:
    replication = settings_of("replication.conf")
    names = replication.pop("synchronous_standby_names")
    async with prepared(tmp_path / "a", **replication) as primary:
        primary.open_hunt()
        standby = Database(tmp_path / "b", primary.options | {"cluster_name": "zone_b"})
        await standby.follow(primary, synchronous=False)
        try:
            await primary.execute(f"alter system set synchronous_standby_names = '{names}'")
            await primary.execute("select pg_reload_conf()")
            with trio.fail_after(10):
                while await primary.execute(
                    "select application_name, sync_state from pg_stat_replication"
                ) != [("zone_b", "quorum")]:
                    await trio.sleep(0.05)
            async with primary.node() as server:
                await _click_without_standby(server.url, standby)
            with trio.fail_after(10):
                while await standby.execute("select count(*) from rewards") != [(2,)]:
                    await trio.sleep(0.05)
        finally:
            await standby.stop()


async def _click_without_standby(url: str, standby: Database) -> None:
    """Click before, during and after an absence of the standby."""
    token = sign((SECRET,), "ada", ttl=600, now=datetime.now(UTC))
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:

        async def click(click_id: uuid.UUID) -> int:
            body = {"id": str(click_id), "x": 1, "y": 1}
            return (await client.post("/v1/hunts/harbour/clicks", json=body)).status_code

        assert await click(uuid.uuid4()) == 200
        await standby.stop()
        unsure = uuid.uuid4()
        assert await click(unsure) in {503, 504}
        await standby.start()
        with trio.fail_after(30):
            while await click(unsure) != 200:
                await trio.sleep(0.2)
