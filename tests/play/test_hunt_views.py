"""Documents of hunts: made again when a hunt or its phase changes, kept otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from operator import is_, is_not

import msgspec
import pytest

from hunt.core.hunts import Hunt, Version
from hunt.core.proxies import Peer
from hunt.errors import HuntNotFound
from hunt.play.hunt_views import HuntDetails, HuntList
from hunt.play.request import build
from hunt.service.version_cache import VersionCache
from tests.support.hunts import PLAIN, START, closing, named

PEER = Peer("192.0.2.1", trusted=False, key="192.0.2.1")


class World:
    def __init__(self, *hunts: Hunt) -> None:
        self.hunts = {hunt.id: hunt for hunt in hunts}
        self.time = START
        self.reads = 0
        self.list = HuntList(self.hunts, self.now)
        self.details = HuntDetails(self.visible, self.now, VersionCache(self.versions))

    def now(self) -> datetime:
        return self.time

    def visible(self, hunt_id: str) -> Hunt:
        if hunt_id not in self.hunts:
            raise HuntNotFound(hunt_id)
        return self.hunts[hunt_id]

    async def versions(self, hunt_id: str) -> list[Version]:
        self.reads += 1
        return [Version(1, START, "ada", PLAIN.definition)]


def state(world: World) -> tuple[str, str]:
    details = world.details.document("harbour")
    assert details is not None
    [listed] = msgspec.json.decode(world.list.document().body)["hunts"]
    return msgspec.json.decode(details.body)["state"], listed["state"]


def test_phase_changes_when_its_time_comes() -> None:
    opens = START + timedelta(seconds=5)
    hunt = closing(9)
    world = World(replace(hunt, definition=replace(hunt.definition, opens_at=opens)))
    found = []
    for second in (0, 4, 5, 8, 9, 20):
        world.time = START + timedelta(seconds=second)
        found.append(state(world))
    phases = ["waiting", "waiting", "open", "open", "closing", "closing"]
    assert found == [(each, each) for each in phases]


def test_document_is_kept_until_its_hunt_is_replaced() -> None:
    world = World(PLAIN)
    first = world.details.document("harbour"), world.list.document()
    assert (world.details.document("harbour"), world.list.document()) == first
    world.hunts["harbour"] = replace(PLAIN, as_of=START + timedelta(seconds=2))
    again = world.details.document("harbour"), world.list.document()
    assert all(map(is_, first, again)), "an equal body"
    world.hunts["harbour"] = replace(PLAIN, epoch="k2", state="paused")
    changed = world.details.document("harbour"), world.list.document()
    assert all(map(is_not, first, changed))
    assert state(world) == ("paused", "paused")


def test_list_has_new_hunts_and_no_drafts() -> None:
    world = World(PLAIN)
    assert b"river" not in world.list.document().body
    world.hunts["river"] = named("river")
    assert b"river" in world.list.document().body
    world.hunts["river"] = replace(named("river"), state="draft")
    assert b"river" not in world.list.document().body
    world.hunts.clear()
    assert world.list.document().body == b'{"hunts":[]}'


async def test_ended_hunt_waits_for_its_versions_once() -> None:
    world = World(replace(PLAIN, state="closed", ended_at=START))
    request = build("harbour", [], "", scheme="http")
    assert world.details.peek(request, PEER) is None
    reply = await world.details.get(request, PEER)
    assert msgspec.json.decode(reply.body)["seed"] == PLAIN.seed.hex()
    assert world.details.peek(request, PEER) is reply
    assert world.reads == 1


async def test_deleted_hunt_has_no_document() -> None:
    world = World(PLAIN)
    world.details.document("harbour")
    del world.hunts["harbour"]
    with pytest.raises(HuntNotFound):
        world.details.document("harbour")
