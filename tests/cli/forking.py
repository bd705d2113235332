"""Commands as real processes, many in a short time: forked from one that has imported all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.measuring import unmeasured

SECONDS = 60


@dataclass(frozen=True)
class Done:
    """The result of a command."""

    status: int | None  #: exit status, negative for a signal; None if it did not end in time
    out: str
    err: str


class Forker:
    """Runs ``hunt`` in forks of one process."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = process, folder
        self._count = 0

    def run(
        self,
        arguments: Sequence[str | bytes],
        environ: Mapping[str, str] | None = None,
        *,
        cwd: str = "/",
        out: str | None = None,
        uid: int | None = None,
        signal_after: str | None = None,
        limit: float = SECONDS,
        before: str = "",
        teardown: bool = False,
    ) -> Done:
        """Run a command to its end.

        Args:
            arguments: Arguments of ``hunt``.
            environ: Its ``HUNT_`` variables, and replacements of other variables.
            cwd: The working directory.
            out: Target of standard output: a path, ``closed``, or ``gone`` for a pipe that
                nobody reads; None: a file that the result is read from.
            uid: The user, where this process is root.
            signal_after: Send SIGINT to the process group once this is in its output.
            limit: Seconds after which the command is killed.
            before: Python that is run in the process first.
            teardown: End with the teardown of the interpreter, which takes 80 milliseconds.
        """
        self._count += 1
        stdout, stderr = (self._folder / f"{self._count}.{each}" for each in ("out", "err"))
        asked = {
            "arguments": [os.fsdecode(each) for each in arguments],
            "environ": dict(environ or {}), "cwd": cwd, "out": out, "uid": uid,
            "signal_after": signal_after, "limit": limit, "before": before,
            "teardown": teardown,
            "stdout": str(stdout), "stderr": str(stderr),
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        status = json.loads(self._process.stdout.readline())
        read = [
            each.read_text(errors="replace") if each.exists() else "" for each in (stdout, stderr)
        ]
        return Done(status, *read)


@contextmanager
def forker(*, measured: bool = False) -> Iterator[Forker]:
    """Yield a process to fork from.

    Args:
        measured: Measure the coverage of commands, which takes 80 milliseconds each.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
    with tempfile.TemporaryDirectory(prefix="hunt-cli-") as folder:
        os.chmod(folder, 0o711)
        kept["XDG_DATA_HOME"] = folder  # where a server keeps its data unless it is told
        if not measured:
            kept = unmeasured(kept)
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forked.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept,
        ) as process:
            try:
                yield Forker(process, Path(folder))
            finally:
                process.stdin.close()  # type: ignore[union-attr]
                process.wait(SECONDS)
