"""The process from which `tests.cli.forking` forks commands: it reads one JSON request per line."""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import coverage

from hunt.__main__ import main
from hunt.cli import COMMANDS, worker

POLL = 0.02  # seconds between two checks of a command's output


def child(asked: dict[str, Any]) -> None:
    """Run the command in this forked process, which then ends as that of ``hunt`` does."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(asked["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    if asked["out"] == "closed":
        os.close(1)
        sys.stdout = None  # type: ignore[assignment]
    elif asked["out"] == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    else:
        to = asked["out"] or asked["stdout"]
        os.dup2(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.environ.update(asked["environ"])
    for name in [name for name, value in os.environ.items() if value == "(unset)"]:
        del os.environ[name]
    os.chdir(asked["cwd"])
    sys.argv = ["hunt", *asked["arguments"]]
    exec(asked["before"], {"os": os, "sys": sys})
    if asked["uid"] is not None:
        measure_no_more()
        os.setgroups([])
        os.setgid(asked["uid"])
        os.setuid(asked["uid"])
    if not asked["teardown"]:
        end_at_once(main)
    main()


def end_at_once(run: Callable[[], None]) -> NoReturn:
    """Run a command; end without the interpreter's teardown, which takes most of its time.

    The teardown writes to all memory that this process shares with its parent.
    """
    status = 0
    try:
        run()
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def measure_no_more() -> None:
    """Stop the coverage measurement: another user cannot write its file."""
    if (measurement := coverage.Coverage.current()) is not None:
        measurement.stop()
        atexit.unregister(measurement._atexit)


def parent(pid: int, asked: dict[str, Any]) -> int | None:
    """Wait for the command; return its exit status."""
    end, fd = time.monotonic() + asked["limit"], os.pidfd_open(pid)
    told = asked["signal_after"] is None
    try:
        while time.monotonic() < end:
            if not told:
                said = b"".join(_read(asked[name]) for name in ("stdout", "stderr"))
                if asked["signal_after"].encode() in said:
                    os.killpg(pid, signal.SIGINT)
                    told = True
            if select.select([fd], [], [], POLL)[0]:
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    finally:
        os.close(fd)
    return None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return b""


for each in (
    "encodings.idna",
    "encodings.ascii",
    "httpx",
    "httpcore._async.http11",
    "httpx._transports.default",
    "trio_websocket",
    "anyio._backends._trio",
    "hunt.processes.fork_main",
):
    import_module(each)  # while this user can read it
for each in COMMANDS:
    import_module(f"hunt.cli.{each.replace('-', '_')}")
worker.load()  # with the pages and files, which `hunt serve` reads before it forks
gc.collect()
gc.freeze()  # otherwise each fork copies the pages that the collector touches
while line := sys.stdin.buffer.readline():
    request = json.loads(line)
    if (pid := os.fork()) == 0:
        break
    with suppress(PermissionError, ProcessLookupError):  # it has done so, or has ended
        os.setpgid(pid, pid)
    print(json.dumps(parent(pid, request)), flush=True)
else:
    sys.exit(0)
child(request)
