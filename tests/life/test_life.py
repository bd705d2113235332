"""Whole servers: processes, signals, and the same data afterwards."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
import trio

from hunt.core.events import Reward
from hunt.embedded import postgres
from hunt.store.driver.pool import open_pool
from hunt.store.log import Log
from tests.support.processes import (
    HUNT,
    HYPERCORN,
    Player,
    environment,
    free_port,
    gone,
    hunt_serve,
    hypercorn,
    player,
    running,
    servers,
    until,
    wait_ready,
)

SECRET = "life-secret-life-secret-life-secret-"


async def table(conninfo: str) -> dict[str, Reward]:
    """Return the log of the demo hunt, by click id."""
    async with open_pool(conninfo, size=1) as pool:
        rewards = await Log(pool).read("harbour", 0, 10**9, limit=10**6)
    assert [each.seq for each in rewards] == list(range(1, len(rewards) + 1)), "dense"
    return {each.id: each for each in rewards}


def assert_durable(players: list[Player], rows: dict[str, Reward]) -> None:
    for each in players:
        for click_id, answer in each.answers.items():
            row = rows[click_id]
            assert (row.seq, row.prize, row.points) == (
                answer["seq"],
                answer["prize"],
                answer["points"],
            )


async def test_from_an_empty_folder_to_a_reward(tmp_path: Path) -> None:
    data = tmp_path / "a folder with a space"
    async with hunt_serve(data) as server, player(server.url) as ada:
        async with trio.open_nursery() as nursery:
            await nursery.start(ada.listen, server.url)
            for _ in range(5):
                assert (await ada.click(server.url)).status_code == 200
            await until(lambda: len(ada.streamed) == 5)
            server.send(signal.SIGTERM)  # the stream ends, so the nursery does
        assert ada.streamed == list(ada.answers)
        assert ada.events[-1].event == "drain"
        assert await server.wait() == 0
    async with postgres.server(data) as conninfo:
        assert_durable([ada], await table(conninfo))


async def test_sigterm_under_load_loses_nothing(tmp_path: Path) -> None:
    players: list[Player] = []
    refused: list[int] = []

    async def load(url: str, each: Player) -> None:
        while True:
            try:
                response = await each.click(url)
            except httpx.TransportError:
                return  # the server has closed its socket
            if response.status_code != 200:
                refused.append(response.status_code)
                assert "Retry-After" in response.headers
                return

    async with hunt_serve(tmp_path) as server:
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                each = await nursery.start(_playing, server.url)
                players.append(each)
            async with trio.open_nursery() as loaders:
                for each in players:
                    loaders.start_soon(load, server.url, each)
                await until(lambda: sum(len(each.answers) for each in players) > 200)
                server.send(signal.SIGTERM)
                with trio.fail_after(30):
                    assert await server.wait() == 0
            nursery.cancel_scope.cancel()
    assert set(refused) <= {503}
    async with postgres.server(tmp_path) as conninfo:
        assert_durable(players, await table(conninfo))


async def _playing(url: str, *, task_status: trio.TaskStatus[Player]) -> None:
    async with player(url) as each:
        task_status.started(each)
        await trio.sleep_forever()


async def test_answered_click_survives_kill_9_and_stream_resumes(tmp_path: Path) -> None:
    async with hunt_serve(tmp_path) as server, player(server.url) as ada:
        async with trio.open_nursery() as nursery:
            await nursery.start(ada.listen, server.url)
            for _ in range(5):
                await ada.click(server.url)
            await until(lambda: len(ada.streamed) == 5)
            nursery.cancel_scope.cancel()
        # Two rewards that the stream has not delivered, and then SIGKILL.
        await ada.click(server.url)
        await ada.click(server.url)
        orphans = servers(server.process.pid)
        assert orphans
        server.send(signal.SIGKILL)
        await server.wait()
        before = dict(ada.answers)

        port = httpx.URL(server.url).port
        arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--data-dir", str(tmp_path)]
        async with running(arguments, server.url) as again:
            # Old processes still answer while they end, requests for readiness included.
            await until(lambda: all(map(gone, orphans)))
            await wait_ready(again)
            repeated = next(iter(before))
            answer = (await ada.click(again.url, repeated)).json()
            # The receipt is of the log as it is now.
            now = {"duplicate": True, "receipt": answer["receipt"]}
            assert answer == before[repeated] | now
            ada.answers = before
            async with trio.open_nursery() as nursery:
                await nursery.start(ada.listen, again.url)
                await until(lambda: len(ada.streamed) == 7)
                nursery.cancel_scope.cancel()
            assert ada.streamed == list(before)
            again.send(signal.SIGTERM)
            assert await again.wait() == 0
    async with postgres.server(tmp_path) as conninfo:
        assert_durable([ada], await table(conninfo))


@pytest.fixture
def environ(database: str) -> dict[str, str]:
    return {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET, "HUNT_GUESTS": "true"}


def hunt(environ: dict[str, str], *arguments: str) -> None:
    subprocess.run([*HUNT, *arguments], env=environment(environ), check=True)


async def test_two_processes_on_one_database_show_each_others_events_in_order(
    environ: dict[str, str], database: str, tmp_path: Path
) -> None:
    demo = Path(__file__).parents[2] / "hunt" / "harbour.toml"
    hunt(environ, "apply", str(demo))
    hunt(environ, "open", "harbour")
    async with hypercorn(environ) as one, hypercorn(environ, workers=1) as two:
        async with player(one.url) as ada, trio.open_nursery() as nursery:
            there = Player(
                httpx.AsyncClient(
                    cookies=ada.client.cookies, headers={"Origin": two.url}, timeout=30
                )
            )
            async with there.client:
                await nursery.start(ada.listen, one.url)
                await nursery.start(there.listen, two.url)
                for number in range(20):
                    where = (ada, one) if number % 2 else (there, two)
                    assert (await where[0].click(where[1].url)).status_code == 200
                both = ada.answers | there.answers
                await until(lambda: len(ada.streamed) == len(there.streamed) == 20)
                in_order = sorted(both, key=lambda each: both[each]["seq"])
                assert ada.streamed == there.streamed == in_order
                one.send(signal.SIGTERM)
                two.send(signal.SIGTERM)
                with trio.fail_after(20):
                    assert await one.wait() == 0
                    assert await two.wait() == 0
                assert ada.events[-1].event == there.events[-1].event == "drain"
    assert_durable([ada, there], await table(database))


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        pytest.param(HYPERCORN, {}, "HUNT_DATABASE_URL is not set", id="no database"),
        pytest.param(HYPERCORN[:3], {}, "hypercorn -k trio", id="another event loop"),
        pytest.param(
            HYPERCORN,
            {"HUNT_DATABASE_URL": "postgresql://", "HUNT_BATCH_SIZ": "1"},
            "HUNT_BATCH_SIZE",
            id="a mistyped setting",
        ),
    ],
)
def test_wrong_start_under_hypercorn_names_the_cure(
    arguments: list[str], variables: dict[str, str], sentence: str
) -> None:
    bind = f"127.0.0.1:{free_port()}"
    started = subprocess.run(
        [*arguments, "-b", bind, "hunt.asgi:app"],
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sentence in started.stdout + started.stderr


def test_port_in_use_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        started = subprocess.run(
            [*HUNT, "serve", "--bind", address, "--data-dir", str(tmp_path)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert started.returncode == 1
    assert address in started.stderr
    assert "Traceback" not in started.stderr
