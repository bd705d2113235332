"""Several servers, slow name lookups, and servers that accept connections but stay silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
import trio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hunt.errors import ConnectTimeout, StoreUnavailable
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.driver.resolver import Resolver
from hunt.store.driver.servers import Servers
from tests.faults.nodes import proxy
from tests.support.proxy import Connect, to_unix


@contextmanager
def silent() -> Iterator[socket.socket]:
    """Yield a listening socket whose connections are never accepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as sock:
        sock.setblocking(False)
        yield sock


def port(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def accepted(sock: socket.socket) -> int:
    """Return the number of connections since the last call."""
    count = 0
    while True:
        try:
            sock.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def before(database: str) -> Connect:
    """Return the connect function of a proxy in front of the test's server."""
    params = conninfo_to_dict(database)
    return to_unix(f"{params['host']}/.s.PGSQL.{params.get('port') or 5432}")


def several(database: str, *ports: int, host: str = "127.0.0.1") -> str:
    return make_conninfo(
        database, host=",".join([host] * len(ports)), port=",".join(map(str, ports))
    )


async def test_second_server_is_reached_within_the_deadline(database: str) -> None:
    with silent() as first, silent() as second:
        async with proxy(before(database)) as third:
            servers = Servers(several(database, port(first), port(second), third.port))
            with trio.fail_after(3):  # 3 s for three servers: each has its share
                conn = await Connection.connect(servers, within=3.0)
            conn.close_now()
            assert conn.server is not None
            assert conn.server.name == f"127.0.0.1:{third.port}"


async def test_server_that_timed_out_is_tried_last_until_it_accepts(database: str) -> None:
    async with proxy(before(database)) as first, proxy(before(database)) as second:
        servers = Servers(several(database, first.port, second.port))

        async def connected_to() -> str:
            conn = await Connection.connect(servers, within=1.0)
            conn.close_now()
            assert conn.server is not None
            return conn.server.name.rpartition(":")[2]

        assert await connected_to() == str(first.port)
        first.blackhole(True)
        assert await connected_to() == str(second.port)
        tried = first.accepted
        assert await connected_to() == str(second.port)
        assert first.accepted == tried, "the silent server was tried again first"
        second.refuse = True
        first.blackhole(False)
        assert await connected_to() == str(first.port)
        second.refuse = False
        assert await connected_to() == str(first.port), "it accepted, so it is first again"


async def test_timeout_of_the_connection_string_shortens_the_share(database: str) -> None:
    with silent() as first:
        async with proxy(before(database)) as second:
            conninfo = several(database, port(first), second.port)
            servers = Servers(make_conninfo(conninfo, connect_timeout=1))
            began = trio.current_time()
            (await Connection.connect(servers, within=60.0)).close_now()
            assert trio.current_time() - began < 10


async def test_of_several_servers_only_a_writable_one_is_used(database: str) -> None:
    async with proxy(before(database)) as one:
        read_only = make_conninfo(database, options="-c default_transaction_read_only=on")
        (await Connection.connect(read_only)).close_now()
        with pytest.raises(psycopg.OperationalError, match=r"no server accepts.*read-only"):
            await Connection.connect(several(read_only, one.port, one.port))
        chosen = make_conninfo(several(read_only, one.port, one.port), target_session_attrs="any")
        (await Connection.connect(chosen)).close_now()


async def test_pool_drops_a_silent_server(database: str) -> None:
    async with proxy(before(database)) as first, proxy(before(database)) as second:
        async with open_pool(several(database, first.port, second.port), size=3) as pool:
            async with pool.connection(), pool.connection():
                pass
            assert pool.states()["idle"] == 2
            errors: list[Exception] = []

            async def call(patience: float) -> None:
                try:
                    async with pool.connection() as conn:
                        conn.patience = patience
                        await conn.execute("select")
                except Exception as exc:
                    errors.append(exc)

            first.blackhole(True)
            with trio.fail_after(10):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(call, 0.5)
                    nursery.start_soon(call, 1000.0)  # the lookup ends with the first caller
            assert len(errors) == 2
            assert pool.faults["silent"] == 1
            assert pool.states()["idle"] == 0
            async with pool.connection() as conn:
                await conn.execute("select")
                assert conn.server is not None
                assert conn.server.name.endswith(str(second.port))


async def test_pool_keeps_a_server_that_answers_others(database: str) -> None:
    async with open_pool(database, size=3) as pool, pool.connection() as other:
        done = trio.Event()

        async def slow() -> None:
            with pytest.raises(Exception, match="no answer"):
                async with pool.connection() as conn:
                    conn.patience = 0.5
                    await conn.execute("select pg_sleep(1.5)")
            done.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow)
            while not done.is_set():
                await other.execute("select")
        await other.execute("select")
        assert pool.faults["silent"] == 0


async def test_failed_connect_is_not_repeated_at_once_and_recovery_is_logged() -> None:
    with silent() as server:
        async with open_pool(f"host=127.0.0.1 port={port(server)}", size=1) as pool:
            with pytest.raises(ConnectTimeout):
                async with pool.connection(timeout=0.2):
                    pass
            assert accepted(server) == 1
            pool._connector._retry_at = trio.current_time() + 60
            with pytest.raises(StoreUnavailable):
                async with pool.connection(timeout=0.2):
                    pass
            assert accepted(server) == 0


async def test_recovery_is_logged_once(database: str) -> None:
    async with proxy(before(database)) as server:
        told: list[None] = []
        async with open_pool(several(database, server.port), size=2) as pool:
            pool.on_recovery(lambda: told.append(None))
            async with pool.connection():
                assert not told
                server.refuse = True
                with pytest.raises(StoreUnavailable):
                    async with pool.connection():
                        pass
                server.refuse = False
                async with pool.connection(insist=True):
                    assert len(told) == 1


# --- names -----------------------------------------------------------------------


class Names:
    """Looks up names, once the test allows it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may = threading.Event()
        self.calls = 0
        self.error: OSError | None = None
        monkeypatch.setattr("hunt.store.driver.resolver._getaddrinfo", self._look)

    def _look(self, host: str, port: str) -> list[Any]:
        self.calls += 1
        self.may.wait(30)
        if self.error is not None:
            raise self.error
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]


async def test_slow_lookup_takes_half_of_the_time_and_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, resolver = Names(monkeypatch), Resolver()

    async def look(seconds: float) -> list[str]:
        return await resolver.addresses("database.test", "5432", seconds=seconds)

    for _ in range(5):
        with pytest.raises(trio.TooSlowError), trio.fail_after(5):
            await look(0.1)
    assert names.calls == 1
    with trio.move_on_after(0.01) as scope:
        await look(1000.0)  # the caller is cancelled, and the lookup goes on for the next one
    assert scope.cancelled_caught
    names.may.set()
    with trio.fail_after(10):
        assert await look(1000.0) == ["127.0.0.1"]
    assert names.calls == 1
    names.may.clear()
    assert await look(0.1) == ["127.0.0.1"], "the addresses that were found last"
    assert names.calls == 2
    names.may.set()


@pytest.mark.parametrize(
    ("code", "known"),
    [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)],
    ids=["for a time", "for good"],
)
async def test_failed_lookup(monkeypatch: pytest.MonkeyPatch, code: int, known: bool) -> None:
    names, resolver = Names(monkeypatch), Resolver()
    names.may.set()
    with ExitStack() as stack:
        assert await resolver.addresses("database.test", "1", seconds=60) == ["127.0.0.1"]
        names.error = socket.gaierror(code, "no")
        if not known:
            stack.enter_context(pytest.raises(socket.gaierror))
        assert await resolver.addresses("database.test", "1", seconds=60) == ["127.0.0.1"]


async def test_slow_name_leaves_time_for_the_next_server(
    monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    names = Names(monkeypatch)
    async with proxy(before(database)) as second:
        conninfo = make_conninfo(database, host="database.test,127.0.0.1", port=f"1,{second.port}")
        with trio.fail_after(10):
            (await Connection.connect(conninfo, within=2.0)).close_now()
    names.may.set()
