"""Listeners: connections are accepted for the park, several a turn."""

from __future__ import annotations

import logging
import os
import resource
import socket
import stat
from contextlib import ExitStack, suppress

import pytest
import trio

from hunt.edge.admission import Admission
from hunt.edge.listener import LEFT_RATE, TURN, Listener
from hunt.edge.worker import ACCEPT_DELAY_HIGH, Service
from hunt.processes.listening import UNSENT, USER_TIMEOUT
from tests.support.raw_http import LIVEZ, Reader, click
from tests.support.serving import connected, park_of, serving


async def test_connections_inherit_the_options_of_their_listener() -> None:
    [listening] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with Listener(listening.socket) as listener:
        address = listener.socket.getsockname()
        async with await trio.open_tcp_stream(*address) as client:
            stream = await listener.accept()
            sock = socket.fromfd(stream.socket.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            with sock:
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT
            await stream.aclose()
            assert await client.receive_some(1) == b""


async def test_closing_ends_waiting_accepts() -> None:
    [listening] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    listener = Listener(listening.socket)
    listener.parks = True

    async def accept() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await listener.accept()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept)
            await trio.testing.wait_all_tasks_blocked()
            await listener.aclose()


async def test_burst_of_connections_is_parked_without_tasks(database: str) -> None:
    count = 2 * TURN + 1
    async with serving(database) as client:
        before = trio.lowlevel.current_statistics().tasks_living
        with ExitStack() as stack:
            address = client.base_url.host, client.base_url.port
            socks = [stack.enter_context(socket.create_connection(address)) for _ in range(count)]
            with trio.fail_after(5):
                while len(park_of(client)._parked) < count:
                    await trio.lowlevel.checkpoint()
            # Other tasks of the server come and go.
            assert trio.lowlevel.current_statistics().tasks_living < before + count // 2
            for sock in socks:
                sock.sendall(LIVEZ)
            for sock in socks:
                stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
                assert (await Reader(stream).answer())[0] == 200


async def test_connection_is_idle_from_its_acceptance_on(database: str) -> None:
    async with serving(database) as client:
        park = park_of(client)
        park.now -= 100.0  # time of the last request
        before = trio.current_time()
        async with connected(client):
            with trio.fail_after(5):
                while not park._timed:
                    await trio.lowlevel.checkpoint()
            [parked] = park._timed.values()
            since = parked.idle_since()
            assert since is not None
            assert since >= before


async def test_connections_wait_while_no_descriptor_is_free(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "trio.serve_listeners")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serving(database) as client:
        address = client.base_url.host, client.base_url.port
        with trio.fail_after(10), socket.socket() as sock:
            # Its three standard streams are all that fits; with a limit of 0 even `poll` fails.
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
            try:
                sock.connect(address)
                while not caplog.records:
                    await trio.lowlevel.checkpoint()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
            await stream.send_all(click())
            assert (await Reader(stream).answer())[0] == 200
        assert "EMFILE" in caplog.records[0].getMessage()
        async with connected(client) as again:
            await again.send_all(LIVEZ)
            assert (await Reader(again).answer())[0] == 200


async def test_worker_with_many_connections_leaves_new_ones_to_others(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.edge.worker.ACCEPT_DELAY", 1000.0)
    async with serving(database) as client, connected(client) as stream:
        await stream.send_all(LIVEZ)  # with few connections one is accepted at once
        assert (await Reader(stream).answer())[0] == 200
        assert client.worker is not None
        client.worker.admission.limit = 4
        assert client.worker.accept_delay() == 250.0
        address = client.base_url.host, client.base_url.port
        with socket.create_connection(address), listening_at(address) as of_another_worker:
            await trio.testing.wait_all_tasks_blocked(0.01)
            of_another_worker.accept()[0].close()


async def test_connections_that_others_left_are_accepted_in_larger_turns(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delay = 0.05
    count = round(delay * LEFT_RATE)
    assert count > TURN
    async with serving(database) as client:
        assert client.worker is not None
        monkeypatch.setattr(client.worker, "accept_delay", lambda: delay)
        address, park = (client.base_url.host, client.base_url.port), park_of(client)
        with ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(socket.create_connection(address))
            with trio.fail_after(5):
                while not park._parked:
                    await trio.lowlevel.checkpoint()
            assert len(park._parked) == count


async def test_only_worker_accepts_at_once(database: str) -> None:
    async with serving(database) as client:
        serves = client.worker
        assert serves is not None
        assert serves.play is not None
        full = Admission(trio.current_time, limit=1)
        full.admit(serves.play.proxies.peer("192.0.2.1"))
        for alone, delay in ((False, ACCEPT_DELAY_HIGH), (True, 0.0)):
            serves.begin(Service(serves.play, full, serves.park, None, alone))
            assert serves.accept_delay() == delay


def listening_at(address: tuple[str, int]) -> socket.socket:
    """Return the socket that listens at an address in this process, as another process has it."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the descriptor of the listing itself
            if stat.S_ISSOCK(os.stat(int(name)).st_mode):
                sock = socket.socket(fileno=os.dup(int(name)))
                accepts = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if accepts and sock.getsockname() == address:
                    return sock
                sock.close()
    raise AssertionError(f"nothing listens at {address}")
