"""Every act of an operator through the API is in the audit trail, with no secret."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import trio

from hunt.core.campaign import campaign_to_json
from hunt.store.audit import Audit
from hunt.store.driver.pool import open_pool
from hunt.web.admin.rights import RIGHTS
from tests.store.campaigns import ADVENT, doors
from tests.support.audit_entries import ABSENT, PLAYER, SOME, Expected, read, version, win
from tests.support.live_codes import KEYS, live, made
from tests.support.operators import ADMIN, HUNTS, RIVER, act, audit_trail, operator
from tests.support.receiver import Receiver, receiving
from tests.support.serving import SECRET, Client

LIVE_HUNT = f"{HUNTS}/live"
WEBHOOKS = f"{LIVE_HUNT}/webhooks"
CAMPAIGN = f"{ADMIN}/campaigns/advent"
QUERY = "password=hush-in-a-query"


@dataclass(frozen=True)
class Act:
    """A request of an operator, and the entries that it leaves."""

    endpoint: str
    method: str
    path: str
    entries: list[Expected]
    body: Any = None


def campaign(title: str) -> dict[str, Any]:
    return {
        "id": "advent", "title": title, "timezone": ADVENT.timezone, "streak": ADVENT.streak,
        "preview": ADVENT.preview, "doors": ["advent-01"],
    }  # fmt: skip


RIVER_HUNT = f"{HUNTS}/river"
WANTED = {
    name: value for name, value in campaign_to_json(ADVENT, doors(-0.5)).items() if name != "id"
}

#: Endpoints that show neither positions nor what belongs to single players' rewards.
UNRECORDED = {
    "admin.hunts", "admin.stock", "ops.samples", "ops.newest", "admin_campaigns.campaigns",
    "admin_codes.status", "admin_bans.listed", "admin_audit.audit", "admin_webhooks.every",
    "admin_schedule.entries", "admin_live.live", "admin_campaigns.schedule",
    "admin_webhooks.webhooks", "admin_webhooks.webhook", "admin_webhooks.dead",
}  # fmt: skip

#: Tested in `tests.web.admin.test_log_events`, because its answer does not end.
STREAMED = {"admin_events.events"}

#: Tested in `tests.web.routes.test_names`, because the player needs a name.
NAMED = {"admin_players.refuse"}

#: Tested in `tests.web.routes.test_proof`, because the hunt needs a second share.
SHARED = {"admin.seed_share"}

#: Other processes of the server ask for it; the operator's own request is recorded.
FORWARDED = {"admin_addresses.counters", "ops.kept"}

#: Tested apart, because it ends the server.
DRAIN = "process.drain"

HUNT_ACTS = [
    Act("admin.create", "POST", HUNTS, [("create", None, version(1))], RIVER),
    Act("admin.change", "PUT", RIVER_HUNT, [("apply", version(1), version(2))],
        RIVER | {"title": "Delta"}),
    Act("admin.change_stock", "PATCH", f"{RIVER_HUNT}/stock",
        [("apply", version(2), version(3))], {"coin": 7}),
    Act("admin.hunt", "GET", RIVER_HUNT, read("read")),
    Act("admin.versions", "GET", f"{RIVER_HUNT}/versions", read("read")),
    Act("admin.open_", "POST", f"{RIVER_HUNT}/open", [("open", "draft", "open")]),
    Act("admin_schedule.add", "POST", f"{RIVER_HUNT}/schedule", [("schedule", None, SOME)],
        {"at": "2999-01-01T00:00:00Z", "action": "pause"}),
    Act("admin_schedule.remove", "DELETE", f"{RIVER_HUNT}/schedule/1",
        [("unschedule", SOME, None)]),
    Act("admin.pause", "POST", f"{RIVER_HUNT}/pause", [("paused", "open", "paused")]),
    Act("admin.announce", "PUT", f"{RIVER_HUNT}/announcement", [("announce", None, "Soon.")],
        {"text": "Soon."}),
    Act("admin.announce", "PUT", f"{RIVER_HUNT}/announcement", [("announce", "Soon.", None)],
        {"text": None}),
    Act("admin.close", "POST", f"{RIVER_HUNT}/close", [("closed", "paused", "closed")]),
    Act("admin.delete", "DELETE", RIVER_HUNT, [("delete", "closed", None)]),
    Act("admin_campaigns.change", "PUT", CAMPAIGN,
        [("create", None, version(1)), ("campaign apply", None, campaign("Advent"))],
        WANTED),
    Act("admin_campaigns.change", "PUT", CAMPAIGN,
        [("campaign apply", campaign("Advent"), campaign("New"))],
        WANTED | {"title": "New"}),
    Act("admin_campaigns.campaign", "GET", CAMPAIGN, read("campaign read")),
    Act("admin_campaigns.open_", "POST", f"{CAMPAIGN}/open",
        [("open", "draft", "open"),
         ("campaign open", {"advent-01": "draft"}, {"advent-01": "open"})]),
    Act("admin_campaigns.add_to_schedule", "POST", f"{CAMPAIGN}/schedule",
        [("schedule", None, SOME)], {"at": "2999-01-01T00:00:00Z", "action": "close"}),
    Act("admin_campaigns.pause", "POST", f"{CAMPAIGN}/pause",
        [("paused", "open", "paused"),
         ("campaign paused", {"advent-01": "open"}, {"advent-01": "paused"})]),
    Act("admin_campaigns.close", "POST", f"{CAMPAIGN}/close",
        [("closed", "paused", "closed"),
         ("campaign closed", {"advent-01": "paused"}, {"advent-01": "closed"})]),
    Act("admin_campaigns.delete", "DELETE", CAMPAIGN,
        [("delete", "closed", None), ("campaign delete", ["advent-01"], None)]),
]  # fmt: skip

REWARD_ACTS = [
    Act("admin_codes.load", "POST", f"{LIVE_HUNT}/prizes/voucher/codes", [("codes", 4, 6)],
        {"codes": ["HUSH-9001", "HUSH-9002"]}),
    Act("admin_rewards.show", "GET", f"{LIVE_HUNT}/rewards/1", read("reward")),
    Act("admin_rewards.sent", "POST", f"{LIVE_HUNT}/rewards/sent",
        [("sent", {"1": "granted"}, {"1": "sent"})], {"seqs": [1]}),
    Act("admin_rewards.void", "POST", f"{LIVE_HUNT}/rewards/void",
        [("void", {"2": "granted"}, {"2": "void"})], {"seqs": [2], "reason": "a bot"}),
    Act("admin_winners.winners", "GET", f"{LIVE_HUNT}/winners", read("winners")),
    Act("admin_export.export", "GET", f"{LIVE_HUNT}/export", read("export_log")),
    Act("admin_anomalies.anomalies", "GET", f"{LIVE_HUNT}/anomalies", read("anomalies")),
    Act("admin_players.rewards", "GET", f"{LIVE_HUNT}/players/{PLAYER}/rewards", read("rewards")),
    Act("admin_players.export", "GET", f"{ADMIN}/players/{PLAYER}", read("export")),
    Act("admin_players.names", "GET", f"{ADMIN}/names?name=Ada", read("names")),
    Act("admin_bans.add", "POST", f"{ADMIN}/bans",
        [("ban", None, {"reason": "", "until": None})], {"player": PLAYER, "hunt": "live"}),
    Act("admin_bans.add", "POST", f"{ADMIN}/bans",
        [("ban", {"reason": "", "until": None}, {"reason": "a bot", "until": None})],
        {"player": PLAYER, "hunt": "live", "reason": "a bot"}),
    Act("admin_bans.remove", "DELETE", f"{ADMIN}/bans/1",
        [("unban", {"reason": "a bot", "until": None}, None)]),
    Act("admin_players.erase", "DELETE", f"{ADMIN}/players/{PLAYER}",
        [("erase", {"clicks": 2}, {"clicks": 0})]),
]  # fmt: skip

PROCESS_ACTS = [
    Act("process.breaker", "POST", f"{ADMIN}/breaker", [("breaker", None, "closed")],
        {"force": "closed"}),
    Act("process.breaker", "POST", f"{ADMIN}/breaker", [("breaker", "closed", None)],
        {"force": None}),
]  # fmt: skip


def webhook_acts(url: str) -> list[Act]:
    hook = f"{WEBHOOKS}/1"
    shown = {"url": url, "log": "rewards", "events": "wins", "prizes": None, "patience": 86400}
    moved = f"{url}?sha256=a00a00c0"
    return [
        Act("admin_webhooks.create", "POST", WEBHOOKS,
            [("webhook added", None, shown | {"from_seq": None, "seq": 2})], {"url": url}),
        Act("admin_webhooks.rotate", "POST", f"{hook}/rotate",
            [("webhook rotated", {"secrets": [1]}, {"secrets": [1, 2]})], {}),
        Act("admin_webhooks.test", "POST", f"{hook}/test",
            [("webhook tested", None, {"status": 500})]),
        Act("admin_webhooks.change", "PATCH", hook,
            [("webhook changed", {"url": url}, {"url": moved})], {"url": f"{url}?{QUERY}"}),
        Act("admin_webhooks.change", "PATCH", hook,
            [("webhook changed", {"url": moved}, {"url": url})], {"url": url}),
        Act("admin_webhooks.replay", "POST", f"{hook}/replay",
            [("webhook replayed", {"seq": 2}, {"seq": 0})], {"from_seq": 1}),
        Act("admin_webhooks.skip", "POST", f"{hook}/skip",
            [("webhook skipped", {"seq": 0}, {"seq": 1})]),
        Act("admin_webhooks.change", "PATCH", hook,
            [("webhook changed", {"stopped": None}, {"stopped": "operator"})], {"stopped": True}),
        Act("admin_webhooks.replay", "POST", f"{hook}/replay",
            [("webhook replayed", {"replay": 0}, {"replay": 1})], {"dead": "all"}),
        Act("admin_webhooks.remove", "DELETE", hook,
            [("webhook removed", shown | {"stopped": "operator", "seq": 1}, None)]),
    ]  # fmt: skip


async def check(client: Client, step: Act) -> str:
    """Send a request, and raise unless it left its entries; return its answer."""
    known = len(await audit_trail(client))
    operator(client, "olga")
    response = await client.request(step.method, step.path, json=step.body)
    assert response.status_code in {200, 201, 202}, (step, response.text)
    trail = await audit_trail(client)
    added = trail[: len(trail) - known][::-1]
    detail = [each["detail"] for each in added]
    assert [
        (each["action"], each["detail"].get("before", ABSENT), each["detail"].get("after", ABSENT))
        for each in added
    ] == step.entries, step
    assert {each["actor"] for each in added} == {"olga"}, step
    assert PLAYER not in str(detail), "players have pseudonyms"
    return response.text


async def until_it_fails(client: Client) -> None:
    operator(client)
    with trio.fail_after(60):
        while not (await act(client, "GET", f"{WEBHOOKS}/1"))["attempts"]:
            await trio.sleep(0.05)


async def check_webhooks(client: Client, receiver: Receiver) -> list[str]:
    """Run the acts on webhooks; return the secrets that were made."""
    receiver.status = 500
    made = []
    for step in webhook_acts(receiver.url):
        if step.endpoint == "admin_webhooks.skip":
            await until_it_fails(client)
        answer = await check(client, step)
        if step.endpoint in {"admin_webhooks.create", "admin_webhooks.rotate"}:
            made.append(answer.partition("whsec_")[2].partition('"')[0])
    return made


def test_every_route_has_an_act() -> None:
    acts = {each.endpoint for each in (*HUNT_ACTS, *REWARD_ACTS, *PROCESS_ACTS, *webhook_acts(""))}
    assert acts | UNRECORDED | STREAMED | FORWARDED | NAMED | SHARED | {DRAIN} == set(RIGHTS), (
        "say what the audit trail has of a route"
    )
    assert not acts & UNRECORDED


async def test_every_act_is_recorded_with_before_and_after(database: str) -> None:
    async with (
        receiving() as receiver,
        live(database, count=4, webhook_allow=("127.0.0.0/8",)) as client,
    ):
        for _ in range(2):
            await win(client)
        for step in HUNT_ACTS:
            await check(client, step)
        hooks = await check_webhooks(client, receiver)
        for step in (*REWARD_ACTS, *PROCESS_ACTS):
            await check(client, step)
        trail = str(await client.engine.store.audit.list(limit=1000))
        found = await client.engine.store.hunts.get("live")
        assert found is not None
    codes = [*made(4), "HUSH-9001", "HUSH-9002"]
    tokens = [client.headers["Authorization"].split()[1]]
    keys = [text for key in (found.seed, SECRET, KEYS[0][1]) for text in (key.hex(), _base64(key))]
    assert len(set(hooks)) == 2
    secrets = (*hooks, *codes, *tokens, *keys, QUERY)
    assert [each for each in secrets if each in trail] == []


async def test_drain_is_recorded_while_the_server_ends(database: str) -> None:
    async with live(database) as client:
        operator(client, "olga")
        assert (await client.post(f"{ADMIN}/drain")).status_code == 202
    async with open_pool(database, size=1) as pool:
        entry, *_ = await Audit(pool).list(limit=1)
    assert (entry.actor, entry.action) == ("olga", "drain")
    assert (entry.detail["before"], entry.detail["after"]) == ("serving", "draining")


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode().rstrip("=")
