"""``python -m tests.faults.soak [MINUTES]``: mixed traffic with random faults."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import trio

from hunt.testing.checks import bounded, report
from tests.faults import play, rig
from tests.faults.script import Script, Step
from tests.support import reaper

#: The possible faults, and their durations in seconds.
FAULTS = (
    ("terminate_idle", 0.0),
    ("terminate_active", 0.0),
    ("lose_answers", 0.0),
    ("freeze", 4.0),
    ("freeze_backend", 2.0),
    ("kill_postgres", 1.0),
    ("read_only", 1.5),
    ("deadlock", 0.0),
    ("hold_lock", 1.0),
    ("slow_database", 2.0),
    ("slice_database", 1.0),
    ("reset_database", 0.0),
    ("lose_notices", 3.0),
    ("reset_clients", 0.0),
    ("cut_clients", 3.0),
    ("slow_clients", 2.0),
    ("kill_process", 0.0),
    ("stop_process", 2.0),
    ("restart", 0.0),
)

#: Minimum time between two faults, and time between two measurements of usage, in seconds.
PAUSE, LOOK = 8.0, 20.0

#: Accepted growth from the first measurements to the last ones, with all players present.
SLACK = {"descriptors": 24, "connections": 24, "tasks": 24, "memory": 30e6}


def script(minutes: float, seed: int) -> Script:
    """Return a run of this many minutes."""
    chance = random.Random(seed)
    seconds = minutes * 60
    steps = []
    at = 5.0
    while at < seconds - 10:
        name, lasts = chance.choice(FAULTS)
        steps.append(Step(fault=name, at=round(at, 1), lasts=lasts, calm=True))
        at += PAUSE * (1 + chance.random())
    looks = range(4, int(seconds), int(LOOK))
    steps += [Step(fault="sample", at=at, calm=True) for at in looks]
    return Script(
        name="soak",
        row="an hour of everything",
        steps=sorted(steps, key=lambda step: step.at),
        seed=seed,
        seconds=seconds,
        pause=0.15,
        hasty=0.02,
    )


def growth(samples: Sequence[dict[str, float]]) -> list[str]:
    """Return the growth from the first to the last third of the measurements, as sentences."""
    third = max(len(samples) // 3, 1)
    first, last = (
        {name: statistics.median(each[name] for each in part) for name in samples[0]}
        for part in (samples[:third], samples[-third:])
    )
    print(f"used in the first third: {first}\nused in the last third:  {last}")
    return [str(each) for each in bounded(first, last, SLACK)]


async def soak(given: Script, template: Path) -> list[str]:
    """Run it, and return the violations."""
    async with rig.built(given, template) as made:
        result = await play.play(made)
    shown = {name: round(value, 3) for name, value in result.figures.items()}
    print(f"{dict(result.statuses)}\n{shown}\n{report(result.violations)}")
    return [*result.failures, *growth(made.samples)]


@click.command()
@click.argument("minutes", type=float, default=60.0)
@click.option("--seed", type=int, help="Of the faults and of the clients' choices.")
def main(minutes: float, seed: int | None) -> None:
    """Play for MINUTES, with a fault every few seconds."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    given = script(minutes, seed)
    print(f"python -m tests.faults.soak {minutes:g} --seed {seed}: {len(given.steps)} steps")
    reaper.hold()
    with tempfile.TemporaryDirectory(prefix="hunt-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        template = trio.run(rig.prepare, Path(folder, "template")) / "postgresql"
        wrong = trio.run(soak, given, template)
    for each in wrong:
        print(f"FAILED: {each}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
