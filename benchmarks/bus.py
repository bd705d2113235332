"""NOTIFY and Valkey side by side: commits, delivery on another node, CPU of PostgreSQL.

    python -m benchmarks.bus [--nodes 1,4,8] [--hunts 1,100] [--seconds 3] [--rounds 1]

A node is a process with hunt's own services, without HTTP. At first all nodes together keep
`--callers` commits of one click each in flight, on hunts chosen at random: commits/s and CPU.
Then they commit 60 clicks a second: delivery is the time from the settlement in the database to
the frame at the stream, of clicks that another node committed. With one hunt each node has a
stream of it; with more, a hunt has a stream on one node.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trio

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import database
from hunt.bench.process_usage import ServerProcesses
from hunt.core.definition import Definition
from hunt.core.events import Click
from hunt.core.maps import Map
from hunt.core.tokens import Identity
from hunt.engine import Engine, open_engine
from hunt.logs import configure
from hunt.service.subscriber import Frame, Reason, Subscription
from hunt.settings import Settings
from hunt.store import schema
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.support.valkey import Valkey

#: Commits per second of all nodes together, while the delivery is measured.
RATE = 60.0

BUSES = ("NOTIFY", "Valkey")


@dataclass(frozen=True)
class Job:
    """The work of one node."""

    number: int
    nodes: int
    hunts: int
    callers: int
    seconds: float
    database: str
    bus: str | None


@dataclass(eq=False)  # the hub hashes it
class Stream:
    """Records the delays of events of other nodes."""

    own: str  #: x coordinate of the clicks of this node
    late: list[float] = field(default_factory=list)  #: seconds

    def offer(self, frame: Frame) -> bool:
        data = json.loads(frame.sse[frame.sse.index(b"data: ") + 6 :])
        if str(int(data["x"])) != self.own:
            at = datetime.fromisoformat(data["at"])
            self.late.append((datetime.now(UTC) - at).total_seconds())
        return True

    def waiting(self) -> int:
        return 0

    def close(self, reason: Reason) -> None:
        pass


async def commit(engine: Engine, job: Job, callers: int, *, pause: float) -> int:
    """Make commits of one click each for the time of the job; return their number."""
    ends, count = trio.current_time() + job.seconds, 0

    async def call() -> None:
        nonlocal count
        while trio.current_time() < ends:
            hunt = f"hunt-{random.randrange(job.hunts)}"
            click = Click(str(uuid.uuid4()), "ada", float(job.number), 1.0, None, 0)
            await engine.commits.commit(hunt, [click], lambda: None)
            count += 1
            await trio.sleep(pause)

    async with trio.open_nursery() as nursery:
        for _ in range(callers):
            nursery.start_soon(call)
    # Reported before the slow part, so that its CPU does not count.
    if not pause:
        os.write(1, b"done\n")
        await trio.to_thread.run_sync(sys.stdin.readline)
    return count


async def be_node(job: Job) -> None:
    """Commit, record deliveries, and print the figures."""
    settings = Settings(
        database_url=job.database, bus_url=job.bus, jwt_secret=(b"x" * 32,), pool_size=16,
        breaker_slow=60.0, log_level="error",
    )  # fmt: skip
    configure(settings)  # logs go to standard error
    stream = Stream(str(job.number))
    async with open_engine(settings) as engine:
        identity = Identity("ada", None, False, 4e9, None)
        for hunt in range(job.hunts):
            if job.hunts == 1 or hunt % job.nodes == job.number:
                # A subscriber stands for one stream, so each hunt has its own.
                part = Stream(stream.own, stream.late)
                engine.streams.hub._per_player = 10**6  # ruff: ignore[private-member-access]
                engine.streams.hub.add(Subscription(f"hunt-{hunt}", identity), part)
        await trio.sleep(1.5)  # until the bus is connected
        os.write(1, b"ready\n")
        await trio.to_thread.run_sync(sys.stdin.readline)
        commits = await commit(engine, job, job.callers, pause=0.0)
        await trio.sleep(0.5)
        stream.late.clear()  # of a saturated machine, they say how long the queues were
        await commit(engine, job, 1, pause=job.nodes / RATE)
        await trio.sleep(0.5)
        os.write(1, json.dumps({"commits": commits, "late": stream.late}).encode() + b"\n")
        await trio.to_thread.run_sync(sys.stdin.readline)


async def prepare(conninfo: str, hunts: int) -> None:
    """Make the schema and open hunts."""
    async with await Connection.connect(conninfo, autocommit=True) as conn:
        await schema.migrate(conn)
    async with open_pool(conninfo, size=1) as pool:
        made = Hunts(pool)
        for number in range(hunts):
            one = Definition(f"hunt-{number}", "Hunt", Map.sized(100, 100), None, None, 0.0, ())
            await made.apply(one, seed=os.urandom(32), actor="benchmark")
            await made.open(one.id)


@contextmanager
def nodes(jobs: Sequence[Job]) -> Iterator[list[subprocess.Popen[str]]]:
    """Run the nodes; yield them once each is ready."""
    made = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bus", "--job", json.dumps(asdict(job))],
            cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for job in jobs
    ]  # fmt: skip
    try:
        for each in made:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        yield made
    finally:
        for each in made:
            each.kill()
            each.communicate()


def tell(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Tell all nodes to go on."""
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()


def hear(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Return the next line of each node."""
    lines = []
    for each in processes:
        assert each.stdout is not None
        lines.append(each.stdout.readline())
    return lines


def measure(db: database.Database, jobs: Sequence[Job]) -> dict[str, float | None]:
    """Let all nodes work at the same time; return the figures."""
    db.settle()
    with nodes(jobs) as processes:
        usage = ServerProcesses([each.pid for each in processes], db.pid)
        before = usage.usage()
        tell(processes)
        hear(processes)
        after = usage.usage()
        tell(processes)
        found = [json.loads(each) for each in hear(processes)]
    commits = sum(each["commits"] for each in found)
    late = sorted(value for each in found for value in each["late"])
    assert before.postgres is not None
    assert after.postgres is not None
    return {
        "commits": commits / jobs[0].seconds,
        "p50": late[len(late) // 2] * 1000 if late else None,
        "p99": late[int(len(late) * 0.99)] * 1000 if late else None,
        "postgres": (after.postgres - before.postgres) * 1e6 / max(commits, 1),
        "nodes": (after.server - before.server) * 1e6 / max(commits, 1),
    }


def row(names: tuple[int, int, str], figures: dict[str, float | None]) -> str:
    """Return a line of the table."""
    said = [f"{figures['commits']:,.0f}"]
    said += [f"{figures[name]:.1f} ms" if figures[name] else "-" for name in ("p50", "p99")]
    said += [f"{figures[name]:,.0f} us" for name in ("postgres", "nodes")]
    return f"| {' | '.join([*map(str, names), *said])} |"


async def compare(arguments: argparse.Namespace, folder: Path, db: database.Database) -> None:
    """Print the table."""
    valkey = Valkey(folder / "valkey")
    await valkey.start()
    try:
        print("| nodes | hunts | bus | commits/s | delivery p50 | p99 "
              "| PostgreSQL, CPU a commit | nodes, CPU a commit |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for hunts in arguments.hunts:
            own = db.create(f"hunts_{hunts}")
            await prepare(own.conninfo, hunts)
            for count in arguments.nodes:
                rounds: dict[str, list[dict[str, float | None]]] = {name: [] for name in BUSES}
                for _ in range(arguments.rounds):
                    for name in BUSES:
                        jobs = [
                            Job(number, count, hunts, max(arguments.callers // count, 1),
                                arguments.seconds, own.conninfo,
                                valkey.url if name == "Valkey" else None)
                            for number in range(count)
                        ]  # fmt: skip
                        rounds[name].append(measure(own, jobs))
                for name, results in rounds.items():
                    results.sort(key=lambda each: each["commits"] or 0)
                    print(row((count, hunts, name), results[len(results) // 2]), flush=True)
    finally:
        valkey.stop()


def main() -> None:
    """Run the benchmark, or one of its nodes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def numbers(text: str) -> list[int]:
        return [int(each) for each in text.split(r",")]

    parser.add_argument("--nodes", type=numbers, default=[1, 4, 8])
    parser.add_argument("--hunts", type=numbers, default=[1, 100])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job is not None:
        trio.run(be_node, Job(**json.loads(arguments.job)))
        return
    with tempfile.TemporaryDirectory(prefix="hunt-bus-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with database.started(folder / "data") as db:
            trio.run(compare, arguments, folder, db)


if __name__ == "__main__":
    main()
