"""Ctrl-C while a command waits."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.cli.forking import Forker
from tests.cli.recipes import (
    DEMO,
    RECIPES,
    UNREACHABLE,
)
from tests.support.serving import SECRET

INTERRUPT = (
    "import signal; signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGINT));"
    "signal.setitimer(signal.ITIMER_REAL, 0.5)"
)


@pytest.fixture
def silent() -> Iterator[int]:
    """Yield a port that accepts connections and never sends anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", DEMO, "--clicks", str(10**9)],
        ["click", "harbour", "--url", "URL", "--token", "x"],
        ["watch", "harbour", "--url", "URL", "--token", "x"],
        ["bench", "clicks", "--url", "URL"],
        ["migrate"],
        ["doctor"],
    ],
    ids=["simulate", "click", "watch", "bench", "migrate", "doctor"],
)
def test_interrupted_command_prints_one_line(
    arguments: list[str], forks: Forker, silent: int
) -> None:
    """Each command waits: for a long game, for a server, or for a database that does not answer."""
    given = [each.replace("URL", f"http://127.0.0.1:{silent}") for each in arguments]
    environ = {
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_DATABASE_URL": f"host=127.0.0.1 port={silent} connect_timeout=50",
    }
    done = forks.run(given, environ, before=INTERRUPT, teardown=True)
    assert (done.status, done.err.strip()) == (130, "hunt: interrupted"), done


def test_interrupted_server_ends_without_a_traceback(forks: Forker) -> None:
    environ = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_DATABASE_URL": UNREACHABLE}
    environ |= {"HUNT_LOG_FORMAT": "json"}
    said = "database not reachable, retrying"
    done = forks.run(["serve", *RECIPES["serve"]], environ, signal_after=said, teardown=True)
    assert done.status == 130, done
    assert "Traceback" not in done.err, done
    line = next(json.loads(each) for each in done.err.splitlines() if said in each)
    assert {"sqlstate", "error"} <= line.keys()
