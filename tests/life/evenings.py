"""The examples, with an operator and players, on two nodes."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import trio

from hunt.core.campaign import Door, campaign_to_json
from hunt.core.campaign_file import FILE, parse_campaign
from hunt.core.compression import compressed
from hunt.core.definition import Definition, Quota
from hunt.core.hunt_file import parse, to_json
from hunt.core.sse import Parser
from tests.support.processes import HUNT, HYPERCORN, free_port, running
from tests.support.serving import SECRET, bearer

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Seconds between two clicks of the cheat's program: regular, and faster than a person clicks.
PERIOD = 0.05


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A click that the rules of an example refuse."""

    status: int
    problem: str  #: last part of its type
    click: Mapping[str, float]
    hunt: str | None = None  #: None: the hunt that is played


@dataclass(frozen=True, kw_only=True)
class Example:
    """The differences of one example from the others."""

    path: Path  #: of the file, or of the campaign's folder
    hunt: str  #: id of the hunt that is played
    click: Mapping[str, float]  #: members of each click, besides its id
    campaign: str | None = None
    refused: tuple[Refused, ...] = ()
    rehearsal: tuple[str, ...] = ()  #: more options of ``hunt rehearse``

    @property
    def admin(self) -> str:
        """Address of the acts that concern all of it."""
        return f"/v1/admin/campaigns/{self.campaign}" if self.campaign else self.hunt_admin

    @property
    def hunt_admin(self) -> str:
        """Address of the acts that concern the hunt that is played."""
        return f"/v1/admin/hunts/{self.hunt}"

    async def create(self, operator: httpx.AsyncClient, opens: datetime) -> None:
        """Create drafts with the rules of the file that begin at `opens`."""
        if self.campaign is None:
            hunt = _moved(parse(self.path.read_text("utf-8")), opens)
            await done(operator, "POST", "/v1/admin/hunts", to_json(hunt))
            return
        found = parse_campaign((self.path / FILE).read_text("utf-8"))
        first = found.doors[0].definition.opens_at
        assert first is not None
        doors = tuple(
            Door(each.number, _moved(each.definition, opens + (each.definition.opens_at - first)))
            for each in found.doors
            if each.definition.opens_at is not None
        )
        body = campaign_to_json(found.campaign, doors)
        await done(operator, "PUT", self.admin, body)


def _moved(definition: Definition, opens: datetime) -> Definition:
    """Return a hunt at another time, with enough attempts for a program."""
    return replace(compressed(definition, opens, pace=1), attempts=Quota(100_000, "hunt"))


LIVE = Example(
    path=EXAMPLES / "live-stream.toml",
    hunt="live-show",
    click={"x": 50.0, "y": 50.0},
    rehearsal=("--webhook",),
)
CACHE = {"x": 13.3448, "y": 52.5352}
CITY = Example(
    path=EXAMPLES / "city-weekend.toml",
    hunt="city-weekend",
    click={**CACHE, "accuracy": 20.0},
    refused=(
        Refused(status=400, problem="invalid-request", click=CACHE),
        Refused(status=403, problem="position-inaccurate", click={**CACHE, "accuracy": 60.0}),
        Refused(status=403, problem="too-far", click={"x": 13.43, "y": 52.51, "accuracy": 20.0}),
    ),
)
ADVENT = Example(
    path=EXAMPLES / "advent",
    hunt="advent-01",
    campaign="advent",
    click={"x": 3.0, "y": 2.0},
    refused=(
        Refused(status=409, problem="hunt-not-open", click={"x": 3.0, "y": 2.0}, hunt="advent-02"),
    ),
    rehearsal=("--door", "6"),
)


def problem(answer: httpx.Response) -> str:
    """Return the last part of the problem type of an answer; empty if it is not a problem."""
    found = {} if answer.is_success else answer.json()
    return str(found.get("type", "")).rpartition("#")[2]


@dataclass
class Player:
    """A client of one node, with the live events of its stream."""

    client: httpx.AsyncClient
    example: Example
    events: list[tuple[str, Any]] = field(default_factory=list)
    ended: trio.Event = field(default_factory=trio.Event)

    async def watch(self) -> None:
        """Record live events until the stream ends."""
        parser = Parser()
        path = f"/v1/hunts/{self.example.hunt}/events"
        async with self.client.stream("GET", path, timeout=None) as response:
            assert response.status_code == 200
            async for chunk in response.aiter_raw():
                for each in parser.feed(chunk):
                    if each.event in {"state", "announcement"}:
                        self.events.append((each.event, json.loads(each.data)))
        self.ended.set()

    def told(self, event: str, **members: Any) -> bool:
        """Return whether an event with these members has arrived."""
        return any(kind == event and members.items() <= data.items() for kind, data in self.events)

    @property
    def state(self) -> str:
        """The state in the newest event of it."""
        return [str(data["state"]) for kind, data in self.events if kind == "state"][-1]

    async def click(
        self, click: Mapping[str, float] | None = None, hunt: str | None = None
    ) -> httpx.Response:
        """Click once, by default as the example does."""
        body = {"id": str(uuid.uuid4()), **(click or self.example.click)}
        return await self.client.post(f"/v1/hunts/{hunt or self.example.hunt}/clicks", json=body)

    async def playing(self) -> None:
        """Return once a click counts."""
        with trio.fail_after(60):
            while (await self.click()).status_code != 200:
                await trio.sleep(0.1)

    async def click_often(self, *, refusals: list[int]) -> None:
        """Click as a program does, until a click is refused because of a ban."""
        at = trio.current_time()
        while True:
            at += PERIOD
            await trio.sleep_until(at)
            answer = await self.click()
            if problem(answer) == "banned":
                return
            if not answer.is_success:
                refusals.append(answer.status_code)

    async def banned(self) -> None:
        """Return once a click is refused because of a ban."""
        while problem(await self.click()) != "banned":
            pass


@dataclass(frozen=True)
class Nodes:
    """Two nodes on one database, and their clients."""

    urls: list[str]
    environ: dict[str, str]
    stack: AsyncExitStack
    rehearsing: trio.Lock = field(default_factory=trio.Lock)  #: one rehearsal loads the machine

    async def client(self, node: int, name: str, **token: Any) -> httpx.AsyncClient:
        """Return a client of a node, with the token of a player or operator."""
        return await self.stack.enter_async_context(
            httpx.AsyncClient(base_url=self.urls[node], headers=bearer(name, **token), timeout=30)
        )


@asynccontextmanager
async def two_nodes(database: str) -> AsyncIterator[Nodes]:
    """Run a node of two processes with a supervisor, and a node of one without."""
    binds = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    urls = [f"http://{bind}" for bind in binds]
    environ = {
        "HUNT_DATABASE_URL": database,
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_WEBHOOK_ALLOW": "127.0.0.1/32",
        "HUNT_DATA_KEYS": "evening:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",  # of webhooks
    }
    commands = (
        [*HUNT, "serve", "--bind", binds[0], "--processes", "2"],
        [*HYPERCORN, "-b", binds[1], "-w", "1", "hunt.asgi:app"],
    )
    async with AsyncExitStack() as stack:
        for command, url in zip(commands, urls, strict=True):
            await stack.enter_async_context(running(command, url, environ))
        yield Nodes(urls, environ, stack)


async def done(operator: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """Return the answer to an act of an operator."""
    answer = await operator.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None
