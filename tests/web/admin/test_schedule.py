"""Operators add, list and remove entries of the schedule."""

from __future__ import annotations

import pytest
from psycopg import sql

from tests.support.database import execute
from tests.support.operators import ADMIN, HUNTS, act, bound, changed, operator
from tests.support.problems import assert_problem, assert_slug
from tests.support.serving import bearer, serving, stream

SCHEDULE = f"{HUNTS}/harbour/schedule"
LATER = "2999-01-01T00:00:00Z"


async def test_entry_is_listed_removed_and_audited(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        assert await act(client, "GET", SCHEDULE) == {"entries": []}
        body = {"at": LATER, "action": "release", "prize": "coin", "count": 5, "within": 600}
        made = await client.post(SCHEDULE, json=body)
        assert made.status_code == 201
        entry = made.json()
        assert made.headers["Location"] == f"{SCHEDULE}/{entry['id']}"
        assert entry | body == entry
        assert (entry["state"], entry["actor"], entry["text"]) == ("waiting", "root", None)
        assert (entry["settled_at"], entry["late"], entry["reason"]) == (None, None, None)
        assert await act(client, "GET", SCHEDULE) == {"entries": [entry]}
        assert await act(client, "DELETE", f"{SCHEDULE}/{entry['id']}") == entry
        assert_slug(await client.delete(f"{SCHEDULE}/{entry['id']}"), 404, "no-such-entry")
        assert_slug(await client.get(f"{HUNTS}/nowhere/schedule"), 404, "no-such-hunt")
        trail = (await act(client, "GET", f"{ADMIN}/audit?hunt=harbour"))["entries"]
        assert [each["action"] for each in trail][:2] == ["unschedule", "schedule"]
        assert trail[0]["detail"]["before"] == trail[1]["detail"]["after"]
        assert trail[0]["detail"]["after"] is trail[1]["detail"]["before"] is None
        assert trail[1]["detail"]["after"]["count"] == 5


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "action at"),
        ({"action": "open"}, "at"),
        ({"action": "open", "at": "tomorrow"}, "at"),
        ({"action": "open", "at": "2999-01-01T00:00:00"}, "at"),
        ({"action": "open", "at": "2020-01-01T00:00:00Z"}, "at"),
        ({"action": "explode", "at": LATER}, "action"),
        ({"action": "open", "at": LATER, "who": 1}, "who"),
        ({"action": "announce", "at": LATER, "text": 7}, "text"),
        ({"action": "announce", "at": LATER, "text": ""}, "text"),
        ({"action": "release", "at": LATER, "prize": "coin", "count": True}, "count"),
        ({"action": "release", "at": LATER, "prize": 1, "count": 1}, "prize"),
        ({"action": "open", "at": LATER, "within": "1m"}, "within"),
    ],
    ids=str,
)
async def test_wrong_entry_is_refused_by_name(
    database: str, body: dict[str, object], wrong: str
) -> None:
    async with serving(database) as client:
        operator(client)
        problem = assert_problem(await client.post(SCHEDULE, json=body), 400)
        assert " ".join(sorted(problem["errors"])) == wrong
        assert (await act(client, "GET", SCHEDULE))["entries"] == []


async def test_roles_and_hunts_of_a_token_bound_the_schedule(database: str) -> None:
    async with serving(database) as client:
        body = {"at": LATER, "action": "pause"}
        for role, may in (("viewer", False), ("designer", False), ("operator", True)):
            client.headers.update(bearer("eve", audience="hunt-admin", roles=[role]))
            await act(client, "GET", SCHEDULE)
            assert (await client.post(SCHEDULE, json=body)).status_code == (201 if may else 403)
        bound(client, "river")
        assert (await client.get(SCHEDULE)).status_code == 403
        assert (await client.post(SCHEDULE, json=body)).status_code == 403


async def test_process_performs_a_due_entry_and_streams_tell_it(database: str) -> None:
    async with serving(database) as client:
        async with stream(client, live=True) as events:
            operator(client)
            for body in (
                {"action": "announce", "text": "Ten more minutes."},
                {"action": "pause"},
            ):
                await act(client, "POST", SCHEDULE, json=body | {"at": LATER})
            await execute(database, sql.SQL("update schedule set at = clock_timestamp()"))
            client.engine.scheduler.look_soon()
            await changed(client, "harbour", "paused")
            told = {}
            while {"announcement", "paused"} - set(told):
                event = await events.next()
                data = event.data
                if event.event == "announcement":
                    told["announcement"] = data
                if event.event == "state" and '"paused"' in data:
                    told["paused"] = data
        assert "Ten more minutes." in told["announcement"]
        found = (await act(client, "GET", SCHEDULE))["entries"]
        assert [each["state"] for each in found] == ["done", "done"]
        assert all(each["late"] >= 0 for each in found)
        gone = await client.delete(f"{SCHEDULE}/{found[0]['id']}")
        assert_slug(gone, 409, "wrong-state")
