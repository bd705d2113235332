"""Each check can fail: it detects a hunt with the matching defect."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from tests.faults import play, rig
from tests.faults.script import Script, Step
from tests.support.processes import HYPERCORN

SERVER = (*HYPERCORN, "-b", "127.0.0.1:$PORT", "tests.faults.broken:app")

#: Two servers of one process each, so that both have a share in everything.
#: Defects show under much load.  The stock of 50 is used up by one click in five.
PLAIN = Script(name="control", row="", nodes=2, processes=1, seconds=1.5, answers=600, within=2.0)

KILL = Step(fault="kill_postgres", at=1.0)
LOSE = Step(fault="lose_answers", at=0.5, give={"count": 6})
DEAF = Step(fault="lose_notices", at=0.2, lasts=1.0, give={"to_the_end": True})

DOWN = Step(fault="receiver_down", at=0.5, lasts=2.0)

#: Defect -> the check that must detect it, and the run that shows it.
CONTROLS = {
    "cursor_by_number": ("delivered", PLAIN),
    "answers_before_the_commit": ("durable", PLAIN),
    "own_events_first": ("delivered", PLAIN),
    "stock_in_memory": ("dense", PLAIN),
    "players_by_prefix": ("private", PLAIN),
    "draws_again": ("once", replace(PLAIN, repeat=0.3)),
    "forgets_to_catch_up": ("delivered", replace(PLAIN, steps=[DEAF], apart=True)),
    "refuses_what_it_recorded": ("honest", replace(PLAIN, steps=[LOSE], fickle=0.5)),
    "keeps_what_is_gone": ("bounded", PLAIN),
    "leaks_backends": ("bounded", PLAIN),
    "tells_codes_to_all": ("codes", replace(PLAIN, codes=5000)),
    "same_code_for_a_batch": ("codes", replace(PLAIN, codes=5000, players=40)),
    "releases_all_at_once": ("rule release", replace(PLAIN, rules="pacing")),
    "rewrites_a_row": ("chain", PLAIN),
    "repeats_a_receipt": ("receipts", PLAIN),
    "changes_odds_without_a_seal": ("seals", PLAIN),
    "answers_500": ("documented", PLAIN),
    "takes_failures_for_deliveries": ("webhooks", replace(PLAIN, webhook=True, steps=[DOWN])),
}


def run(name: str, script: Script, template: Path) -> rig.Result:
    given = replace(script, environ={"HUNT_TEST_BROKEN": name})
    return trio.run(lambda: play.run(given, template, command=SERVER))


@pytest.mark.parametrize("name", CONTROLS)
def test_defect_of_the_server_is_detected(name: str, template: Path) -> None:
    check, script = CONTROLS[name]
    found = run(name, script, template).violations
    assert check in {each.check for each in found}


def test_correct_server_passes(template: Path) -> None:
    script = replace(PLAIN, steps=[LOSE, replace(KILL, at=3.0)], repeat=0.3, fickle=0.5)
    assert run("sound", script, template).violations == []
