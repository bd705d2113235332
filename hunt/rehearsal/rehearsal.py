"""A rehearsal: a test hunt from a hunt file, played against a running server, and judged."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import trio
from msgspec import Struct

from hunt.bench.players import Player
from hunt.bench.target import Target
from hunt.core import compression
from hunt.core.codes import TEST_CODE
from hunt.core.definition import TEST_PREFIX, Definition
from hunt.core.fairness import new_seed
from hunt.core.key_ring import KeyRing
from hunt.core.time_slices import TimeSpan
from hunt.errors import HuntError
from hunt.rehearsal.books import stored_log
from hunt.rehearsal.clickers import Clickers
from hunt.rehearsal.links import ClickLink
from hunt.rehearsal.listeners import Listeners
from hunt.rehearsal.receiver import Receiver, receiving
from hunt.rehearsal.report import Played
from hunt.store.codes import Codes
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.hunts import Hunts
from hunt.store.new_webhook import NewWebhook
from hunt.store.webhooks import Webhooks
from hunt.testing.history import History

#: Seconds from the creation of the hunt to its opening: the streams open meanwhile.
LEAD = 3.0

#: Seconds to wait for the server, its streams, and the last events and webhooks.
PATIENCE = 15.0

#: Codes that are loaded for each prize with codes.
CODES = 1000

#: Actor in the audit trail.
ACTOR = "hunt rehearse"

Say = Callable[[str], None]


class Plan(Struct, frozen=True, kw_only=True):
    """The plan of a rehearsal."""

    definition: Definition  #: of the hunt file
    seconds: float  #: > 0, of playing
    rate: float  #: clicks a second of all players together, > 0
    pace: float | None = None  #: how many times as fast; None: the whole hunt in `seconds`
    webhook: bool = False  #: receive webhooks on the loopback address
    keep: bool = False  #: do not delete the test hunt


def named(definition: Definition, number: int) -> str:
    """Return the id of a new test hunt.

    Args:
        definition: The hunt of the file.
        number: Makes it unique; 0 to 2**32 - 1.
    """
    return f"{TEST_PREFIX}{definition.id.removeprefix(TEST_PREFIX)[:48]}-{number:08x}"


def rehearsed(plan: Plan, starts: datetime, number: int) -> Definition:
    """Return the test hunt: the hunt of the file, at another time and perhaps faster."""
    definition = plan.definition
    length = TimeSpan(definition).length.total_seconds()
    pace = length / plan.seconds if plan.pace is None else plan.pace
    moved = compression.compressed(definition, starts, pace=pace)
    return replace(moved, id=named(definition, number), test=True)


async def rehearse(
    plan: Plan,
    url: str,
    players: Sequence[Player],
    *,
    pool: Pool,
    ring: KeyRing,
    say: Say,
) -> Played:
    """Create a test hunt, play it, and delete it; return what happened.

    Args:
        plan: The hunt, its duration and its load.
        url: Address of the server.
        players: At least one, each with a token.
        pool: The database of the server, with at least one connection.
        ring: Keys of codes and webhooks.
        say: Called with what happens, as a sentence.

    Raises:
        HuntError: The server does not serve the hunt, or something could not be prepared.
    """
    # Before anything is made: raises if no server answers.
    await trio.to_thread.run_sync(Target.parse(url, "test").request, "GET", "/livez")
    async with AsyncExitStack() as stack:
        opened = await _now(pool) + timedelta(seconds=LEAD)
        began = trio.current_time() + LEAD
        definition = rehearsed(plan, opened, random.getrandbits(32))
        hunts = Hunts(pool, ring)
        seed = new_seed(os.urandom)
        await hunts.open_new(definition, seed=seed, actor=ACTOR)
        say(f"created {definition.id}")
        if not plan.keep:
            stack.push_async_callback(_delete, hunts, definition.id, say)
        codes = await _load(pool, ring, definition)
        receiver = await stack.enter_async_context(_receiver(plan, pool, ring, definition.id))
        target = Target.parse(url, definition.id)
        await _wait_known(target, players[0])
        return await _play(
            _Stage(plan, target, definition, seed, began, codes, receiver), players, pool, ring
        )


class _Stage(Struct, frozen=True):
    """Everything that is prepared."""

    plan: Plan
    target: Target
    definition: Definition
    seed: bytes
    began: float  # by Trio's clock
    codes: dict[str, list[str]]
    receiver: Receiver | None


async def _play(stage: _Stage, players: Sequence[Player], pool: Pool, ring: KeyRing) -> Played:
    history = History()
    listeners = Listeners(stage.target, history)
    clickers = Clickers(
        stage.target, stage.definition, players, history, seed=random.getrandbits(64)
    )
    clicks = clickers.clicks
    async with trio.open_nursery() as nursery:
        for player in players:
            nursery.start_soon(listeners.listen, player)
        with trio.move_on_after(PATIENCE):
            await listeners.wait_greeted(len(players))
        greeted = len(listeners.greeted)
        began = max(stage.began, trio.current_time())  # opening many streams may take longer
        seconds = stage.plan.seconds - (began - stage.began)
        if seconds <= 0:
            raise HuntError("the streams took longer to open than the hunt lasts: give --for")
        await clickers.run(began, seconds, stage.plan.rate)
        ended = trio.current_time() - stage.began
        with trio.move_on_after(PATIENCE):
            await listeners.wait_received(set(clicks.answered))
        nursery.cancel_scope.cancel()
    log = await stored_log(pool, ring, stage.definition.id, stage.codes)
    if stage.receiver is not None:
        wins = sum(row.prize is not None for row in log.rows)
        with trio.move_on_after(PATIENCE):
            await stage.receiver.wait_taken(wins, PATIENCE * 2)
    return Played(
        definition=stage.definition,
        seed=stage.seed,
        players=len(players),
        greeted=greeted,
        broken=listeners.broken,
        clicks=clicks,
        received=listeners.received,
        history=history,
        log=log,
        loaded=sum(map(len, stage.codes.values())),
        deliveries=None if stage.receiver is None else stage.receiver.delivered(),
        opened=stage.began,
        ended=ended,
    )


async def _now(pool: Pool) -> datetime:
    """Return the time by the database's clock."""
    with translated():
        async with pool.connection() as conn:
            row = await (await conn.execute("select clock_timestamp()")).fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


async def _load(pool: Pool, ring: KeyRing, definition: Definition) -> dict[str, list[str]]:
    """Load test codes for each prize with codes, and return them."""
    loaded: dict[str, list[str]] = {}
    for prize in definition.prizes:
        if prize.codes:
            codes = [f"{TEST_CODE}{os.urandom(8).hex()}" for _ in range(CODES)]
            await Codes(pool, ring).load(definition.id, prize.id, [codes], actor=ACTOR)
            loaded[prize.id] = codes
    return loaded


@asynccontextmanager
async def _receiver(
    plan: Plan, pool: Pool, ring: KeyRing, hunt: str
) -> AsyncIterator[Receiver | None]:
    """Receive the webhooks of a hunt on the loopback address, if the plan says so."""
    if not plan.webhook:
        yield None
        return
    async with receiving() as receiver:
        await Webhooks(pool, ring).create(hunt, NewWebhook(url=receiver.url), actor=ACTOR)
        yield receiver


async def _wait_known(target: Target, player: Player) -> None:
    """Return once the server knows the hunt.

    Raises:
        HuntError: It does not, so it has another database; or it does not answer.
    """
    status, last = 0, trio.current_time() + PATIENCE
    while trio.current_time() < last:
        status, _, _ = await trio.to_thread.run_sync(
            target.request, "GET", f"/v1/hunts/{target.hunt}"
        )
        if status == 200:
            break
        await trio.sleep(0.1)
    else:
        raise HuntError(
            f"the server at {target.host}:{target.port} does not know {target.hunt} (status "
            f"{status}): give the address of a server on this database with --url"
        )
    link = ClickLink(target)
    try:
        status, _ = await link.click(player.token, b"{}")
    finally:
        link.close()
    if status in {401, 403}:
        raise HuntError(
            f"the server refuses the players' tokens ({status}): "
            "set HUNT_JWT_SECRET to the secret of the server"
        )


async def _delete(hunts: Hunts, hunt: str, say: Say) -> None:
    """Delete the test hunt, even if the rehearsal was cancelled."""
    with trio.CancelScope(shield=True):
        await hunts.delete(hunt, actor=ACTOR)
    say(f"deleted {hunt}")
