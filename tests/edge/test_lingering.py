"""The end of keep-alive connections: announced in a response, and never by a reset."""

from __future__ import annotations

import trio

from hunt.edge.worker import Worker
from tests.support.raw_http import LIVEZ, Reader, click, wait_closed
from tests.support.serving import Client, connected, park_of, serving


def worker_of(client: Client) -> Worker:
    assert client.worker is not None
    return client.worker


async def parked(client: Client, stream: trio.SocketStream) -> None:
    """Return once a connection is in the park, with its first click answered."""
    await stream.send_all(click())
    assert (await Reader(stream).answer())[0] == 200


async def test_last_response_announces_the_close_and_is_not_reset(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await parked(client, stream)
        worker_of(client).announce_close()
        # Both at once, so that the second is unread when the answer to the first goes out.
        await stream.send_all(click() + click())
        reader = Reader(stream)
        status, headers, _ = await reader.answer()
        assert (status, headers["connection"]) == (200, "close")
        await stream.send_all(click())  # it is not answered, but the server sends no reset
        await wait_closed(stream)
        assert park_of(client)._timed, "it waits for the client to close"
        await stream.aclose()
        with trio.fail_after(5):
            await park_of(client).wait_clients_closed()


async def test_lingering_close_times_out(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await parked(client, stream)
        worker_of(client).announce_close()
        await stream.send_all(click())
        await wait_closed(stream)
        with trio.fail_after(10):
            await park_of(client).wait_clients_closed()


async def test_buffered_click_is_answered_before_the_close(database: str) -> None:
    async with serving(database) as client, connected(client) as busy, connected(client) as idle:
        await parked(client, busy)
        await parked(client, idle)
        worker_of(client).announce_close()
        data = click()
        # The loop does not run in between, so the park has not read it.
        assert await busy.socket.send(data) == len(data)
        await worker_of(client).close_idle(0)
        status, headers, _ = await Reader(busy).answer()
        assert (status, headers["connection"]) == (200, "close")
        await wait_closed(idle)  # raises an error if the connection was reset


async def test_draining_server_refuses_and_announces_the_close(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await parked(client, stream)
        await client.engine.operations.drain.run()
        await stream.send_all(click())
        status, headers, _ = await Reader(stream).answer()
        assert (status, headers["connection"]) == (503, "close")
        assert "retry-after" in headers
        await wait_closed(stream)


async def test_response_of_hypercorn_announces_the_close(database: str) -> None:
    async with serving(database) as client, connected(client) as stream:
        await parked(client, stream)
        worker_of(client).announce_close()
        await stream.send_all(LIVEZ)
        status, headers, _ = await Reader(stream).answer()
        assert (status, headers["connection"]) == (200, "close")
        await wait_closed(stream)


async def test_last_response_over_tls_announces_the_close(database: str) -> None:
    async with serving(database, over_tls=True) as client, connected(client) as stream:
        await parked(client, stream)
        worker_of(client).announce_close()
        await stream.send_all(click())
        status, headers, _ = await Reader(stream).answer()
        assert (status, headers["connection"]) == (200, "close")
        await wait_closed(stream)


async def test_buffered_click_over_tls_is_answered_before_the_close(database: str) -> None:
    async with serving(database, over_tls=True) as client, connected(client) as stream:
        await parked(client, stream)
        worker_of(client).announce_close()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, click())
            await trio.lowlevel.checkpoint()
            worker_of(client).cancel_reads()
        status, headers, _ = await Reader(stream).answer()
        assert (status, headers["connection"]) == (200, "close")
        await wait_closed(stream)
