"""Plays a row: the site, the crowd of players behind HAProxy, the event, and the oracle."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import trio

from hunt.testing.checks import Violation
from hunt.testing.history import History
from hunt.testing.oracle import check_history
from tests.faults import http, players
from tests.faults import play as faults
from tests.faults.figures import figures, statuses
from tests.faults.players import Crowd
from tests.faults.rig import Rig
from tests.faults.script import Script
from tests.support import certificates
from tests.zones.network import network
from tests.zones.rows import Row
from tests.zones.site import running

#: Violation that the oracle reports of a click that HAProxy has sent to a second node: its player
#: saw only the second answer, which is marked as a duplicate.  That is intended.
REPEATED = "a first answer is marked as a duplicate"


@dataclass
class Result:
    """The result of a row."""

    row: Row
    streams: int
    violations: list[Violation]
    figures: dict[str, float]
    statuses: Counter[str]
    gave_up: list[str]

    @property
    def failures(self) -> list[str]:
        """Return violations, conditions that were never met, and missed bounds."""
        found = [*map(str, self.violations), *self.gave_up]
        if self.figures["recovered"] > self.row.recovered:
            found.append(f"recovered after {self.figures['recovered']:.1f} s")
        return found


async def play(row: Row, template: Path, *, people: int, listeners: int, seed: int) -> Result:
    """Play one row.

    Args:
        row: The row.
        template: A cluster with the schema.
        people: Number of players.
        listeners: Streams of each player.
        seed: Seed of the players' choices.
    """
    script = Script(
        name=row.name, row=row.says, players=people, listeners=listeners, pause=0.5, within=6.0
    )
    with network() as zones, tempfile.TemporaryDirectory(prefix="hunt-zones-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with running(zones, folder, template, clocks=row.clocks) as site:
            http.TLS[site.port] = certificates.client("http/1.1")
            crowd = Crowd(
                History(), [site.port], [site.port], random.Random(seed), pause=script.pause,
                # HAProxy repeats a click with an unknown outcome (504) at another node, which may
                # refuse it (503).  So players never take a refusal for the outcome.
                fickle=0.0,
            )  # fmt: skip
            rig = Rig(script, folder, site.primary, crowd, site.standby)
            async with trio.open_nursery() as listening:
                rig.nursery = listening
                faults.listen(rig, listening)
                with trio.fail_after(60):
                    while not all(crowd.connected.values()):
                        await trio.sleep(0.1)
                crowd.forget_streams()
                rig.began = trio.current_time()
                async with trio.open_nursery() as clicking:
                    faults.start_clicking(rig, clicking)
                    await trio.sleep(2.0)
                    rig.struck = trio.current_time()
                    crowd.mark(f"{row.name} begins")
                    async with row.event(site):
                        await trio.sleep(row.lasts)
                    crowd.mark(f"{row.name} is over")
                    rig.well = trio.current_time()
                    rig.postgres = site.primary
                    await trio.sleep(2.0)
                    await faults.settled(rig, patience=40.0)
                    rig.healthy = trio.current_time()
                    await trio.sleep(2.0)
                    rig.ended = trio.current_time()
                    crowd.clicking = False
                    clicking.cancel_scope.deadline = trio.current_time() + 2 * players.PATIENCE
                await faults.quiet(rig)
                listening.cancel_scope.cancel()
            books = await rig.postgres.books(players.HUNT)
            found = check_history(rig.history, books, well=rig.well, within=script.within)
            found = [each for each in found if each.what != REPEATED]
            return Result(
                row, people * listeners, found, figures(rig), statuses(rig.history), rig.gave_up
            )
