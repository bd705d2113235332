"""The audit trail records what operators read and change."""

from __future__ import annotations

from tests.support.operators import ADMIN, HUNTS, act, audit_trail, operator
from tests.support.serving import HARBOUR, serving


async def test_reads_of_positions_and_rewards_are_recorded(database: str) -> None:
    async with serving(database) as client:
        operator(client, "reader")
        definition = (await act(client, "GET", f"{HUNTS}/harbour"))["definition"]
        assert definition["prizes"][1]["odds"]["at"] == list(HARBOUR.prizes[1].odds.at)  # type: ignore[union-attr]
        await act(client, "GET", f"{HUNTS}/harbour/versions")
        await act(client, "PUT", f"{HUNTS}/harbour", json=definition)  # changes nothing
        await act(client, "POST", f"{HUNTS}/harbour/open")  # it is open
        await act(client, "GET", f"{HUNTS}/harbour/players/ada/rewards")
        await act(client, "GET", f"{HUNTS}/harbour/stock")  # has no positions
        await act(client, "POST", f"{HUNTS}/harbour/pause")
        made = [
            (each["action"], each["hunt"], each["detail"])
            for each in await audit_trail(client)
            if each["actor"] == "reader"
        ]
        mine = (await act(client, "GET", f"{ADMIN}/audit?player=ada"))["entries"]
        [ada] = {each["detail"]["player"] for each in mine}
    assert made == [
        ("paused", "harbour", {"before": "open"}),
        ("rewards", "harbour", {"player": ada}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
    ]
