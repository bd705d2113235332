"""Joint commits of workers that are connected by real sockets."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import trio

from hunt.core import commit_messages
from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.core.readiness import NodeState, WorkerState
from hunt.errors import (
    CircuitOpen,
    ClickConflict,
    Draining,
    HuntFailed,
    HuntNotFound,
    OutcomeUnknown,
    Overloaded,
    QueueFull,
    Refused,
    StoreError,
)
from hunt.processes.listening import unix_listener
from hunt.service import committer_link, joint_commits
from hunt.service.joint_commits import JointCommits, Workers
from hunt.service.lane import Waiting
from hunt.service.lanes import Lanes
from tests.support.peak_memory import peak_memory
from tests.support.processes import until


class Node:
    """Workers of one node, with one log."""

    def __init__(self, folder: Path, size: int = 2) -> None:
        self.folder = folder
        self.able = set(range(1, size + 1))
        self.log: list[str] = []  # ids of recorded clicks

    def state(self) -> NodeState:
        return NodeState(
            ready=True,
            reasons=[],
            workers=[
                WorkerState(process=each, able=True, reasons=[]) for each in sorted(self.able)
            ],
        )


class Worker:
    """The joint commits of one worker, whose own commits are noted."""

    def __init__(self, node: Node, number: int) -> None:
        self.node = node
        self.batches: list[list[str]] = []  # ids of the clicks of each commit
        self.again: list[tuple[set[str], int]] = []  # clicks of unknown outcome, known seq
        self.hunts: set[str] = set()  # ids of hunts that were committed, or whose log was asked
        self.told: list[int] = []  # seqs of commits of other workers
        self.counted = Counter[str]()  # clicks, by the type of their outcome
        self.begun = 0  # commits
        self.gate = trio.Event()
        self.gate.set()
        self.refusal: Refused | None = None
        self.refusals: dict[str, Refused] = {}  # by id of the click
        self.drawn: list[str] = []  # ids of clicks that were drawn before they were forwarded
        self.messages: list[int] = []  # numbers of these clicks in each message
        self.undrawable: dict[str, StoreError | Refused] = {}  # by id of the click
        self.lanes = Lanes(
            self.commit, batch_size=100, batch_interval=0, queue_size=50, queue_age=9,
            jitter=lambda: 0, settled=self.settled,
        )  # fmt: skip
        self.joint = JointCommits(
            Workers(
                own=number,
                node=node.state,
                address=lambda pid: str(node.folder / f"w.{pid}"),
                listen=unix_listener,
            ),
            name=f"worker-{number}",
            lanes=self.lanes,
            commit=self.commit,
            queue_size=50,
            batch_size=100,
            known=self.known,
            committed=lambda hunt, rewards: self.told.extend(each.seq for each in rewards),
            settled=self.settled,
            draw=self.draw,
            jitter=lambda: 0.25,
        )

    def known(self, hunt: str) -> int:
        self.hunts.add(hunt)
        return len(self.node.log)

    def draw(self, hunt: str, clicks: Sequence[Click]) -> None:
        for each in clicks:
            if each.id in self.undrawable:
                raise self.undrawable[each.id]
        self.drawn += [each.id for each in clicks]
        self.messages.append(len(clicks))

    async def commit(
        self,
        hunt: str,
        clicks: Sequence[Click],
        sent: Callable[[], None] = lambda: None,
        *,
        unanswered: Collection[str] = (),
        known: int = -1,
    ) -> list[Outcome]:
        if unanswered:
            self.again.append((set(unanswered), known))
        self.begun += 1
        self.hunts.add(hunt)
        await self.gate.wait()
        self.batches.append([each.id for each in clicks])
        if self.refusal is not None:
            return [self.refusal] * len(clicks)
        outcomes: list[Outcome] = []
        fresh = []
        for each in clicks:
            if each.id in self.refusals:
                outcomes.append(self.refusals[each.id])
                continue
            repeat = each.id in self.node.log
            if not repeat:
                self.node.log.append(each.id)
            reward = Reward(self.node.log.index(each.id) + 1, each.id, each.player, None, 0, "")
            outcomes.append(Settlement(reward, duplicate=repeat and each.id not in unanswered))
            fresh.append(reward)
        self.joint.committed(hunt, fresh)
        return outcomes

    def settled(
        self,
        hunt: str,
        batch: Sequence[Waiting],
        outcomes: Sequence[Outcome],
        times: tuple[float, float] | None,
    ) -> None:
        pairs = zip(batch, outcomes, strict=True)
        self.counted.update(type(outcome).__name__ for each, outcome in pairs if not each.guest)

    async def run(
        self, *, task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.lanes.run)
                nursery.start_soon(self.joint.run)
                task_status.started(scope)


class Pair:
    """Two connected workers; the first commits the clicks of `hunt`."""

    def __init__(self, node: Node, one: Worker, other: Worker) -> None:
        self.node, self.one, self.other = node, one, other
        self.hunt = next(
            name
            for name in (f"hunt-{number}" for number in count())
            if other.joint._route(name) is not None
        )
        self.outcomes: dict[str, Outcome] = {}

    def click(self, id_: str) -> None:
        self.other.joint.put(
            self.hunt,
            Click(id_, "ada", 0.0, 0.0, None, 0),
            partial(self.outcomes.__setitem__, id_),
            trio.current_time(),
        )

    async def answered(self, *ids: str) -> list[Outcome]:
        await until(lambda: self.outcomes.keys() >= set(ids))
        return [self.outcomes[each] for each in ids]


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[Pair, trio.CancelScope, trio.CancelScope]]:
    """Yield two connected workers, and the scopes that end each."""
    node = Node(folder)
    one, other = Worker(node, 1), Worker(node, 2)
    async with trio.open_nursery() as nursery:
        first = await nursery.start(one.run)
        second = await nursery.start(other.run)
        await until(lambda: bool(one.joint.names()) and bool(other.joint.names()))
        yield Pair(node, one, other), first, second
        nursery.cancel_scope.cancel()


def seqs(outcomes: Sequence[Outcome]) -> list[int]:
    return [each.reward.seq for each in outcomes if isinstance(each, Settlement)]


async def test_clicks_of_both_workers_are_one_commit(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.gate = trio.Event()
        own: dict[str, Outcome] = {}
        for id_ in ("a1", "a2", "a3"):  # the first one is committed alone, because none waits
            click = Click(id_, "bob", 0.0, 0.0, None, 0)
            both.one.joint.put(both.hunt, click, partial(own.__setitem__, id_), trio.current_time())
            await trio.testing.wait_all_tasks_blocked()
        both.click("b1")
        both.click("b2")
        await until(lambda: both.one.lanes.queued() == 4)
        both.one.gate.set()
        assert seqs(await both.answered("b1", "b2")) == [4, 5]
        assert both.one.batches == [["a1"], ["a2", "a3", "b1", "b2"]]
        assert both.other.batches == []
        assert seqs(list(own.values())) == [1, 2, 3]


async def test_each_click_is_counted_by_its_own_worker(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.click("b1")
        await both.answered("b1")
        assert (both.one.counted, both.other.counted) == ({}, {"Settlement": 1})
        assert both.other.joint.forwarded == {"settled": 1, "left": 0, "lost": 0}


async def test_forwarding_one_click_needs_no_large_buffer(tmp_path: Path) -> None:
    # The heap grows by a large buffer whenever small objects have split its free blocks.
    async with pair(tmp_path) as (both, _, _):
        with peak_memory() as peak:
            both.click("b1")
            await both.answered("b1")
            assert peak() < 50_000


async def test_commits_are_told_to_the_other_worker_before_the_outcomes(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        told: list[list[int]] = []
        both.other.joint.put(
            both.hunt,
            Click("b1", "ada", 0.0, 0.0, None, 0),
            lambda outcome: told.append(list(both.other.told)),
            trio.current_time(),
        )
        await until(lambda: bool(told))
        assert told == [[1]]


@pytest.mark.parametrize(
    "refusal",
    [CircuitOpen(retry_after=1), Draining(retry_after=1), Overloaded(retry_after=1)],
    ids=["breaker open", "draining", "no answer of the database"],
)
async def test_a_committer_that_cannot_commit_leaves_clicks_to_their_worker(
    tmp_path: Path, refusal: Refused
) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.refusal = refusal
        both.click("b1")
        [outcome] = await both.answered("b1")
        assert seqs([outcome]) == [1]
        assert both.other.batches == [["b1"]]
        assert both.other.again == []  # it was certainly not recorded
        assert both.other.joint.forwarded == {"settled": 0, "left": 1, "lost": 0}


async def test_clicks_are_drawn_before_they_are_forwarded(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.click("b1")
        await both.answered("b1")
        assert (both.other.drawn, both.one.drawn) == (["b1"], [])
        assert both.one.batches == [["b1"]]


@pytest.mark.parametrize(
    "error",
    [HuntFailed("cannot be drawn"), HuntNotFound("there is no hunt")],
    ids=lambda each: type(each).__name__,
)
async def test_clicks_that_cannot_be_drawn_are_left_to_their_worker(
    tmp_path: Path, error: StoreError | Refused
) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.other.joint._links[1]._batch_size = 2
        both.other.undrawable = {"b1": error, "b5": error}
        ids = [f"b{number}" for number in range(1, 6)]
        for each in ids:
            both.click(each)
        assert len(seqs(await both.answered(*ids))) == 5
        assert both.one.batches == [["b3", "b4"]]
        assert (both.other.batches, both.other.again) == ([["b1", "b2", "b5"]], [])
        assert both.other.joint.queued() == 0
        assert both.other.joint.forwarded == {"settled": 2, "left": 3, "lost": 0}


async def test_clicks_of_one_message_have_their_own_outcomes(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.refusals = {"b1": Overloaded(retry_after=1), "b3": Draining(retry_after=1)}
        ids = ["b1", "b2", "b3", "b4"]
        for each in ids:
            both.click(each)
        assert seqs(await both.answered(*ids)) == [3, 1, 4, 2]
        assert (both.one.batches, both.other.batches) == ([ids], [["b1", "b3"]])
        assert both.other.joint.forwarded == {"settled": 2, "left": 2, "lost": 0}
        both.one.refusals = {"b5": Overloaded(retry_after=1), "b7": Draining(retry_after=1)}
        both.other.lanes._queue_size = 1
        ids = ["b5", "b6", "b7", "b8"]
        for each in ids:
            both.click(each)
        settled, forwarded, full, last = await both.answered(*ids)
        assert seqs([settled, forwarded, last]) == [7, 5, 6]
        assert isinstance(full, QueueFull), "the own lanes had room for one click"
        assert both.other.joint.forwarded == {"settled": 5, "left": 4, "lost": 0}
        assert both.other.counted == {"Settlement": 7, "QueueFull": 1}


async def test_click_that_finds_no_room_at_its_committer_is_refused(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.lanes._queue_size = 1
        for each in ("b1", "b2", "b3"):
            both.click(each)
        settled, *full = await both.answered("b1", "b2", "b3")
        assert seqs([settled]) == [1]
        assert [type(each) for each in full] == [QueueFull, QueueFull]
        assert both.other.batches == []


@pytest.mark.parametrize(
    "refusal",
    [ClickConflict("used"), OutcomeUnknown(), QueueFull(retry_after=1)],
    ids=lambda each: type(each).__name__,
)
async def test_other_refusals_are_the_outcome(tmp_path: Path, refusal: Refused) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.refusal = refusal
        both.click("b1")
        [outcome] = await both.answered("b1")
        assert type(outcome) is type(refusal)
        assert both.other.batches == []


async def test_clicks_of_a_committer_that_ends_are_committed_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, end, _):
        both.node.log.append("older")
        both.one.gate = trio.Event()
        both.click("b1")
        await until(lambda: both.one.begun == 1)
        both.node.log.append("b1")  # recorded, and the answer is lost
        both.node.able.discard(1)
        end.cancel()
        [outcome] = await both.answered("b1")
        assert isinstance(outcome, OutcomeUnknown | Settlement)
        assert outcome == Settlement(Reward(2, "b1", "ada", None, 0, ""), duplicate=False)
        assert both.other.again == [({"b1"}, 1)]


async def test_clicks_that_wait_for_a_committer_that_ends_are_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_link, "GATHER", 60.0)
    async with pair(tmp_path) as (both, end, _):
        both.one.gate = trio.Event()
        both.click("b1")
        await until(lambda: both.one.begun == 1)
        both.click("b2")
        both.node.able.discard(1)
        end.cancel()
        assert sorted(seqs(await both.answered("b1", "b2"))) == [1, 2]
        assert sorted(both.other.again, key=str) == [({"b1"}, 0), ({"b2"}, 0)]
        assert both.other.hunts == {both.hunt}


async def test_clicks_of_a_committer_that_hangs_are_committed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_link, "LOST", 0.05)
    async with pair(tmp_path) as (both, _, _):
        both.one.gate = trio.Event()
        both.click("b1")
        assert seqs(await both.answered("b1")) == [1]
        assert both.other.batches == [["b1"]]
        assert both.other.joint.forwarded == {"settled": 0, "left": 0, "lost": 1}
        with trio.fail_after(5):
            await both.other.joint.drain()


async def test_further_clicks_do_not_go_to_a_slow_committer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.gate = trio.Event()
        both.click("b1")
        await until(lambda: both.one.begun == 1)
        monkeypatch.setattr(committer_link, "SLOW", 0.0)
        both.click("b2")
        assert seqs(await both.answered("b2")) == [1]
        assert both.other.batches == [["b2"]]
        both.one.gate.set()
        assert seqs(await both.answered("b1")) == [2]


async def test_each_click_gets_an_outcome_when_its_worker_is_cancelled(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, end):
        both.one.gate = trio.Event()
        both.other.gate = trio.Event()
        both.click("b1")
        await until(lambda: both.one.begun == 1)
        both.click("b2")  # not sent yet
        end.cancel()
        outcomes = await both.answered("b1", "b2")
        assert [type(each) for each in outcomes] == [OutcomeUnknown, OutcomeUnknown]


async def test_clicks_at_a_committer_are_bounded(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.one.gate = trio.Event()
        for number in range(50):
            both.click(f"b{number}")
        assert both.other.joint.queued() == 50
        with pytest.raises(QueueFull) as refused:
            both.click("b50")
        assert refused.value.retry_after == 0.75


async def test_messages_are_bounded(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.other.joint._links[1]._batch_size = 2
        ids = [f"b{number}" for number in range(5)]
        for each in ids:
            both.click(each)
        assert seqs(await both.answered(*ids)) == [1, 2, 3, 4, 5]
        assert both.other.messages == [2, 2, 1]


async def test_remembered_committers_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path) as (both, _, _):
        monkeypatch.setattr(joint_commits, "REMEMBERED", 2)
        both.other.joint._routes.clear()
        for hunt in ("harbour", "river", both.hunt):
            both.other.joint._route(hunt)
        assert list(both.other.joint._routes) == ["harbour", "river"]
        both.click("b1")
        await both.answered("b1")
        assert both.one.batches == [["b1"]]


async def test_drain_waits_for_forwarded_clicks_and_refuses_new_ones(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _), trio.open_nursery() as nursery:
        both.one.gate = trio.Event()
        both.click("b1")
        drained = trio.Event()

        async def drain() -> None:
            await both.other.joint.drain()
            drained.set()

        nursery.start_soon(drain)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(Draining) as refused:
            both.click("b2")
        assert refused.value.retry_after == 1.25
        assert not drained.is_set()
        both.one.gate.set()
        await drained.wait()
        assert seqs([both.outcomes["b1"]]) == [1]


async def test_drain_waits_for_clicks_that_are_committed_again(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, end, _), trio.open_nursery() as nursery:
        both.one.gate, both.other.gate = trio.Event(), trio.Event()
        both.click("b1")
        await until(lambda: both.one.begun == 1)
        both.click("b2")
        both.click("b3")
        await until(lambda: both.one.lanes.queued() == 2)
        assert both.other.joint.queued() == 3
        both.node.able.discard(1)
        end.cancel()
        await until(lambda: both.other.begun == 2)
        assert both.other.joint.forwarded == {"settled": 0, "left": 0, "lost": 3}
        nursery.start_soon(both.other.joint.drain)
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) == 1
        both.other.gate.set()
        with trio.fail_after(5):
            while nursery.child_tasks:
                await trio.lowlevel.checkpoint()
        assert sorted(seqs(list(both.outcomes.values()))) == [1, 2, 3]
        assert sorted(both.other.again, key=str) == [({"b1"}, 0), ({"b2", "b3"}, 0)]


async def test_drain_sends_the_outcomes_of_other_workers(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, end, _):
        both.one.gate = trio.Event()
        both.click("b1")
        await until(lambda: both.one.begun == 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(both.one.joint.drain)
            await trio.testing.wait_all_tasks_blocked()
            both.one.gate.set()
        end.cancel()
        assert seqs(await both.answered("b1")) == [1]
        assert both.other.batches == []


async def test_drain_does_not_wait_for_a_worker_that_has_ended(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, end):
        both.node.able.discard(2)
        end.cancel()
        await until(lambda: not both.one.joint.names())
        await trio.testing.wait_all_tasks_blocked(0.01)
        both.one.joint.committed(both.hunt, [Reward(1, "a1", "ada", None, 0, "")])
        with trio.fail_after(5):
            await both.one.joint.drain()


async def test_click_before_the_workers_are_known_is_committed_here(tmp_path: Path) -> None:
    worker = Worker(Node(tmp_path), 1)
    click = Click("a1", "ada", 0.0, 0.0, None, 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(worker.lanes.run)
        worker.joint.put("harbour", click, lambda outcome: None, trio.current_time())
        await until(lambda: worker.batches == [["a1"]])
        nursery.cancel_scope.cancel()


async def test_worker_that_is_not_able_does_not_commit(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.node.able.discard(1)
        await until(lambda: both.other.joint._able == (2,))
        both.click("b1")
        await both.answered("b1")
        assert both.other.batches == [["b1"]]


async def test_worker_commits_its_clicks_while_no_worker_is_able(tmp_path: Path) -> None:
    worker = Worker(Node(tmp_path, size=0), 1)
    outcomes: dict[str, Outcome] = {}
    async with trio.open_nursery() as nursery:
        await nursery.start(worker.run)
        click = Click("a1", "ada", 0.0, 0.0, None, 0)
        worker.joint.put("harbour", click, partial(outcomes.__setitem__, "a1"), trio.current_time())
        await until(lambda: bool(outcomes))
        nursery.cancel_scope.cancel()
    assert worker.batches == [["a1"]]


async def test_bytes_that_are_no_messages_end_the_connection(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        stream = await trio.open_unix_socket(str(tmp_path / "w.1"))
        async with stream:
            await stream.send_all(b"\xff" * 4096)
            with trio.fail_after(30), suppress(trio.BrokenResourceError):
                while await stream.receive_some(4096):
                    pass
        both.click("b1")  # the others go on
        assert seqs(await both.answered("b1")) == [1]


async def test_outcomes_that_nobody_waits_for_are_refused(tmp_path: Path) -> None:
    async with pair(tmp_path) as (both, _, _):
        both.click("b1")
        assert seqs(await both.answered("b1")) == [1]
        [link] = both.other.joint._links.values()
        unasked = commit_messages.Settled(99, [], [], [], [], [])
        with pytest.raises(commit_messages.MessageError, match="was not sent"):
            link._take(unasked)


async def test_worker_that_does_not_read_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reward = Reward(1, "c" * 900_000, "ada", None, 0, "")
    async with pair(tmp_path) as (both, _, _):
        message = commit_messages.committed(both.hunt, [reward])
        monkeypatch.setattr("hunt.service.committer.UNREAD", len(message))
        stream = await trio.open_unix_socket(str(tmp_path / "w.1"))
        async with stream:
            await stream.receive_some(1)
            await trio.testing.wait_all_tasks_blocked()
            both.one.joint.committed(both.hunt, [reward])
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(30):
                missing = len(commit_messages.hello("worker-1")) - 1 + len(message)
                while missing:
                    data = await stream.receive_some(missing)
                    assert data, "one message may wait"
                    missing -= len(data)
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(2):
                both.one.joint.committed(both.hunt, [reward])
                await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(30):
                received = 0
                while data := await stream.receive_some(1_000_000):
                    received += len(data)
            assert received < 2 * 900_000


async def test_an_upgraded_worker_whose_refusal_is_not_understood_is_left(tmp_path: Path) -> None:
    class Unheard(Refused):
        """A refusal of another release."""

    async with pair(tmp_path) as (both, _, _):
        both.one.refusal = Unheard("no")
        assert Unheard.__name__ not in commit_messages._REFUSALS
        both.click("b1")
        assert seqs(await both.answered("b1")) == [1]
        assert both.other.joint.forwarded["lost"] == 1


def test_when_a_worker_ends_only_its_hunts_move(tmp_path: Path) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            node = Node(tmp_path, 3)
            workers = [Worker(node, number) for number in (1, 2, 3)]
            for each in workers:
                await nursery.start(each.run)
            await until(lambda: all(len(each.joint.names()) == 2 for each in workers))
            hunts = [f"hunt-{number}" for number in range(60)]
            before = {hunt: committer(workers, hunt) for hunt in hunts}
            assert set(before.values()) == {1, 2, 3}
            node.able.discard(3)
            await until(lambda: all(each.joint._able == (1, 2) for each in workers))
            for hunt in hunts:
                assert committer(workers[:2], hunt) == before[hunt] or before[hunt] == 3
            nursery.cancel_scope.cancel()

    trio.run(main)


def committer(workers: list[Worker], hunt: str) -> int:
    """Return the number of the worker that commits a hunt's clicks; all must agree."""
    found = set()
    for number, worker in enumerate(workers, 1):
        link = worker.joint._route(hunt)
        links = worker.joint._links
        found.add(next((pid for pid, each in links.items() if each is link), number))
    [only] = found
    return only
