"""The routes of webhooks."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from hunt.service import webhooks
from tests.support.operators import ADMIN, HUNTS, act, audit_trail, bound, operator
from tests.support.problems import assert_problem
from tests.support.receiver import Receiver, receiving
from tests.support.serving import Client, bearer, serving

WEBHOOKS = f"{HUNTS}/harbour/webhooks"
KEYS = (("one", bytes(32)),)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
async def client(database: str) -> AsyncIterator[Client]:
    async with serving(database, data_keys=KEYS, webhook_allow=("127.0.0.0/8",)) as found:
        operator(found)
        yield found


async def create(client: Client, url: str, **fields: Any) -> Any:
    return await act(client, "POST", WEBHOOKS, json={"url": url} | fields)


async def win(client: Client) -> None:
    body = {"id": str(uuid.uuid4()), "x": 1, "y": 2}
    answer = await client.post("/v1/hunts/harbour/clicks", json=body, headers=bearer("ada"))
    assert answer.json()["prize"] == "coin"


async def test_wins_of_players_reach_the_receiver(client: Client, receiver: Receiver) -> None:
    made = await create(client, receiver.url)
    assert made["secret"].startswith("whsec_")
    assert made["hunt"] == "harbour"
    for _ in range(3):
        await win(client)
    await receiver.wait_taken(3)
    assert [each.json["data"]["prize"] for each in receiver.taken] == ["coin"] * 3
    with trio.fail_after(10):
        while (await act(client, "GET", f"{WEBHOOKS}/{made['id']}"))["last_status"] != 200:
            await trio.sleep(0.1)
    shown = await act(client, "GET", f"{WEBHOOKS}/{made['id']}")
    assert "secret" not in shown
    assert (shown["seq"], shown["behind"], shown["dead"]) == (3, 0, 0)
    assert (await act(client, "GET", f"{ADMIN}/webhooks"))["webhooks"] == [shown]
    labels = f'{{hunt="harbour",webhook="{made["id"]}"}}'
    expected = {
        'hunt_webhook_attempts_total{result="2xx"} 3.0',
        f"hunt_webhook_lag_events{labels} 0.0",
        f"hunt_webhook_dead_letters{labels} 0.0",
        f"hunt_webhook_failed_attempts{labels} 0.0",
    }
    with trio.fail_after(10):  # the text is cached for a second
        while not expected <= set((await client.get("/metrics")).text.splitlines()):
            await trio.sleep(0.1)


async def test_changes_of_rewards_reach_the_receiver(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_CHANGES", 1000.0)  # the notice alone wakes the deliverer
    made = await create(client, receiver.url, log="changes")
    assert (made["log"], made["seq"], made["behind"]) == ("changes", 0, 0)
    for _ in range(3):
        await win(client)
    rewards = f"{HUNTS}/harbour/rewards"
    await act(client, "POST", f"{rewards}/sent", json={"seqs": [2]})
    await receiver.wait_taken(1, seconds=5)
    await act(client, "POST", f"{rewards}/void", json={"seqs": [1, 3], "reason": "a program"})
    await receiver.wait_taken(3, seconds=5)
    found = [(each.json["type"], each.json["data"]["seq"]) for each in receiver.taken]
    assert found == [("reward.sent", 2), ("reward.void", 1), ("reward.void", 3)]
    with trio.fail_after(10):
        while (shown := await act(client, "GET", f"{WEBHOOKS}/{made['id']}"))["seq"] != 3:
            await trio.sleep(0.1)
    assert (shown["behind"], shown["lag"]) == (0, 0)
    await act(client, "POST", f"{WEBHOOKS}/{made['id']}/replay", json={"from_seq": 3})
    await receiver.wait(lambda: len(receiver.taken) == 4)
    assert receiver.taken[3].id == receiver.taken[2].id


async def test_log_is_chosen_when_the_endpoint_is_added(client: Client, receiver: Receiver) -> None:
    made = await create(client, receiver.url, log="changes")
    path = f"{WEBHOOKS}/{made['id']}"
    response = await client.patch(path, json={"log": "rewards"})
    assert_problem(response, 400)
    assert list(response.json()["errors"]) == ["log"]
    for answer in (
        await client.patch(path, json={"events": "clicks"}),
        await client.post(
            WEBHOOKS, json={"url": receiver.url, "log": "changes", "events": "clicks"}
        ),
    ):
        assert_problem(answer, 400)
        assert list(answer.json()["errors"]) == ["events"]


async def test_change_takes_effect_at_once(client: Client, receiver: Receiver) -> None:
    async with receiving() as other:
        made = await create(client, receiver.url)
        await win(client)
        await receiver.wait_taken(1)
        shown = await act(
            client, "PATCH", f"{WEBHOOKS}/{made['id']}",
            json={"url": other.url, "patience": 60, "prizes": ["coin"], "events": "clicks"},
        )  # fmt: skip
        assert shown["patience"] == 60
        await win(client)
        await other.wait_taken(1)
    trail = await audit_trail(client)
    [entry] = [each for each in trail if each["action"] == "webhook changed"]
    assert entry["actor"] == "root"
    assert entry["detail"]["before"]["url"] == receiver.url
    assert entry["detail"]["after"]["url"] == other.url
    assert made["secret"] not in str(trail)


async def test_stopped_endpoint_gets_nothing_until_it_is_started(
    client: Client, receiver: Receiver
) -> None:
    made = await create(client, receiver.url)
    path = f"{WEBHOOKS}/{made['id']}"
    assert (await act(client, "PATCH", path, json={"stopped": True}))["stopped"] == "operator"
    await win(client)
    shown = await act(client, "GET", path)
    assert (shown["behind"], receiver.taken) == (1, [])
    assert (await act(client, "PATCH", path, json={"stopped": False}))["stopped"] is None
    await receiver.wait_taken(1)


async def test_both_secrets_sign_after_a_rotation(client: Client, receiver: Receiver) -> None:
    made = await create(client, receiver.url)
    path = f"{WEBHOOKS}/{made['id']}"
    rotated = await act(client, "POST", f"{path}/rotate", json={})
    assert rotated["secret"] != made["secret"]
    await win(client)
    await receiver.wait_taken(1)
    both = receiver.taken[0].headers["webhook-signature"].split(" ")
    assert len(both) == 2
    await act(client, "POST", f"{path}/rotate", json={"keep": 0})
    await win(client)
    await receiver.wait_taken(2)
    assert len(receiver.taken[-1].headers["webhook-signature"].split(" ")) == 2, "one kept for 24 h"


async def test_test_is_sent_and_recorded(client: Client, receiver: Receiver) -> None:
    made = await create(client, receiver.url)
    path = f"{WEBHOOKS}/{made['id']}"
    found = await act(client, "POST", f"{path}/test")
    assert (found["delivered"], found["status"], found["error"]) == (True, 200, None)
    [taken] = receiver.taken
    assert taken.json["type"] == "webhook.test"
    assert taken.json["data"] == {"hunt": "harbour", "webhook": made["id"]}
    assert taken.id.startswith("test-")
    receiver.status = 500
    found = await act(client, "POST", f"{path}/test")
    assert (found["delivered"], found["error"]) == (False, "the receiver answered 500")
    assert [e["action"] for e in await audit_trail(client)].count("webhook tested") == 2


async def test_dead_letters_are_listed_and_replayed(client: Client, receiver: Receiver) -> None:
    receiver.status = 500
    made = await create(client, receiver.url)
    path = f"{WEBHOOKS}/{made['id']}"
    response = await client.post(f"{path}/skip")
    assert_problem(response, 409)
    await win(client)
    with trio.fail_after(10):
        while not (await act(client, "GET", path))["attempts"]:
            await trio.sleep(0.1)
    shown = await act(client, "POST", f"{path}/skip")
    assert (shown["skipped"], shown["dead"], shown["behind"]) == (1, 1, 0)
    page = await act(client, "GET", f"{path}/dead")
    assert [(each["seq"], each["status"]) for each in page["dead"]] == [(1, 500)]
    receiver.status = 200
    await act(client, "POST", f"{path}/replay", json={"dead": "all"})
    await receiver.wait_taken(1)
    await act(client, "POST", f"{path}/replay", json={"from_seq": 1})
    await receiver.wait(lambda: [e.status for e in receiver.taken].count(200) == 2)
    actions = {each["action"] for each in await audit_trail(client)}
    assert {"webhook added", "webhook skipped", "webhook replayed"} <= actions


async def test_removed_endpoint_is_gone(client: Client, receiver: Receiver) -> None:
    made = await create(client, receiver.url)
    path = f"{WEBHOOKS}/{made['id']}"
    assert await act(client, "DELETE", path) == {"deleted": made["id"]}
    for method, suffix in (("GET", ""), ("DELETE", ""), ("GET", "/dead"), ("POST", "/test")):
        assert_problem(await client.request(method, f"{path}{suffix}"), 404)
    assert_problem(await client.get(f"{HUNTS}/nowhere/webhooks"), 404)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"url": "http://93.184.216.34/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://ada:pw@example.org/"}, "url"),
        ({"url": 7}, "url"),
        ({}, "url"),
        ({"url": "https://example.org/", "events": []}, "events"),
        ({"url": "https://example.org/", "log": "clicks"}, "log"),
        ({"url": "https://example.org/", "log": None}, "log"),
        ({"url": "https://example.org/", "prizes": []}, "prizes"),
        ({"url": "https://example.org/", "prizes": ["no such id!"]}, "prizes"),
        ({"url": "https://example.org/", "patience": 59}, "patience"),
        ({"url": "https://example.org/", "patience": True}, "patience"),
        ({"url": "https://example.org/", "from_seq": 0}, "from_seq"),
        ({"url": "https://example.org/", "secret": "mine"}, "secret"),
    ],
)
async def test_wrong_member_is_named(client: Client, fields: dict[str, Any], wrong: str) -> None:
    response = await client.post(WEBHOOKS, json=fields)
    assert_problem(response, 400)
    assert list(response.json()["errors"]) == [wrong]


@pytest.mark.parametrize(
    ("action", "body", "wrong"),
    [
        ("rotate", {"keep": -1}, "keep"),
        ("rotate", {"kept": 1}, "kept"),
        ("replay", {}, "from_seq"),
        ("replay", {"from_seq": 0}, "from_seq"),
        ("replay", {"from_seq": 9}, "from_seq"),
        ("replay", {"dead": "some"}, "dead"),
        ("replay", {"dead": ["1"]}, "dead"),
    ],
)
async def test_wrong_body_of_an_action_is_named(
    client: Client, receiver: Receiver, action: str, body: dict[str, Any], wrong: str
) -> None:
    made = await create(client, receiver.url)
    response = await client.post(f"{WEBHOOKS}/{made['id']}/{action}", json=body)
    assert_problem(response, 400)
    assert list(response.json()["errors"]) == [wrong]


async def test_change_without_members_is_refused(client: Client, receiver: Receiver) -> None:
    made = await create(client, receiver.url)
    assert_problem(await client.patch(f"{WEBHOOKS}/{made['id']}", json={}), 400)


async def test_hunt_has_a_limit_of_endpoints(client: Client, receiver: Receiver) -> None:
    for _ in range(20):
        await create(client, receiver.url)
    assert_problem(await client.post(WEBHOOKS, json={"url": receiver.url}), 409)


async def test_claim_of_hunts_restricts_the_list(client: Client, receiver: Receiver) -> None:
    await create(client, receiver.url)
    bound(client, "river")
    assert (await act(client, "GET", f"{ADMIN}/webhooks"))["webhooks"] == []
    assert_problem(await client.get(WEBHOOKS), 403)


async def test_server_without_a_data_key_says_so(database: str) -> None:
    async with serving(database) as client:
        operator(client)
        response = await client.post(WEBHOOKS, json={"url": "https://example.org/"})
        assert_problem(response, 409)
        assert "HUNT_DATA_KEYS" in response.json()["detail"]
