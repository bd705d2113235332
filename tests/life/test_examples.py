"""The hunt files of ``examples/``, applied, opened and played on a real server."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from tests.examples.arena import Arena, Outcome, arena
from tests.examples.compressed import Example, examples

PLAYERS = 1000
CLICKS = 2  #: of each player
SECONDS = 20.0


@pytest.fixture
def folder(unmeasured: None) -> Iterator[Path]:
    """Yield a folder that the user of PostgreSQL can enter."""
    with tempfile.TemporaryDirectory(prefix="hunt-examples-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def test_examples_keep_their_plans_when_they_are_played(folder: Path) -> None:
    """All at once, so that the test takes the time of one."""
    wanted = [each for each in examples() if each.name != "advent, door 1"]
    found: dict[str, Outcome] = {}

    async def play(stage: Arena, example: Example, number: int) -> None:
        found[example.name] = await stage.play(
            replace(example, clicks=CLICKS),
            players=PLAYERS,
            seconds=SECONDS,
            seed=number,
            stocks_for=PLAYERS // 3,  # so that chance seldom leaves a unit of the plan
        )

    async with arena(folder) as stage:
        for path in dict.fromkeys(each.path for each in wanted):
            await stage.apply(path)
        async with trio.open_nursery() as nursery:
            for number, example in enumerate(wanted):
                nursery.start_soon(play, stage, example, number)

    for example in wanted:
        outcome = found[example.name]
        assert outcome.violations == [], example.name
        assert outcome.statuses[200] > 0.8 * CLICKS * PLAYERS, outcome.statuses
        assert outcome.hours
        late = [each for each in outcome.hours if not each.is_followed]
        assert late == [], (example.name, outcome.late)
