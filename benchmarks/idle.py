"""Memory of an idle node, and the time to replace its workers.

    python -m benchmarks.idle [--processes 2,8] [--python PATH] [--json | --markdown]

Memory is the proportional set size (PSS): a page that several processes share counts in equal
parts to each. PostgreSQL is not included. `--python` names the Python of another environment
with hunt, such as one without the packages of the tests, which take memory by being there.

`again_ms` is the median of five times: from the kill of a worker until its successor answers.
`restart_s` is the time from SIGHUP until all workers are new and the old ones have ended.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench.figure_table import Columns
from hunt.bench.process_usage import process_table

COLUMNS: Columns = {
    "workers": ("workers", 0),
    "supervisor_mib": ("supervisor MiB", 1),
    "fork_server_mib": ("fork server MiB", 1),
    "worker_mib": ("each worker MiB", 1),
    "all_mib": ("all MiB", 1),
    "again_ms": ("replaced after ms", 0),
    "restart_s": ("restart s", 1),
}

#: Kills of a worker.
TIMES = 5

#: Seconds for an idle node to come to rest.
REST = 5.0


def named(supervisor: int, name: str) -> set[int]:
    """Return the children of the supervisor with this name."""
    found = set()
    for pid, process in process_table().items():
        try:
            if process.parent == supervisor and comm(pid) == name:
                found.add(pid)
        except OSError:
            continue  # it has just ended
    return found


def comm(pid: int) -> str:
    """Return the name of a process."""
    return Path(f"/proc/{pid}/comm").read_text("utf-8").rstrip()


def pss(pid: int) -> float:
    """Return the proportional set size of a process in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the kernel does not tell the proportional set size")


def replaced_after(supervisor: int, folder: Path) -> float:
    """Kill a worker; return the seconds until its successor answers at its own socket."""
    before = set(folder.glob("*-*"))
    os.kill(named(supervisor, "hunt-worker").pop(), signal.SIGKILL)
    began = time.perf_counter()
    last = began + serving.PATIENCE
    while time.perf_counter() < last:
        for path in set(folder.glob("*-*")) - before:
            if answers(path):
                return time.perf_counter() - began
        time.sleep(0.001)
    raise SystemExit("no worker was started")


def answers(path: Path) -> bool:
    """Return whether a worker answers at its socket that it lives."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(1.0)
        try:
            sock.connect(str(path))
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: hunt\r\nConnection: close\r\n\r\n")
            return sock.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def restart(supervisor: int) -> float:
    """Restart all workers; return the seconds until the old ones have ended."""
    before = named(supervisor, "hunt-worker")
    began = time.perf_counter()
    os.kill(supervisor, signal.SIGHUP)
    last = began + serving.PATIENCE
    while time.perf_counter() < last:
        now = named(supervisor, "hunt-worker")
        if not now & before and len(now) == len(before):
            return time.perf_counter() - began
        time.sleep(0.01)
    raise SystemExit("the restart did not end")


def measure(workers: int) -> dict[str, float]:
    """Return the figures of a node with so many workers."""
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        flags = ["--processes", str(workers), "--data-dir", folder]
        with serving.hunt(flags, {}) as (_, supervisor):
            wait_for_workers(supervisor, workers)
            time.sleep(REST)
            own = pss(supervisor)
            fork_server = sum(map(pss, named(supervisor, "hunt-fork")))
            serving_mib = [pss(pid) for pid in named(supervisor, "hunt-worker")]
            times = []
            for _ in range(TIMES):
                times.append(replaced_after(supervisor, Path(folder) / "run"))
                wait_for_workers(supervisor, workers)
                time.sleep(REST)  # else it has failed early, and its successor waits
            return {
                "workers": workers,
                "supervisor_mib": own,
                "fork_server_mib": fork_server,
                "worker_mib": median(serving_mib),
                "all_mib": own + fork_server + sum(serving_mib),
                "again_ms": 1000 * median(times),
                "restart_s": restart(supervisor),
            }


def wait_for_workers(supervisor: int, number: int) -> None:
    """Return once all workers run."""
    last = time.monotonic() + serving.PATIENCE
    while len(named(supervisor, "hunt-worker")) < number:
        if time.monotonic() > last:
            raise SystemExit("the workers did not start")
        time.sleep(0.01)


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    numbers = lambda text: [int(each) for each in text.split(",")]  # ruff: ignore[lambda-assignment]
    parser.add_argument("--processes", type=numbers, default=[2, 8], metavar="N,N")
    parser.add_argument("--python", default=sys.executable, metavar="PATH")
    options = parser.parse_args()
    serving.HUNT[0] = options.python
    rows = [measure(workers) for workers in options.processes]
    output.show("an idle node", COLUMNS, rows, options)


if __name__ == "__main__":
    main()
