from __future__ import annotations

import socket

import pytest
import trio
from psycopg.conninfo import make_conninfo
from trio.testing import MockClock

from hunt.errors import StoreTimeout, StoreUnavailable
from hunt.store.driver import abandoned
from hunt.store.driver.abandoned import CONFIRM, MOST, Abandoned
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.driver.servers import Servers
from tests.support.proxy import Proxy, to_database


async def abandon(pool: Pool) -> int:
    """Leave a backend at work, as a COMMIT that waits for a standby; return its process id."""
    with pytest.raises(StoreTimeout):
        async with pool.connection(insist=True) as conn:
            await conn.execute(
                "select set_config('statement_timeout', '0', false),"
                " set_config('client_connection_check_interval', '0', false)"
            )
            pid: int = conn.info.backend_pid
            conn.patience = 0.1
            await conn.execute("select pg_sleep(600)")
    return pid


async def test_full_server_is_not_asked_whether_it_has_room(database: str) -> None:
    proxy = Proxy(to_database(database))
    async with trio.open_nursery() as nursery, await Connection.connect(database) as other:
        await nursery.start(proxy.run)
        conninfo = make_conninfo(database, host="127.0.0.1", port=proxy.port)
        async with open_pool(conninfo, size=2) as pool:
            pids = [await abandon(pool) for _ in range(2)]
            before = proxy.accepted
            for _ in range(3):
                with pytest.raises(StoreUnavailable, match="still runs 2 calls"):
                    async with pool.connection(insist=True):
                        pass
            assert proxy.accepted == before
            assert pool.faults["unfinished"] == 3
            await other.execute("select pg_terminate_backend(%s, 5000)", (pids[0],))
            await ended(pool, 1)
            async with pool.connection(insist=True):
                assert proxy.accepted == before + 1
            await other.execute("select pg_terminate_backend(%s, 5000)", (pids[1],))
            await ended(pool, 0)
        nursery.cancel_scope.cancel()


async def ended(pool: Pool, left: int) -> None:
    """Wait until only `left` abandoned backends work."""
    [server] = pool._connector.servers.in_order()
    with trio.fail_after(10):
        while server.abandoned.working() != left:
            await trio.sleep(0.01)


async def test_sockets_of_backends_that_have_ended_are_closed(database: str) -> None:
    async with open_pool(database, size=2) as pool, await Connection.connect(database) as other:
        pid = await abandon(pool)
        [server] = pool._connector.servers.in_order()
        assert server.abandoned
        await other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        with trio.fail_after(10):
            while server.abandoned:
                async with pool.connection(insist=True):
                    await trio.sleep(0.01)


async def test_connection_without_a_limit_leaves_no_socket(database: str) -> None:
    servers = Servers(database)
    conn = await Connection.connect(servers, autocommit=True)
    conn.patience = 0.1
    with pytest.raises(StoreTimeout):
        await conn.execute("select pg_sleep(1)")
    [server] = servers.in_order()
    assert not server.abandoned
    assert not server.abandoned.pids


async def test_change_of_the_server_closes_the_sockets_to_the_other(database: str) -> None:
    proxies = [Proxy(to_database(database)) for _ in range(2)]
    async with trio.open_nursery() as nursery, await Connection.connect(database) as other:
        for each in proxies:
            await nursery.start(each.run)
        ports = ",".join(str(each.port) for each in proxies)
        conninfo = make_conninfo(database, host="127.0.0.1,127.0.0.1", port=ports)
        async with open_pool(conninfo, size=2) as pool:
            [first, _] = pool._connector.servers.in_order()
            pid = await abandon(pool)
            assert first.abandoned
            proxies[0].refuse = True
            async with pool.connection(insist=True):
                assert not first.abandoned
                assert first.abandoned.pids == {pid}
            await other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        nursery.cancel_scope.cancel()


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        client.setblocking(False)
        return client, listener.accept()[0]


async def test_connection_that_the_network_has_lost_does_not_count(
    autojump_clock: MockClock,
) -> None:
    made = Abandoned()
    (sound, first), (lost, second) = pair(), pair()
    try:
        while True:
            lost.send(bytes(65536))  # its end cannot be sent: the other host reads nothing
    except BlockingIOError:
        pass
    with first, second:
        made.add(1, sound)
        made.add(2, lost)
        assert made.working() == 2
        while abandoned._is_lost(sound):  # the kernel may confirm late
            await trio.sleep(CONFIRM / 1000)
        await trio.sleep(CONFIRM + 0.1)
        assert made.working() == 1
        first.send(b"a late answer")
        assert made.working() == 1
    assert made.working() == 0
    assert made.pids == {1, 2}, "only a query can tell"
    made.confirm([2])
    assert made.pids == {2}


async def test_kept_sockets_are_bounded() -> None:
    made = Abandoned()
    pairs = [socket.socketpair() for _ in range(MOST + 2)]
    for number, (ours, _) in enumerate(pairs):
        ours.setblocking(False)
        made.add(number, ours)
    assert made.working() == MOST
    made.close()
    assert all(ours.fileno() == -1 for ours, _ in pairs)
    for _, theirs in pairs:
        theirs.close()


async def test_process_without_descriptors_keeps_the_process_id(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(database, size=2) as pool, await Connection.connect(database) as other:

        def none_left(fd: int) -> int:
            raise OSError("too many open files")

        monkeypatch.setattr(abandoned.os, "dup", none_left)
        pid = await abandon(pool)
        [server] = pool._connector.servers.in_order()
        assert not server.abandoned
        assert server.abandoned.pids == {pid}
        await other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
