"""The write path of one process: commits, and what follows from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hunt.core.breaker import Breaker
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.hunts import Hunt
from hunt.core.readiness import NodeState, WorkerState
from hunt.errors import (
    BatchRejected,
    CircuitOpen,
    Draining,
    HuntFailed,
    HuntNotOpen,
    HuntUnavailable,
    LogWentBack,
    StoreUnavailable,
)
from hunt.metrics.recorder import Recorder
from hunt.processes.listening import unix_listener
from hunt.service.commits import COMMIT_DEADLINE, Commits
from hunt.service.drawing import Drawing
from hunt.service.epochs import Epochs
from hunt.service.joint_commits import Workers
from hunt.service.quarantine import FIRST
from hunt.service.tail import Tail
from hunt.settings import Settings
from tests.support.hunts import HUNTS, PLAIN, TIMED
from tests.support.processes import until

ID = "0b0e7a3c-59a4-4c7e-9a1a-3d2c1f6b8e90"


def click(number: int) -> Click:
    return Click(f"c{number}", "ada", 1.0, 2.0, "coin", 5, "0" * 32)


class Log:
    """A log that answers as told, and notes each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], float, int]] = []
        self.hunts: list[str] = []
        self.rejected: list[str] = []
        self.probed: list[str | None] = []
        self.down_until = 0.0  #: time until which probes fail
        self.answers: list[Any] = []
        self.takes = 0.25
        self.gate: trio.Event | None = None

    async def append(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None],
        *,
        deadline: float,
        known: int,
    ) -> list[Outcome]:
        self.calls.append(([each.id for each in clicks], deadline, known))
        self.hunts.append(hunt)
        sent()
        await trio.sleep(self.takes)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    async def reject(self, hunt: str, click: Click, reason: str) -> None:
        self.rejected.append(click.id)

    async def probe(self, hunt: str | None) -> float:
        self.probed.append(hunt)
        if trio.current_time() < self.down_until:
            raise StoreUnavailable("gone")
        return 0.0


class World:
    """Commits, and the objects that they use."""

    def __init__(self, **options: Any) -> None:
        self.log = Log()
        self.hunts: dict[str, Hunt] = {"harbour": PLAIN}
        self.published: list[int] = []
        self.begun: list[tuple[str, str, int]] = []
        self.announced = 0
        self.breaker = Breaker(trio.current_time, jitter=lambda: 0.5)
        self.recorder = Recorder(trio.current_time)
        self.tail = Tail(read=self.read, last=self.last, publish=self.publish, jitter=lambda: 0.5)
        self.tail.start_at("harbour", 0)
        self.commits = Commits(
            Settings(batch_interval=0.0),
            log=self.log,
            hunts=self.hunts,
            epochs=Epochs(self.hunts, self.begin, refresh=lambda: None),
            tail=self.tail,
            breaker=self.breaker,
            recorder=self.recorder,
            breaker_changed=self.announce,
            jitter=lambda: 0.25,
            drawing=Drawing(self.hunts),
            **options,
        )

    async def read(self, hunt: str, after: int, upto: int) -> list[Reward]:
        raise NotImplementedError

    async def last(self) -> dict[str, int]:
        raise NotImplementedError

    def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
        self.published += [each.seq for each in rewards]

    def announce(self) -> None:
        self.announced += 1

    async def begin(self, hunt: str, epoch: str, seq: int) -> bool:
        self.begun.append((hunt, epoch, seq))
        return True

    async def commit(self, *numbers: int, hunt: str = "harbour") -> list[Outcome]:
        clicks = [click(number) for number in numbers]
        return await self.commits.commit(hunt, clicks, lambda: None)


def settled(number: int, seq: int, *, duplicate: bool = False) -> Settlement:
    return Settlement(Reward(seq, f"c{number}", "ada", "coin", 5, ""), duplicate)


async def test_new_rewards_go_to_the_tail_in_order_and_are_counted(
    autojump_clock: MockClock,
) -> None:
    world = World()
    world.log.answers = [[settled(1, 2), settled(2, 9, duplicate=True), settled(3, 1)]]
    outcomes = await world.commit(1, 2, 3)
    assert outcomes == [settled(1, 2), settled(2, 9, duplicate=True), settled(3, 1)]
    assert world.published == [1, 2]
    assert world.recorder.points == {"harbour": 10}
    assert world.log.calls == [(["c1", "c2", "c3"], COMMIT_DEADLINE, 0)]
    assert world.log.hunts == ["harbour"]
    assert world.recorder.batch_rows.counts()[2] == 1  # three to five clicks
    assert world.recorder.commit_seconds.total == pytest.approx(0.25)
    world.log.answers = [[settled(4, 2, duplicate=True)]]
    await world.commit(4)
    assert world.published == [1, 2]
    assert world.recorder.points == {"harbour": 10}
    assert world.log.calls[1][2] == 2, "the last seq that is known"


async def test_click_that_the_database_rejects_is_recorded(autojump_clock: MockClock) -> None:
    world = World()
    world.log.answers = [BatchRejected("not a number")]
    [refusal] = await world.commit(1)
    assert not isinstance(refusal, Settlement)
    assert world.log.rejected == ["c1"]


async def test_refusal_of_a_closed_hunt_has_its_times(autojump_clock: MockClock) -> None:
    world = World()
    opens = datetime(2026, 1, 1, tzinfo=UTC)
    world.hunts["harbour"] = replace(PLAIN, definition=replace(PLAIN.definition, opens_at=opens))
    for hunt, shown in (("harbour", "2026-01-01T00:00:00Z"), ("unknown", None)):
        world.log.answers = [[HuntNotOpen(opens_at=None, closes_at=None)]]
        [refusal] = await world.commit(1, hunt=hunt)
        assert isinstance(refusal, HuntNotOpen)
        assert refusal.opens_at == shown


@pytest.mark.parametrize("known", [True, False])
async def test_log_that_went_back_begins_an_epoch(autojump_clock: MockClock, known: bool) -> None:
    world = World()
    world.tail.begin_again("harbour", 7)
    if not known:
        del world.hunts["harbour"]
    world.log.answers = [LogWentBack("shorter")] * 5
    [refusal] = await world.commit(1)
    assert not isinstance(refusal, Settlement)
    expected = {("harbour", PLAIN.epoch, 7)} if known else set()
    assert set(world.begun) == expected


async def test_open_breaker_is_announced_and_waiting_clicks_are_refused(
    autojump_clock: MockClock,
) -> None:
    world = World()
    world.log.gate = trio.Event()
    outcomes: list[Outcome] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(world.commits.run)
        for number in range(3):
            world.commits.lanes.put("harbour", click(number), outcomes.append, trio.current_time())
            await trio.sleep(0.1)
        assert world.commits.lanes.queued() == 2
        assert world.commits.lanes.oldest() == pytest.approx(0.2)
        world.breaker.read_only(world.breaker.admit())
        retry_after = world.breaker.retry_after() + 0.75
        world.commits.prober.observe()
        assert world.announced == 1
        assert world.recorder.transitions == {"open": 1}
        await trio.testing.wait_all_tasks_blocked()
        assert [type(each) for each in outcomes] == [CircuitOpen, CircuitOpen]
        assert [each.retry_after for each in outcomes] == pytest.approx([retry_after] * 2)  # type: ignore[union-attr]
        world.log.answers = [[settled(0, 1)]]
        world.log.gate.set()
        await trio.sleep(30)
        assert world.breaker.state == "closed"
        assert set(world.log.probed) <= {None, "harbour"}
        assert world.log.probed
        assert world.announced == 3, "half-open, and closed"
        assert world.recorder.transitions == {"open": 1, "half-open": 1, "closed": 1}
        nursery.cancel_scope.cancel()


async def test_hunt_whose_commits_fail_is_paused(autojump_clock: MockClock) -> None:
    world = World()
    world.log.answers = [HuntFailed("a corrupt page")]
    await world.commit(1)
    assert world.commits.quarantine.pause("harbour") == pytest.approx(FIRST * (0.5 + 0.5 * 0.25))
    [refusal] = await world.commit(2)
    assert isinstance(refusal, HuntUnavailable)
    assert world.log.calls == [(["c1"], COMMIT_DEADLINE, 0)]
    world.hunts["timed"] = HUNTS["timed"]
    world.breaker.read_only(world.breaker.admit())
    async with trio.open_nursery() as nursery:
        await nursery.start(world.commits.run)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert set(world.log.probed) == {"timed"}, "probes leave it out, too"


async def test_failed_probes_are_logged_at_a_limited_rate(autojump_clock: MockClock) -> None:
    world = World()
    world.log.down_until = 60.0 + trio.current_time()
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            await nursery.start(world.commits.run)
            world.breaker.read_only(world.breaker.admit())
            world.commits.prober.observe()
            await trio.sleep(120)
            assert world.breaker.state == "closed"
            world.breaker.read_only(world.breaker.admit())
            world.commits.prober.observe()
            world.breaker.force("open")
            world.commits.prober.observe()
            nursery.cancel_scope.cancel()
    probing = [each for each in lines if each["log_level"] == "debug"]
    assert {(each["state"], each["reason"]) for each in probing} == {
        ("half-open", "read-only"), ("half-open", "unavailable"),
    }  # fmt: skip
    told = [each for each in lines if each["log_level"] != "debug"]
    failed = {
        "event": "breaker probe failed", "reason": "unavailable", "log_level": "warning",
        "rate_limited": True,
    }  # fmt: skip
    changes = [(each["state"], each["reason"]) for each in told if each != failed]
    assert changes == [
        ("open", "read-only"), ("closed", None), ("open", "read-only"), ("open", "forced"),
    ]  # fmt: skip
    assert told.count(failed) >= 5


async def test_outcomes_of_the_lanes_are_counted_with_their_times(
    autojump_clock: MockClock,
) -> None:
    world = World()
    world.log.answers = [[settled(1, 1)], [StoreUnavailable("gone")]]
    outcomes: list[Outcome] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(world.commits.run)
        assert world.commits.lanes.oldest() == 0.0
        world.commits.lanes.put("harbour", click(1), outcomes.append, trio.current_time() - 1.0)
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    assert outcomes == [settled(1, 1)]
    assert world.recorder.clicks.counts == {("harbour", "won"): 1}
    assert world.recorder.click_seconds.total == pytest.approx(1.25)


async def test_outcomes_of_the_lanes_are_traced(autojump_clock: MockClock) -> None:
    traced: list[tuple[str, list[str], list[Outcome], tuple[float, float] | None]] = []

    tracing = SimpleNamespace(
        settled=lambda hunt, batch, outcomes, times: traced.append(
            (hunt, [each.click.id for each in batch], list(outcomes), times)
        )
    )
    world = World(tracing=tracing)
    world.log.answers = [[settled(1, 1)]]
    async with trio.open_nursery() as nursery:
        await nursery.start(world.commits.run)
        began = trio.current_time()
        world.commits.lanes.put("harbour", click(1), lambda outcome: None, began)
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    assert traced == [("harbour", ["c1"], [settled(1, 1)], (began, began + world.log.takes))]


async def test_commit_is_reported_to_the_prober(autojump_clock: MockClock) -> None:
    world = World()
    world.log.answers = [[settled(1, 1)]]
    await world.commit(1)
    assert world.commits.prober.last_hunt == "harbour"


async def test_new_rewards_are_published(autojump_clock: MockClock) -> None:
    told: list[tuple[str, list[int]]] = []
    world = World(publish=lambda hunt, rewards: told.append((hunt, [each.seq for each in rewards])))
    world.log.answers = [[settled(1, 2), settled(2, 1)], [settled(1, 2, duplicate=True)]]
    await world.commit(1, 2)
    await world.commit(1)
    assert told == [("harbour", [1, 2])]


async def test_clicks_are_drawn_with_their_batch(autojump_clock: MockClock) -> None:
    world = World()
    world.hunts["timed"] = HUNTS["timed"]
    world.log.answers = [[settled(1, 1)]]
    drawn = Click(ID, "ada", 0.5, 0.5)
    await world.commits.commit("timed", [drawn])
    assert (drawn.prize, drawn.points) == ("coin", 7)


def workers_in(folder: Path) -> tuple[World, World]:
    """Return two workers that can commit."""
    both = [WorkerState(process=number, able=True, reasons=[]) for number in (1, 2)]
    first, second = (
        World(
            name=f"worker-{number}",
            workers=Workers(
                own=number,
                node=lambda: NodeState(ready=True, reasons=[], workers=both),
                address=lambda process: str(folder / f"w.{process}"),
                listen=unix_listener,
            ),
        )
        for number in (1, 2)
    )
    first.log.takes = second.log.takes = 0.0
    return first, second


async def forwarded_hunt(committer: World, other: World) -> str:
    """Wait until the workers are connected; return a hunt whose clicks one of them forwards.

    Only that one knows the hunt: the committer gets its clicks already drawn.
    """
    await until(lambda: bool(committer.commits.joint.names() and other.commits.joint.names()))
    names = (f"hunt-{number}" for number in itertools.count())
    hunt = next(each for each in names if other.commits.joint._route(each) is not None)
    known = replace(HUNTS["timed"], definition=replace(TIMED, id=hunt), player_key=bytes(32))
    other.hunts[hunt] = known
    return hunt


async def test_click_of_another_worker_is_drawn_and_counted_there(tmp_path: Path) -> None:
    committer, other = workers_in(tmp_path)
    outcomes: list[Outcome] = []
    async with trio.open_nursery() as nursery:
        for each in (committer, other):
            await nursery.start(each.commits.run)
        hunt = await forwarded_hunt(committer, other)
        assert list(committer.commits.joint.names()) == ["worker-2"]
        committer.log.answers = [[settled(1, 1)]]
        click = Click(ID, "ada", 0.5, 0.5)
        other.commits.joint.put(hunt, click, outcomes.append, trio.current_time())
        await until(lambda: bool(outcomes))
        for each, put in (
            (committer, committer.commits.lanes.put),
            (other, other.commits.joint.put),
        ):
            await each.commits.joint.drain()
            with pytest.raises(Draining) as refused:
                put(hunt, click, outcomes.append, trio.current_time())
            assert refused.value.retry_after == 1.25
        nursery.cancel_scope.cancel()
    assert outcomes == [settled(1, 1)]
    assert (click.prize, click.points) == ("coin", 7)
    assert (len(committer.log.calls), len(other.log.calls)) == (1, 0)
    assert (committer.published, other.published) == ([1], [1])
    assert other.recorder.clicks.counts == {(hunt, "won"): 1}
    assert not committer.recorder.clicks.counts


async def test_click_whose_committer_ends_is_committed_by_its_own_worker(tmp_path: Path) -> None:
    committer, other = workers_in(tmp_path)
    committer.log.gate = trio.Event()
    other.log.answers = [[settled(1, 1)]]
    outcomes: list[Outcome] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(other.commits.run)
        async with trio.open_nursery() as ending:
            await ending.start(committer.commits.run)
            hunt = await forwarded_hunt(committer, other)
            click = Click(ID, "ada", 0.5, 0.5)
            other.commits.joint.put(hunt, click, outcomes.append, trio.current_time())
            await until(lambda: bool(committer.log.calls))
            ending.cancel_scope.cancel()
        await until(lambda: bool(outcomes))
        nursery.cancel_scope.cancel()
    assert outcomes == [settled(1, 1)]
    assert (other.log.calls, other.log.hunts) == ([([ID], COMMIT_DEADLINE, 0)], [hunt])


@pytest.mark.parametrize(
    ("unanswered", "known", "duplicate"),
    [(["c1"], 0, False), ([], 0, True), (["c1"], 1, True), (["c1"], None, False)],
)
async def test_click_that_another_worker_may_have_recorded_is_new_after_the_known_seq(
    autojump_clock: MockClock, unanswered: list[str], known: int | None, duplicate: bool
) -> None:
    world = World()
    world.log.answers = [[settled(1, 1, duplicate=True)]]
    outcomes = await world.commits.commit("harbour", [click(1)], unanswered=unanswered, known=known)
    assert outcomes == [settled(1, 1, duplicate=duplicate)]
    assert world.published == ([] if duplicate else [1])


async def test_caller_learns_that_its_batch_is_sent_before_the_answer(
    autojump_clock: MockClock,
) -> None:
    world = World()
    world.log.answers = [[settled(1, 1)], [settled(1, 1, duplicate=True)]]
    sent: list[float] = []
    began = trio.current_time()
    await world.commits.commit("harbour", [click(1)], lambda: sent.append(trio.current_time()))
    assert sent == [began]
    await world.commits.commit("harbour", [click(1)])  # without a callback
