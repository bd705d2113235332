"""The state of a hunt, for its operations page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hunt.core.definition import Even, Moments, Prize, Step
from hunt.core.hunts import Hunt
from hunt.errors import Overloaded
from hunt.metrics.hunt_minutes import Minute
from hunt.web.admin.live import hunt_state
from tests.support.hunts import HUNTS as KNOWN
from tests.support.operators import HUNTS, RIVER, act, bound, operator
from tests.support.problems import assert_problem
from tests.support.serving import serving

LIVE = f"{HUNTS}/harbour/live"


async def test_state_and_minutes_of_a_hunt_are_shown(database: str) -> None:
    async with serving(database) as client:
        for _ in range(5):
            assert (await client.click()).status_code == 200
        client.engine.telemetry.minutes.look()
        operator(client)
        found = await act(client, "GET", LIVE)
        assert (found["id"], found["title"], found["state"]) == ("harbour", "Harbour night", "open")
        [(_, clicks, wins)] = found["minutes"]
        assert (clicks, wins) == (5, 3), "three coins"
        since = datetime.fromisoformat(found["counted_since"])
        assert since <= datetime.fromisoformat(found["at"]) + timedelta(seconds=1)
        coin = found["prizes"][0]
        assert (coin["id"], coin["stock"], coin["plan"], coin["released"]) == (
            "coin",
            3,
            None,
            None,
        )
        assert found["prizes"][1]["stock"] is None
        await act(client, "PUT", f"{HUNTS}/harbour/announcement", json={"text": "Hello"})
        while (await act(client, "GET", LIVE))["announcement"] is None:
            pass
        assert (await act(client, "GET", LIVE))["announcement"]["text"] == "Hello"
        await act(client, "PUT", f"{HUNTS}/harbour/announcement", json={"text": None})
        while (await act(client, "GET", LIVE))["announcement"] is not None:
            pass


async def test_drafts_are_shown_and_other_hunts_are_not(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        await act(client, "POST", HUNTS, json=RIVER)
        while (await client.get(f"{HUNTS}/river/live")).status_code == 404:
            pass
        assert (await act(client, "GET", f"{HUNTS}/river/live"))["state"] == "draft"
        assert_problem(await client.get(f"{HUNTS}/nowhere/live"), 404)
        bound(client, "river")
        assert_problem(await client.get(LIVE), 403)


async def test_minutes_are_those_of_the_node(database: str) -> None:
    async def minutes(hunt: str) -> tuple[list[Minute], float]:
        return ([(1_000_000_020, 7, 2)], 1_000_000_000.0) if hunt == "harbour" else ([], 0.0)

    async def silent(hunt: str) -> tuple[list[Minute], float]:
        raise Overloaded("the supervisor does not answer", retry_after=1)

    async with serving(database) as client:
        operator(client)
        host = client.engine.operations.host
        # ruff: ignore[unnecessary-dunder-call] - the bundle is frozen
        object.__setattr__(client.engine.operations, "host", replace(host, minutes=minutes))
        found = await act(client, "GET", LIVE)
        assert found["minutes"] == [[1_000_000_020, 7, 2]]
        assert found["counted_since"] == "2001-09-09T01:46:40Z"
        # ruff: ignore[unnecessary-dunder-call] - the bundle is frozen
        object.__setattr__(client.engine.operations, "host", replace(host, minutes=silent))
        found = await act(client, "GET", LIVE)
        assert (found["minutes"], found["counted_since"]) == (None, None)
        assert found["state"] == "open"


def planned(release: Even | Moments | tuple[Step, ...] | None, *, stock: int = 100) -> object:
    """Return the release of a prize at a quarter of its time, as the page shows it."""
    hunt: Hunt = KNOWN["harbour"]
    begin = hunt.as_of
    definition = replace(
        hunt.definition,
        opens_at=begin,
        closes_at=begin + timedelta(hours=4),
        prizes=(Prize("coin", "Coin", 1, 0.5, stock, None, release=release),),
    )
    shown = hunt_state(replace(hunt, definition=definition), begin + timedelta(hours=1))
    [prize] = shown["prizes"]  # type: ignore[misc]
    return prize["plan"], prize["released"]  # type: ignore[index]


def test_release_is_compared_with_the_plan() -> None:
    begin = KNOWN["harbour"].as_of
    steps = tuple(Step(begin + timedelta(minutes=minutes), minutes) for minutes in (10, 50, 90))
    assert planned(None) == (None, None)
    assert planned(Even()) == ("even", 26)
    assert planned(steps) == ("steps", 50)
    assert planned(Moments(5)) == ("moments", None), "moments are secret"
