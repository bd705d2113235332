"""The processes of a server: start, replacement and end."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio

from hunt.errors import HuntError, SettingsError
from hunt.processes.supervisor import GIVE_UP, Supervisor
from hunt.settings import Settings
from tests.life.supervised import settings, supervised
from tests.support.processes import (
    HUNT,
    Player,
    Server,
    children,
    fork_servers,
    free_port,
    gone,
    name,
    player,
    running,
    servers,
    until,
)
from tests.support.serving import bearer


@asynccontextmanager
async def two_processes(data_dir: Path) -> AsyncIterator[Server]:
    port = free_port()
    arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--data-dir", str(data_dir)]
    async with running([*arguments, "--processes", "2"], f"http://127.0.0.1:{port}") as server:
        await until(lambda: len(servers(server.process.pid)) == 2)
        yield server


async def test_killed_worker_is_replaced_while_the_other_serves(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server, player(server.url) as ada:
        before = servers(server.process.pid)
        os.kill(before[0], signal.SIGKILL)
        answered = 0

        async def click() -> None:
            nonlocal answered
            try:
                if (await ada.click(server.url)).status_code == 200:
                    answered += 1
            except httpx.TransportError:
                pass  # its connection was to the killed worker

        await until(lambda: gone(before[0]))
        with trio.fail_after(60):
            while len(servers(server.process.pid)) < 2 or answered < 5:
                await click()
        after = servers(server.process.pid)
        assert before[1] in after
        assert before[0] not in after


async def test_restart_under_load_loses_no_click(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server, player(server.url) as ada:
        before = set(servers(server.process.pid))
        done = trio.Event()
        ids: list[str] = []

        async def play() -> None:
            while not done.is_set():
                ids.append(str(uuid.uuid4()))
                while ids[-1] not in ada.answers:  # the same id, until it is answered
                    try:
                        answer = await ada.click(server.url, ids[-1])
                    except httpx.TransportError:
                        continue
                    assert answer.status_code in {200, 503}

        async with trio.open_nursery() as nursery:
            nursery.start_soon(play)
            await until(lambda: len(ids) > 10)
            server.send(signal.SIGHUP)
            await until(
                lambda: not before & set(servers(server.process.pid)),
                seconds=30,
            )
            count = len(ids)
            await until(lambda: len(ids) > count + 10)
            done.set()
        seqs = sorted(int(str(each["seq"])) for each in ada.answers.values())
        assert seqs == list(range(1, len(ids) + 1))


async def test_hunt_drain_returns_once_every_process_has_ended(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server:
        pids = children(server.process.pid)
        drained = await trio.run_process(
            [*HUNT, "drain", "--data-dir", str(tmp_path / "data")], capture_stdout=True
        )
        assert b"has drained" in drained.stdout
        with trio.fail_after(60):
            assert await server.wait() == 0
        assert all(gone(pid) for pid in pids)


async def test_metrics_are_summed_over_workers(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server, player(server.url) as ada:
        await until(lambda: len(list((tmp_path / "data" / "run").iterdir())) == 5)
        for _ in range(20):
            assert (await ada.click(server.url)).status_code == 200
        async with httpx.AsyncClient(timeout=30) as client:
            for _ in range(4):  # any process may answer
                text = (await client.get(f"{server.url}/metrics")).text
                assert "hunt_click_seconds_count 20.0" in text
                assert 'hunt_build_info{version="0.1.0"} 1.0' in text


async def test_one_worker_commits_the_clicks_of_all(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server, player(server.url) as ada:
        sockets = sorted((tmp_path / "data" / "run").glob("*-*"))
        assert len(sockets) == 2
        seqs: list[object] = []
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    httpx.AsyncClient(
                        transport=httpx.AsyncHTTPTransport(uds=str(each)),
                        cookies=ada.client.cookies,
                        headers=ada.client.headers,
                        timeout=30,
                    )
                )
                for each in sockets
            ]
            with trio.fail_after(60):
                while forwarded(await ada.client.get(f"{server.url}/metrics"))["settled"] < 5:
                    for client in clients:
                        response = await Player(client).click(server.url)
                        seqs.append(response.json()["seq"])
        assert seqs == list(range(1, len(seqs) + 1))
        counted = forwarded(await ada.client.get(f"{server.url}/metrics"))
        assert (counted["left"], counted["lost"]) == (0, 0)


def forwarded(response: httpx.Response) -> dict[str, float]:
    """Return the forwarded clicks by what became of them."""
    found = re.findall(r'hunt_forwarded_clicks_total{result="(\w+)"} (\S+)', response.text)
    return {result: float(count) for result, count in found}


async def test_fork_server_shares_the_memory_of_the_supervisor(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server:
        [pid] = fork_servers(server.process.pid)
        own, mapped = memory(pid, "Private_Dirty:"), memory(pid, "Anonymous:")
        assert own < mapped / 2
        assert os.getsid(pid) == pid  # so that Ctrl-C is for the supervisor only


def memory(pid: int, field: str) -> int:
    """Return a field of the sum of a process's mappings, in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


async def test_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    async with two_processes(tmp_path / "data") as server:
        pids = children(server.process.pid)
        assert len(pids) >= 4  # two workers, the fork server and PostgreSQL
        server.send(signal.SIGKILL)
        await until(lambda: all(gone(pid) for pid in pids), seconds=40)


@asynccontextmanager
async def one_worker(database: str, tmp_path: Path) -> AsyncIterator[Supervisor]:
    """Run a supervisor, once its worker serves."""
    given = await settings(database, tmp_path)
    async with supervised(given) as made, trio.open_nursery() as nursery:
        nursery.start_soon(made.supervisor.run)
        with trio.fail_after(60):
            await made.opened.wait()
        yield made.supervisor


async def test_worker_that_ends_is_forked_again(database: str, tmp_path: Path) -> None:
    async with one_worker(database, tmp_path) as supervisor:
        forked_by, [serving] = fork_servers(os.getpid()), servers(os.getpid())
        os.kill(serving, signal.SIGKILL)
        await until(lambda: servers(os.getpid()) not in ([], [serving]), seconds=30)
        assert fork_servers(os.getpid()) == forked_by
        await supervisor.drain()
        await until(lambda: servers(os.getpid()) == [])  # it may have been forked just now


async def test_restart_imports_modules_again(database: str, tmp_path: Path) -> None:
    async with one_worker(database, tmp_path) as supervisor:
        forked_by, before = fork_servers(os.getpid()), servers(os.getpid())
        with trio.fail_after(60):
            await supervisor.restart()
        assert servers(os.getpid()) != before
        await until(lambda: len(fork_servers(os.getpid())) == 1)
        assert fork_servers(os.getpid()) != forked_by
        await supervisor.drain()


async def test_worker_that_ends_during_a_restart_is_replaced_once(
    database: str, tmp_path: Path
) -> None:
    async with one_worker(database, tmp_path) as supervisor:
        [serving], workers = servers(os.getpid()), supervisor._workers.running
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.restart)
            await until(lambda: len(workers) == 2)
            os.kill(serving, signal.SIGKILL)
            await until(lambda: serving not in {each.pid for each in workers})
        await until(lambda: [each.alive for each in workers] == [True])
        await supervisor.drain()


async def test_restart_with_broken_modules_keeps_the_workers(database: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("from hunt.cli.worker import main; main()")
    given = await settings(database, tmp_path)
    command = [sys.executable, str(program)]
    async with supervised(given, command) as made, trio.open_nursery() as nursery:
        nursery.start_soon(made.supervisor.run)
        with trio.fail_after(60):
            await made.opened.wait()
            before = children(os.getpid(), str(program))
            program.write_text("raise SystemExit(1)")
            await made.supervisor.restart()
        assert len(before) == 2
        assert children(os.getpid(), str(program)) == before
        [worker] = [each for each in before if name(each) == "hunt-worker"]
        os.kill(worker, signal.SIGKILL)  # the old fork server still replaces it
        await until(
            lambda: len(set(children(os.getpid(), str(program))) - {worker}) == 2, seconds=30
        )
        await made.supervisor.drain()


async def test_fork_server_that_ends_is_replaced(database: str, tmp_path: Path) -> None:
    async with one_worker(database, tmp_path) as supervisor:
        [forked_by], [serving] = fork_servers(os.getpid()), servers(os.getpid())
        os.kill(forked_by, signal.SIGKILL)
        await until(lambda: fork_servers(os.getpid()) not in ([], [forked_by]))
        assert servers(os.getpid()) == [serving]
        os.kill(serving, signal.SIGKILL)
        await until(lambda: servers(os.getpid()) not in ([], [serving]), seconds=30)
        await supervisor.drain()


async def test_worker_is_replaced_while_the_fork_server_dies(database: str, tmp_path: Path) -> None:
    async with one_worker(database, tmp_path) as supervisor:
        [forked_by], [serving] = fork_servers(os.getpid()), servers(os.getpid())
        os.kill(forked_by, signal.SIGSTOP)  # the request is on its way
        os.kill(serving, signal.SIGKILL)
        await until(lambda: not servers(os.getpid()))
        os.kill(forked_by, signal.SIGKILL)
        await until(lambda: servers(os.getpid()) not in ([], [serving]), seconds=30)
        await supervisor.drain()


async def test_second_signal_kills_the_server(database: str, tmp_path: Path) -> None:
    given = await settings(database, tmp_path, drain_delay=60.0)
    async with supervised(given) as made, trio.open_nursery() as nursery:
        nursery.start_soon(made.supervisor.run)
        with trio.fail_after(40):
            await made.opened.wait()
            [pid] = servers(os.getpid())
            os.kill(os.getpid(), signal.SIGTERM)
            async with httpx.AsyncClient(timeout=30) as client:
                while (await client.get(f"{made.url}/readyz")).status_code != 503:
                    await trio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            while not gone(pid):
                await trio.sleep(0.01)
    assert made.supervisor.killed


async def test_hung_worker_is_killed_and_replaced(database: str, tmp_path: Path) -> None:
    given = await settings(database, tmp_path)
    async with supervised(given, hang_timeout=4.0) as made, trio.open_nursery() as nursery:
        nursery.start_soon(made.supervisor.run)
        with trio.fail_after(60):
            await made.opened.wait()
            [pid] = servers(os.getpid())
            os.kill(pid, signal.SIGSTOP)
            while servers(os.getpid()) in ([pid], []):
                await trio.sleep(0.01)
            async with httpx.AsyncClient(headers=bearer(), timeout=30) as client:
                body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
                answer = await client.post(f"{made.url}/v1/hunts/harbour/clicks", json=body)
                assert answer.status_code == 200
            await made.supervisor.drain()


async def test_processes_that_die_at_once_are_given_up(tmp_path: Path) -> None:
    counter = tmp_path / "starts"
    program = f"open({str(counter)!r}, 'a').write('x'); raise SystemExit(7)"
    given = Settings(database_url="unused", data_dir=tmp_path, processes=1)
    async with supervised(given, [sys.executable, "-c", program]) as made:
        with pytest.RaisesGroup(HuntError, flatten_subgroups=True) as error:
            with trio.fail_after(60):
                await made.supervisor.run()
    assert "keep failing" in str(error.value.exceptions[0])
    assert counter.read_text() == "x" * GIVE_UP


async def test_wrong_setting_is_reported_once(database: str, tmp_path: Path) -> None:
    given = Settings(database_url=database, data_dir=tmp_path, processes=1)
    async with supervised(given) as made:
        with pytest.RaisesGroup(SettingsError, flatten_subgroups=True) as error:
            with trio.fail_after(60):
                await made.supervisor.run()
    assert "HUNT_JWT_SECRET" in str(error.value.exceptions[0])


async def test_systemd_hears_of_it_all(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        heard: list[str] = []
        stream = trio.socket.from_stdlib_socket(listener)

        async def listen() -> None:
            while True:
                heard.extend((await stream.recv(4096)).decode().split("\n"))

        port = free_port()
        arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", "1"]
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        start = partial(
            running, [*arguments, "--data-dir", str(tmp_path / "d")], f"http://127.0.0.1:{port}"
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            async with start(environ) as server:
                await until(lambda: {"READY=1", "WATCHDOG=1"} <= set(heard))
                server.send(signal.SIGHUP)
                await until(lambda: "RELOADING=1" in heard and heard.count("READY=1") == 2)
                server.send(signal.SIGTERM)
                assert await server.wait() == 0
                await until(lambda: "STOPPING=1" in heard)
            nursery.cancel_scope.cancel()


async def test_address_in_use_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = await trio.run_process(
            [*HUNT, "serve", "--bind", bind, "--data-dir", str(tmp_path / "d")],
            capture_stderr=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"cannot listen on {bind}" in done.stderr.decode()
