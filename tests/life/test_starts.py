"""Starts of `hunt serve`: several at once, and failed ones."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
import trio

from hunt.errors import HuntError
from hunt.settings import Settings
from tests.life.supervised import supervised
from tests.support.processes import (
    HUNT,
    HYPERCORN,
    Server,
    environment,
    free_port,
    player,
    running,
    until,
)


def serve(data_dir: Path, port: int) -> list[str]:
    options = ["--data-dir", str(data_dir), "--processes", "1"]
    return [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", *options]


@pytest.mark.parametrize("attempt", range(3))
async def test_three_first_starts_at_once_all_serve(attempt: int, tmp_path: Path) -> None:
    started: list[Server] = []
    finished = trio.Event()

    async def start(port: int) -> None:
        arguments = serve(tmp_path / "data", port)
        async with running(arguments, f"http://127.0.0.1:{port}") as server:
            started.append(server)
            await finished.wait()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(start, free_port())
        await until(lambda: len(started) == 3, seconds=90)
        seqs = []
        for server in started:
            async with player(server.url) as ada:
                answer = await ada.click(server.url)
                assert answer.status_code == 200
                seqs.append(answer.json()["seq"])
        assert seqs == [1, 2, 3], "one log"
        finished.set()


BROKEN = """
from hunt import edge
from hunt.application import Application
from hunt.errors import HuntError, SettingsError
from hunt.logs import configure
from hunt.settings import Settings

def broken():
    configure(Settings())
    raise {error}

edge.install()
app = Application(broken)
"""


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("RuntimeError('a defect')", 1),
        ("ExceptionGroup('', [RuntimeError('a defect')])", 1),
        ("BaseExceptionGroup('', [RuntimeError('a defect'), GeneratorExit()])", 1),
        ("HuntError('a defect')", 1),
        ("SettingsError('a defect')", 2),
    ],
)
async def test_failed_start_ends_hypercorn_with_one_sentence(
    error: str, status: int, workers: int, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text(BROKEN.format(error=error))
    with trio.fail_after(60):
        done = await trio.run_process(
            [*HYPERCORN, "-w", str(workers), "-b", f"127.0.0.1:{free_port()}", "broken:app"],
            cwd=tmp_path,
            env=environment({"HUNT_LOG_FORMAT": "json"}),
            capture_stderr=True,
            check=False,
        )
    # With workers, Hypercorn's command forgets their status (docs/reference/traps.md, H7), or
    # returns that of a worker that it ended before it could handle signals.
    lost = {0, 256 - signal.SIGTERM} if workers else set()
    assert done.returncode in {status, *lost}
    said = [line for line in done.stderr.decode().splitlines() if "a defect" in line]
    # Hypercorn ends the other workers when one has ended, perhaps before they log the reason.
    assert 1 <= len(said) <= max(workers, 1)
    assert "\nTraceback" not in done.stderr.decode()


async def test_hypercorn_without_a_database_reports_it_once(tmp_path: Path) -> None:
    with trio.fail_after(60):
        done = await trio.run_process(
            [*HYPERCORN, "-w", "0", "-b", f"127.0.0.1:{free_port()}", "hunt.asgi:app"],
            cwd=tmp_path,
            env=environment(),
            capture_stderr=True,
            check=False,
        )
    assert done.returncode == 2
    said = done.stderr.decode()
    assert said.count("HUNT_DATABASE_URL is not set") == 1
    assert "Traceback" not in said


#: Applications that do not start: the code that makes one, and the reported reason.
UNSTARTED = {
    "a defect at the start": (
        "from hunt.application import Application; app = lambda: Application(broken)",
        "unexpected RuntimeError: see the log",
    ),
    "an application without a lifespan": (
        "app = lambda: broken",
        "the application did not start",
    ),
}


@pytest.mark.parametrize("what", UNSTARTED)
async def test_process_that_cannot_serve_never_counts_as_started(what: str, tmp_path: Path) -> None:
    application, reason = UNSTARTED[what]
    program = (
        "from hunt.processes import fork_main\n"
        "def broken(*args): raise RuntimeError('postgresql://hunt:pass-word@db/hunt')\n"
        f"{application}\n"
        "fork_main.main(lambda: lambda settings, slot: app())\n"
    )
    given = Settings(
        database_url="postgresql://hunt:pass-word@db/hunt", data_dir=tmp_path, processes=1
    )
    async with supervised(given, [sys.executable, "-c", program]) as made:
        with pytest.RaisesGroup(HuntError, flatten_subgroups=True) as error:
            with trio.fail_after(120):
                await made.supervisor.run()
    assert not made.opened.is_set()
    said = str(error.value.exceptions[0])
    assert "keep failing" in said
    assert said.endswith(f": {reason}"), "it ended for the reason that this test is about"
    assert "pass-word" not in said
