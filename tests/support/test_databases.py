"""A used database comes back as fresh as a copy of the template."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.databases import Databases


@pytest.fixture
def own(postgres: str, template: str) -> Iterator[Databases]:
    found = Databases(postgres, template)
    yield found
    found.close()


#: The first row gets the number 1; a replica checks no foreign keys.
ADD = """
    select hunt_create_log(1);
    set session_replication_role = replica;
    insert into webhooks (hunt, url, seq) values (7, 'http://h', 0)
"""
NUMBERS = "select array_agg(id) from webhooks"


def is_used_again(own: Databases, postgres: str, statements: str) -> bool:
    """Run statements in a database; return whether the next user gets it, and check its state."""
    oids = []
    for each in (statements, ADD):
        name = own.take()
        with psycopg.connect(make_conninfo(postgres, dbname=name), autocommit=True) as conn:
            oid = conn.execute("select oid from pg_database where datname = %s", (name,))
            oids += oid.fetchall()
            conn.execute(each)  # type: ignore[call-overload]
            if each is ADD:
                with conn.transaction(force_rollback=True):  # the template has rows of this table
                    conn.execute("insert into hunt_functions (name, checksum) values ('a', '')")
                assert conn.execute(NUMBERS).fetchone() == ([1],)
                query = "select count(*) > 0 from hunt_functions"
                assert conn.execute(query).fetchone() == (True,)
        own.give_back(name)
    return oids[0] == oids[1]


@pytest.mark.parametrize(
    "statements", [ADD, "select hunt_create_log(1)", "select hunt_create_log(9)"]
)
def test_rows_and_logs_do_not_remain(own: Databases, postgres: str, statements: str) -> None:
    assert is_used_again(own, postgres, statements)


OTHER = {
    "table": "create table more (n int)",
    "no table": "drop table webhook_dead",
    "column": "alter table hunts add column more int",
    "parameter of a table": "alter table hunts set (fillfactor = 50)",
    "function": "create function more() returns int language sql as 'select 1'",
    "no function": "drop function hunt_chord cascade",
    "right": "revoke execute on function pg_notify(text, text) from public",
    "index": "create index on webhooks (url)",
    "trigger": "create trigger more before update on hunts"
    " execute function suppress_redundant_updates_trigger()",
    "schema": "create schema more",
    "view": "create view more as select 1",
    "view of a log": "select hunt_create_log(1); create view more as select * from rewards_1",
    "no row of the schema": "delete from hunt_functions",
    "setting": "do $$ begin execute format("
    "'alter database %I set work_mem = 65536', current_database()); end $$",
    "right to connect": "do $$ begin execute format("
    "'revoke all on database %I from public', current_database()); end $$",
    "size": f"{ADD}; update webhooks set url ="
    " (select string_agg(gen_random_uuid()::text, '') from generate_series(1, 200000))",
}


@pytest.mark.parametrize("statements", OTHER.values(), ids=OTHER)
def test_other_changes_drop_the_database(own: Databases, postgres: str, statements: str) -> None:
    assert not is_used_again(own, postgres, statements)


def test_sessions_of_the_last_test_are_ended(own: Databases, postgres: str) -> None:
    name = own.take()
    with psycopg.connect(make_conninfo(postgres, dbname=name), autocommit=True) as conn:
        own.give_back(name)
        with pytest.raises(psycopg.OperationalError):
            conn.execute("select 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        own.give_back(own.take())
        psycopg.connect(make_conninfo(postgres, dbname=name))
