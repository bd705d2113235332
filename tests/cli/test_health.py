"""``hunt health`` with servers that are alive, not ready, of another kind, or absent."""

from __future__ import annotations

import trio

from tests.cli.commands import hunt_process
from tests.support.processes import free_port
from tests.support.serving import open_breaker, serving


async def test_health_tells_alive_from_ready(database: str) -> None:
    async with serving(database) as client:

        async def ask(*options: str) -> tuple[int, str, str]:
            done = await trio.to_thread.run_sync(
                lambda: hunt_process("health", *options, HUNT_URL=str(client.base_url))
            )
            return done.returncode, done.stdout, done.stderr

        status, out, _ = await ask()
        assert (status, out.split(" ", 1)[1]) == (0, "is alive\n")
        status, out, _ = await ask("--ready")
        assert (status, out.split(" ", 1)[1]) == (0, "is ready\n")
        await open_breaker(client)
        assert (await ask())[0] == 0
        status, out, err = await ask("--ready")
        assert (status, out) == (1, "")
        assert "/readyz: answered 503" in err


def test_health_without_a_server_fails() -> None:
    done = hunt_process("health", HUNT_BIND=f"127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "/livez: no answer (" in done.stderr


async def test_health_of_something_else_fails() -> None:
    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(b"220 mail\r\n")

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        done = await trio.to_thread.run_sync(lambda: hunt_process("health", "--url", url))
        nursery.cancel_scope.cancel()
    assert done.returncode == 1
    assert f"{url}/livez: no answer (220 mail" in done.stderr
