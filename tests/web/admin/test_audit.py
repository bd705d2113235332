"""The audit trail records what operators read and change."""

from __future__ import annotations

from tests.support.operators import ADMIN, HUNTS, RIVER, act, audit_trail, operator
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
        ("paused", "harbour", {"before": "open", "after": "paused"}),
        ("rewards", "harbour", {"player": ada}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
        ("read", "harbour", {}),
    ]


async def test_every_change_has_before_and_after(database: str) -> None:
    async with serving(database) as client:
        await client.click()
        operator(client, "changer")
        river = RIVER | {"id": "river"}
        await act(client, "POST", HUNTS, json=river)
        await act(client, "PUT", f"{HUNTS}/river", json=river | {"title": "Delta"})
        await act(client, "PATCH", f"{HUNTS}/river/stock", json={"coin": 7})
        for state in ("open", "pause", "close"):
            await act(client, "POST", f"{HUNTS}/river/{state}")
        await act(client, "POST", HUNTS, json=RIVER | {"id": "creek"})
        await act(client, "DELETE", f"{HUNTS}/creek")
        await act(client, "DELETE", f"{ADMIN}/players/ada")
        await act(client, "POST", f"{ADMIN}/breaker", json={"force": "closed"})
        await client.engine.store.hunts.new_epochs(actor="changer")
        made = [
            (each["action"], each["detail"]["before"], each["detail"]["after"])
            for each in reversed(await audit_trail(client))
            if each["actor"] == "changer" and each["hunt"] in {"river", "creek", None}
        ]
    epochs = [(before, after) for action, before, after in made if action == "epoch"]
    assert all(before != after for before, after in epochs)
    assert [each for each in made if each[0] not in {"epoch", "breaker"}] == [
        ("create", None, {"version": 1}),
        ("apply", {"version": 1}, {"version": 2}),
        ("apply", {"version": 2}, {"version": 3}),
        ("open", "draft", "open"),
        ("paused", "open", "paused"),
        ("closed", "paused", "closed"),
        ("create", None, {"version": 1}),
        ("delete", "draft", None),
        ("erase", {"clicks": 1}, {"clicks": 0}),
    ]
    assert ("breaker", None, "closed") in made
