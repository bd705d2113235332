"""The lane, against a model: clicks, time, commits and their ends in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.errors import OutcomeUnknown, Overloaded
from hunt.service.lane import WORTH, Lane, Waiting
from tests.support.trio_machine import TrioMachine

IDLE = 30

State = Literal["running", "ended", "raised", "cancelled"]


class Bug(Exception):
    """Of the commit."""


class Commit:
    """One that is in flight."""

    def __init__(self, clicks: Sequence[Click], sent: Callable[[], None]) -> None:
        self.ids = [each.id for each in clicks]
        self.sent = sent
        self.on_its_way = False
        self.ended = trio.Event()
        self.result: list[Outcome] | Bug | None = None


class LaneMachine(TrioMachine):
    """Numbered clicks go in; each must come out once, in order, with its true outcome."""

    async def begin(self) -> None:
        self.state: State = "ended"
        self.put: list[str] = []  # ids, in order, of all that were ever put
        self.taken = 0
        self.begun: list[str] = []  # ids of the clicks that were in a commit, in order
        self.flying: Commit | None = None
        self.known: dict[str, Outcome] = {}  # id -> outcome that its commit returned
        self.answers: dict[str, Outcome] = {}
        self.counted = 0  # number of outcomes that were counted
        self.left_at = 0.0
        self.clicked_at = 0.0

    @initialize(
        batch_size=st.sampled_from([1, 2, 3, 7, WORTH + 1, 100]),
        batch_interval=st.sampled_from([0, 1, 4]),
        slow=st.sampled_from([0, 8]),
    )
    def choose(self, batch_size: int, batch_interval: float, slow: float) -> None:
        self.batch_size, self.batch_interval, self.slow = batch_size, batch_interval, slow
        self.do(self._start)

    def _start(self) -> None:
        self.lane = Lane(
            "harbour",
            self._commit,
            batch_size=self.batch_size,
            batch_interval=self.batch_interval,
            idle=IDLE,
            taken=self._take,
            settled=self._settled,
        )
        self.lane._commit_time = self.lane._usual_time = self.slow  # of earlier commits
        self.scope = trio.CancelScope()
        self.state = "running"
        self.finishing = False
        self.nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self.scope:
            try:
                await self.lane.run()
            except Bug:
                self.state = "raised"
            else:
                self.state = "ended"
        if self.scope.cancelled_caught:
            self.state = "cancelled"

    def _take(self, count: int) -> None:
        self.taken += count

    async def _commit(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        assert hunt == "harbour"
        assert self.flying is None, "two commits at once"
        assert 1 <= len(clicks) <= self.batch_size
        self.flying = commit = Commit(clicks, sent)
        self.begun += commit.ids
        self.left_at = trio.current_time()
        try:
            await commit.ended.wait()
        finally:
            self.flying = None
        if isinstance(commit.result, Bug):
            raise commit.result
        assert commit.result is not None
        return commit.result

    def _settled(
        self,
        hunt: str,
        batch: Sequence[Waiting],
        outcomes: Sequence[Outcome],
        times: tuple[float, float] | None,
    ) -> None:
        assert hunt == "harbour"
        assert len(batch) == len(outcomes) > 0
        assert not any(each.click.id in self.answers for each in batch), "answered before"
        self.counted += len(batch)

    def _answer(self, id_: str, outcome: Outcome) -> None:
        assert id_ not in self.answers, "settled twice"
        assert self.counted > len(self.answers), "answered before it was counted"
        self.answers[id_] = outcome

    # --- what may happen -----------------------------------------------------------

    @rule(count=st.one_of(st.integers(1, 4), st.just(WORTH)))
    def put_clicks(self, count: int) -> None:
        def put() -> None:
            if self.state != "running":
                self._start()
            for _ in range(count):
                id_ = f"c{len(self.put)}"
                self.put.append(id_)
                click = Click(id_, "ada", 0, 0, None, 0)
                self.lane.put(Waiting(click, partial(self._answer, id_), trio.current_time()))
            self.clicked_at = trio.current_time()

        idle = self.state != "running" or (self.flying is None and not self.lane.waiting)
        self.do(put)
        if idle:
            assert self.flying is not None, "it was idle, and this one waits"

    @rule(seconds=st.sampled_from([1, 1, 2, 5, 40]))
    def wait(self, seconds: float) -> None:
        self.sleep(seconds)

    @precondition(lambda self: self.flying is not None and not self.flying.on_its_way)
    @rule()
    def is_sent(self) -> None:
        commit = self.flying
        assert commit is not None
        commit.on_its_way = True
        self.do(commit.sent)

    @precondition(lambda self: self.flying is not None)
    @rule(how=st.sampled_from(["settled", "settled", "settled", "mixed", "refused", "bug"]))
    def commit_ends(self, how: str) -> None:
        commit = self.flying
        assert commit is not None
        if how == "bug":
            commit.result = Bug()
        else:
            seqs = range(len(self.known), len(self.known) + len(commit.ids))
            commit.result = [
                Overloaded("no", retry_after=1)
                if how == "refused" or (how == "mixed" and seq % 2)
                else Settlement(Reward(seq, id_, "ada", None, 0, ""), False)
                for seq, id_ in zip(seqs, commit.ids, strict=True)
            ]
            self.known |= zip(commit.ids, commit.result, strict=True)
        self.do(commit.ended.set)
        if how == "bug":
            assert self.state == "raised"

    @precondition(lambda self: self.state == "running")
    @rule()
    def fail_waiting(self) -> None:
        refusal = Overloaded("the breaker has opened", retry_after=1)
        waiting = [each.click.id for each in self.lane.waiting]
        self.do(self.lane.fail_waiting, refusal)
        assert all(self.answers[each] is refusal for each in waiting), "at once"
        self.known |= dict.fromkeys(waiting, refusal)

    @precondition(lambda self: self.state == "running")
    @rule()
    def finish(self) -> None:
        self.finishing = True
        self.do(self.lane.finish)

    @precondition(lambda self: self.state == "running")
    @rule()
    def cancel(self) -> None:
        self.do(self.scope.cancel)
        assert self.state == "cancelled"

    # --- what must hold at any time -------------------------------------------------

    @invariant()
    def in_order(self) -> None:
        begun = set(self.begun)
        assert self.begun == [id_ for id_ in self.put if id_ in begun], (
            "committed out of their order, or twice"
        )

    @invariant()
    def queue_is_counted(self) -> None:
        waiting = [each.click.id for each in self.lane.waiting] if self.put else []
        assert len(self.put) - self.taken == len(waiting)
        assert self.put[len(self.put) - len(waiting) :] == waiting
        assert not set(waiting) & {*self.begun, *self.answers}

    @invariant()
    def answers_are_true(self) -> None:
        assert self.counted == len(self.answers)
        for id_, outcome in self.answers.items():
            if id_ in self.known:
                assert outcome is self.known[id_]
            elif id_ in self.begun:
                assert isinstance(outcome, OutcomeUnknown)
            else:
                assert isinstance(outcome, Overloaded)

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """Each unanswered click is in the queue, in a commit, or waits for the next send."""
        flying = self.flying
        unanswered = [id_ for id_ in self.put if id_ not in self.answers]
        owed = set() if flying is None else set(flying.ids)
        if flying is not None and not flying.on_its_way:
            owed |= self.known.keys()
        owed |= {each.click.id for each in self.lane.waiting} if self.put else set()
        assert set(unanswered) <= owed
        if self.state != "running":
            assert not unanswered
            assert flying is None

    @invariant()
    def leaves_in_time(self) -> None:
        if self.state != "running" or self.flying is not None:
            return
        now = self.clock.current_time()
        if self.lane.waiting:
            assert len(self.lane.waiting) < min(WORTH, self.batch_size), "it is worth a commit"
            assert now < self.left_at + self.batch_interval, "its pace is up"
        else:
            assert not self.finishing, "nothing waits, so it has to end"

    async def end(self) -> None:
        if self.state == "running":
            self.scope.cancel()


LaneMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestLane = LaneMachine.TestCase
