"""PostgreSQL's CPU of a click by the rules of its hunt: `hunt_commit` alone, without a server.

    python -m benchmarks.settlement [--batch 64,256] [--clicks 4096] [--rounds 5]

Each hunt has one rule more than the first, or all of them.  The hunts take turns, so that a
second load on the machine meets all.  No limit is reached, and no player clicks twice in one
batch.  CPU is in microseconds a click, of the backend that commits.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import uuid
from dataclasses import replace
from importlib import resources
from pathlib import Path
from statistics import median

import trio

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import database, output
from benchmarks.rules import with_rules
from hunt.core.definition import Definition
from hunt.core.events import Click
from hunt.core.hunt_file import parse
from hunt.store import schema
from hunt.store.driver.connection import Connection
from hunt.store.driver.pool import Pool, open_pool
from hunt.store.hunts import Hunts
from hunt.store.log import Log

PLAYERS = [f"player-{number}" for number in range(2000)]

#: Share of the clicks that draw each prize of the demo hunt, about as its odds say.
DRAWS = {None: 0.597, "shell": 0.25, "gold-coin": 0.1, "compass": 0.04, "lantern": 0.013}


def hunts() -> dict[str, Definition]:
    """Return hunts by the name of their rule."""
    text = resources.files("hunt").joinpath("harbour.toml").read_text("utf-8")
    text = text.replace("stock = 500\n", "stock = 1000000\n")
    text = text.replace("per_player = 3\n", "per_player = 1000000\n")
    demo = parse(text.replace("stock = 10000\n", "stock = 1000000\n"))
    every = parse(with_rules(text))
    found = {
        "none": demo,
        "attempts": replace(demo, attempts=every.attempts, timezone=every.timezone),
        "max_wins": replace(demo, max_wins=every.max_wins),
        "prizes": replace(every, attempts=None, max_wins=None),
        "all": every,
        "max_speed": replace(demo, max_speed=1e9),
        "all, max_speed": replace(every, max_speed=1e9),
        "cooldown": replace(demo, cooldown=1e-6),
    }
    return {
        name: replace(each, id=f"hunt-{number}")
        for number, (name, each) in enumerate(found.items())
    }


def batch(size: int, draw: random.Random) -> list[Click]:
    """Return new clicks of different players."""
    prizes = draw.choices([*DRAWS], [*DRAWS.values()], k=size)
    return [
        Click(str(uuid.UUID(int=draw.getrandbits(128))), player, 100 * draw.random(),
              100 * draw.random(), prize, 5 if prize else 0)
        for player, prize in zip(draw.sample(PLAYERS, size), prizes, strict=True)
    ]  # fmt: skip


def cpu(pid: int) -> float:
    """Return the seconds for which a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[0]) / 1e9


async def backend(pool: Pool) -> int:
    """Return the process id of the only backend of a pool."""
    async with pool.connection() as conn:
        row = await (await conn.execute("select pg_backend_pid()")).fetchone()
    assert row is not None
    pid: int = row[0]
    return pid


async def measure(options: argparse.Namespace, conninfo: str) -> list[list[str]]:
    """Return the rows of the table: one for each hunt and size of batches."""
    async with await Connection.connect(conninfo, autocommit=True) as conn:
        await schema.migrate(conn)
    wanted = hunts()
    draw = random.Random(1)
    rows = []
    async with open_pool(conninfo, size=1) as pool:
        for each in wanted.values():
            await Hunts(pool).open_new(each, seed=os.urandom(32), actor="benchmark")
        pid = await backend(pool)
        for size in options.batch:
            found: dict[str, list[float]] = {name: [] for name in wanted}
            for name in [*wanted] * (options.rounds + 1):
                batches = [batch(size, draw) for _ in range(options.clicks // size)]
                log = Log(pool, by="benchmark")
                before = cpu(pid)
                for clicks in batches:
                    await log.append(wanted[name].id, clicks)
                found[name].append((cpu(pid) - before) / (len(batches) * size) * 1e6)
            least = found["none"][1:]
            for name, (_, *figures) in found.items():  # the first round fills caches
                ratio = median(new / old for new, old in zip(figures, least, strict=True))
                rows.append([name, str(size), f"{median(figures):.1f}", f"{ratio:.2f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = lambda text: [int(each) for each in text.split(",")]  # ruff: ignore[lambda-assignment]
    parser.add_argument("--batch", type=sizes, default=[64, 256], metavar="N,N")
    parser.add_argument("--clicks", type=int, default=4096, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    output.options(parser)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder,
        database.started(Path(folder)) as postgres,
    ):
        rows = trio.run(measure, options, postgres.conninfo)
    head = ["rule", "batch", "us a click", "ratio"]
    output.table("PostgreSQL's CPU of hunt_commit", [head, *rows], options)


if __name__ == "__main__":
    main()
