"""A code is seen by its winner, wherever the winner looks, and by no other player."""

from __future__ import annotations

import json
import uuid

import pytest
import trio

from hunt.client import Reward, Rewards, open_client
from tests.support.live_codes import PATH, live, prepare
from tests.support.serving import bearer, reward_in, serving, stream, token


def body() -> dict[str, object]:
    return {"id": str(uuid.uuid4()), "x": 1.5, "y": 2}


async def test_winner_sees_the_code_in_answers_and_history(database: str) -> None:
    async with live(database, count=2) as client:
        clicks = [body(), body(), body()]
        answers = [(await client.post(f"{PATH}/clicks", json=each)).json() for each in clicks]
        assert [each.get("code") for each in answers] == ["HUSH-0001", "HUSH-0002", None]
        assert answers[2]["sold_out"] == "voucher"
        again = (await client.post(f"{PATH}/clicks", json=clicks[1])).json()
        assert again["duplicate"]
        assert reward_in(again) == reward_in(answers[1])
        history = (await client.get(f"{PATH}/rewards")).json()["rewards"]
        assert [each.get("code") for each in history] == ["HUSH-0001", "HUSH-0002", None]
        other = await client.get(f"{PATH}/rewards", headers=bearer("eve"))
        assert other.json()["rewards"] == []


async def reward_of(rewards: Rewards, seq: int) -> Reward:
    """Return a reward of a stream; a node may be behind, and send earlier ones first."""
    with trio.fail_after(10):
        while (reward := await anext(rewards)).seq != seq:
            pass
    return reward


@pytest.mark.parametrize("transport", ["sse", "socket"])
async def test_winner_gets_the_code_on_streams_of_each_node_and_in_replays(
    database: str, transport: str
) -> None:
    async with (
        live(database) as near,
        serving(database, data_keys=(("2026", b"k" * 32),)) as far,
    ):
        for node in (near, far):
            async with open_client(str(node.base_url), token(), context=near.tls) as player:
                async with player.rewards("live", transport=transport) as rewards:  # type: ignore[arg-type]
                    answer = (await near.post(f"{PATH}/clicks", json=body())).json()
                    reward = await reward_of(rewards, answer["seq"])
                    assert reward.code == answer["code"]
                    epoch, _, seq = (rewards.position or "").partition("-")
                after = f"{epoch}-{int(seq) - 1}"
                async with player.rewards("live", after=after, transport=transport) as again:  # type: ignore[arg-type]
                    with trio.fail_after(10):
                        assert await anext(again) == reward


async def test_no_other_player_and_no_public_stream_gets_a_code(database: str) -> None:
    async with (
        live(database) as near,
        serving(database, data_keys=(("2026", b"k" * 32),)) as far,
    ):
        texts = []
        for node in (near, far):
            async with (
                stream(node, f"{PATH}/events?scope=all", headers=bearer("eve")) as public,
                stream(node, f"{PATH}/events", headers=bearer("eve")) as own,
            ):
                await public.next()
                await own.next()
                await near.post(f"{PATH}/clicks", json=body())
                while (await public.next()).event != "wins":
                    pass
                eve = (await node.post(f"{PATH}/clicks", json=body(), headers=bearer("eve"))).json()
                mine: list[dict[str, object]] = []  # of both rounds, if this node was behind
                while not mine or mine[-1]["seq"] != eve["seq"]:
                    if (event := await own.next()).event == "reward":
                        mine.append(json.loads(event.data))
                assert mine[-1]["code"] == eve["code"]
                told = own.raw.decode()
                for each in mine:
                    told = told.replace(str(each["code"]), "")
                texts += [public.raw.decode(), told]
            texts += [
                (await node.get(path, headers=bearer("bob"))).text
                for path in (
                    PATH,
                    f"{PATH}/leaderboard",
                    f"{PATH}/rewards",
                    "/v1/hunts",
                    "/metrics",
                )
            ]
        assert all("voucher" in text for text in texts[:1])
        assert not any("HUSH" in text for text in texts)


async def test_loaded_codes_are_in_the_hunt_as_its_stock(database: str) -> None:
    async with live(database, count=3) as client:
        [prize] = (await client.get(PATH)).json()["prizes"]
        assert (prize["stock"], prize["stock_left"]) == (3, 3)
        metrics = (await client.get("/metrics")).text
        assert 'hunt_codes{hunt="live",prize="voucher"} 3.0' in metrics
        assert 'hunt_codes_left{hunt="live",prize="voucher"} 3.0' in metrics


async def test_node_without_the_key_serves_the_other_hunts(database: str) -> None:
    await prepare(database, 2)
    async with serving(database) as client:
        assert (await client.get(PATH)).status_code == 404
        assert (await client.post(f"{PATH}/clicks", json=body())).status_code == 404
        assert (await client.click()).status_code == 200
