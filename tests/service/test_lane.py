from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from hunt.core.events import Click, Outcome, Reward, Settlement
from hunt.errors import CircuitOpen, Draining, OutcomeUnknown, Overloaded, QueueFull
from hunt.service.lane import WORTH, Lane, Waiting
from hunt.service.lanes import Lanes


def click(number: int) -> Click:
    return Click(f"c{number}", "ada", 0, 0, None, 0)


class Store:
    """Commits after `seconds`, and remembers how long after its start each batch came."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = trio.current_time()
        self.batches: list[tuple[float, int]] = []
        self.seq = 0

    async def commit(
        self, hunt: str, clicks: Sequence[Click], sent: Callable[[], None]
    ) -> list[Outcome]:
        sent()
        self.batches.append((round(trio.current_time() - self.began, 6), len(clicks)))
        await trio.sleep(self.seconds)
        outcomes: list[Outcome] = []
        for each in clicks:
            self.seq += 1
            outcomes.append(Settlement(Reward(self.seq, each.id, each.player, None, 0, ""), False))
        return outcomes


class Answers(dict[str, tuple[float, Outcome]]):
    """Records seconds since its start, and outcome, of each answer; a second one is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.began = trio.current_time()

    def to(self, each: Click) -> Waiting:
        def settled(outcome: Outcome) -> None:
            assert each.id not in self
            self[each.id] = round(trio.current_time() - self.began, 6), outcome

        return Waiting(each, settled, trio.current_time())


@pytest.mark.parametrize(
    ("arrivals", "batches"),
    [
        pytest.param([0], [(0, 1)], id="an idle lane sends at once"),
        pytest.param([0, 0.1, 0.2], [(0, 1), (1, 2)], id="a batch gathers during a commit"),
        pytest.param([0, 5], [(0, 1), (5, 1)], id="idle again"),
        pytest.param([0, *[0.5] * 4], [(0, 1), (1, 3), (2, 1)], id="full leaves without a pause"),
    ],
)
async def test_batches(
    autojump_clock: MockClock, arrivals: list[float], batches: list[tuple[float, int]]
) -> None:
    store, answers = Store(1), Answers()
    lane = Lane("harbour", store.commit, batch_size=3, batch_interval=0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.run)
        for number, at in enumerate(arrivals):
            await trio.sleep_until(store.began + at)
            lane.put(answers.to(click(number)))
        lane.finish()
    assert store.batches == batches
    assert [outcome.reward.seq for _, outcome in answers.values()] == list(  # type: ignore[union-attr]
        range(1, len(arrivals) + 1)
    )


@pytest.mark.parametrize(
    ("interval", "second"),
    [
        pytest.param(0, 1.0, id="never waits"),
        pytest.param(1.25, 1.25, id="at most the interval"),
        pytest.param(9, 2.0, id="twice the usual commit time since the last batch left"),
    ],
)
async def test_busy_lane_waits_for_its_interval(
    autojump_clock: MockClock, interval: float, second: float
) -> None:
    store, answers = Store(1), Answers()
    lane = Lane("harbour", store.commit, batch_size=9, batch_interval=interval)
    lane._usual_time = 1.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.run)
        lane.put(answers.to(click(1)))
        await trio.sleep(0.5)
        lane.put(answers.to(click(2)))
        lane.finish()
    assert store.batches == [(0, 1), (second, 1)]
    assert answers["c1"][0] == 1, "the first answer did not wait for the second batch"


async def test_few_slow_commits_hardly_lengthen_the_pause() -> None:
    lane = Lane("harbour", Store(1).commit, batch_size=9, batch_interval=9)
    for took in (0.002, *[0.001] * 40, 0.05):
        lane._learn(took)
    assert lane._pace() == pytest.approx(0.004, rel=0.02)  # 1 ms, and 2 % of 49 ms
    for _ in range(10):
        lane._learn(0.001)
    assert lane._pace() < 0.0023, "it forgets soon"
    for _ in range(200):
        lane._learn(0.05)
    assert lane._pace() > 0.09, "all commits are slow"


async def test_expected_wait_follows_queue_and_commits() -> None:
    answers = Answers()
    lane = Lane("harbour", Store(1).commit, batch_size=4, batch_interval=9)
    lane.put(answers.to(click(1)))
    assert lane.wait() == 0, "no commit has ended yet"
    for expected in (0.05, 0.09):  # a quarter of a batch; a commit changes a fifth
        lane._learn(1.0)
        assert lane.wait() == pytest.approx(expected)
    lane.put(answers.to(click(2)))
    assert lane.wait() == pytest.approx(0.18)


async def test_outcomes_are_delivered_during_the_next_commit(
    autojump_clock: MockClock,
) -> None:
    counted: list[tuple[str, int, tuple[float, float] | None]] = []
    store, answers = Store(1), Answers()
    lane = Lane(
        "harbour",
        store.commit,
        batch_size=2,
        batch_interval=0,
        settled=lambda hunt, batch, outcomes, times: counted.append((hunt, len(batch), times)),
    )
    for number in range(3):
        lane.put(answers.to(click(number)))
    lane.finish()
    await lane.run()
    assert [at for at, _ in answers.values()] == [1, 1, 2], "not with the second batch"
    began = store.began
    assert counted == [("harbour", 2, (began, began + 1)), ("harbour", 1, (began + 1, began + 2))]


async def test_outcomes_are_delivered_after_a_commit_that_was_not_sent() -> None:
    outcome = Overloaded("no", retry_after=1)

    async def commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        await trio.lowlevel.checkpoint()
        return [outcome] * len(clicks)  # refused, without having called `sent`

    answers = Answers()
    lane = Lane("harbour", commit, batch_size=1, batch_interval=0)
    for number in range(3):
        lane.put(answers.to(click(number)))
    lane.finish()
    await lane.run()
    assert [given for _, given in answers.values()] == [outcome] * 3


async def test_large_batch_does_not_wait_for_more_clicks(
    autojump_clock: MockClock,
) -> None:
    store, answers = Store(1), Answers()
    lane = Lane("harbour", store.commit, batch_size=500, batch_interval=9)
    lane._usual_time = 2  # after a commit of 1 s the pace is still above 3 s
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.run)
        lane.put(answers.to(click(0)))
        await trio.sleep(0.5)
        for number in range(1, WORTH):
            lane.put(answers.to(click(number)))
        await trio.sleep(1)
        assert store.batches == [(0, 1)]
        lane.put(answers.to(click(WORTH)))
        lane.finish()
    assert store.batches == [(0, 1), (1.5, WORTH)]


async def test_batch_that_gathered_during_a_commit_leaves_at_its_end(
    autojump_clock: MockClock,
) -> None:
    store, answers = Store(1), Answers()
    lane = Lane("harbour", store.commit, batch_size=500, batch_interval=9)
    lane._usual_time = 2
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.run)
        lane.put(answers.to(click(0)))
        await trio.sleep(0.5)
        for number in range(1, WORTH + 1):
            lane.put(answers.to(click(number)))
        lane.finish()
    assert store.batches == [(0, 1), (1, WORTH)]


async def test_refused_batch_is_not_committed(
    autojump_clock: MockClock,
) -> None:
    store, answers = Store(1), Answers()
    lane = Lane("harbour", store.commit, batch_size=9, batch_interval=9)
    lane._usual_time = 4  # so it still gathers clicks long after the first commit
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lane.run)
        lane.put(answers.to(click(1)))
        await trio.sleep(0.5)
        lane.put(answers.to(click(2)))
        await trio.sleep(1.5)
        lane.fail_waiting(Overloaded("the breaker has opened", retry_after=1))
        await trio.sleep(0.5)
        lane.put(answers.to(click(3)))  # finds it idle
        lane.finish()
    assert store.batches == [(0, 1), (2.5, 1)]
    assert trio.current_time() == store.began + 3.5


async def test_idle_lane_ends(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    await Lane("harbour", Store(0).commit, batch_size=9, batch_interval=0).run()
    assert trio.current_time() == began + 30
    await Lane("harbour", Store(0).commit, batch_size=9, batch_interval=0, idle=5).run()
    assert trio.current_time() == began + 35


async def test_cancelled_lane_settles_all_clicks(autojump_clock: MockClock) -> None:
    answers = Answers()
    counted: list[tuple[list[Outcome], object]] = []
    lane = Lane(
        "harbour",
        Store(9).commit,
        batch_size=1,
        batch_interval=0,
        settled=lambda hunt, batch, outcomes, times: counted.append((list(outcomes), times)),
    )
    with trio.move_on_after(1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lane.run)
            lane.put(answers.to(click(1)))
            lane.put(answers.to(click(2)))
    assert isinstance(answers["c1"][1], OutcomeUnknown)
    refusal = answers["c2"][1]
    assert isinstance(refusal, Overloaded)
    assert refusal.retry_after == 1
    assert counted == [([answers["c1"][1]], None), ([refusal], None)], "no commit has ended"


async def test_exception_in_a_commit_settles_all_clicks() -> None:
    async def commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        raise KeyError

    answers = Answers()
    lane = Lane("harbour", commit, batch_size=1, batch_interval=0)
    lane.put(answers.to(click(1)))
    with pytest.raises(KeyError):
        await lane.run()
    assert isinstance(answers["c1"][1], OutcomeUnknown)


async def test_missing_outcome_ends_the_lane() -> None:
    async def commit(hunt: str, clicks: Sequence[Click], sent: Callable[[], None]) -> list[Outcome]:
        return [OutcomeUnknown()]

    answers = Answers()
    lane = Lane("harbour", commit, batch_size=2, batch_interval=0)
    for number in range(2):
        lane.put(answers.to(click(number)))
    with pytest.raises(ValueError, match="shorter"):
        await lane.run()


async def cancelled_at(step: int) -> bool:
    """Cancel a lane at its n-th checkpoint; return whether it reached that checkpoint."""
    answers, store = Answers(), Store(0)
    lane = Lane("harbour", store.commit, batch_size=2, batch_interval=0, idle=0)
    for number in range(5):
        lane.put(answers.to(click(number)))

    class Steps(trio.abc.Instrument):
        left = step

        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            self.left -= 1
            if not self.left:
                scope.cancel()

    steps = Steps()
    with trio.CancelScope() as scope:
        trio.lowlevel.add_instrument(steps)
        try:
            await lane.run()
        finally:
            trio.lowlevel.remove_instrument(steps)
    assert set(answers) == {f"c{number}" for number in range(5)}
    settled = [o.reward.seq for _, o in answers.values() if isinstance(o, Settlement)]
    assert settled == list(range(1, len(settled) + 1))
    return steps.left <= 0


async def test_cancelled_at_any_step_every_click_is_settled_once() -> None:
    step = 1
    while await cancelled_at(step):
        step += 1
    assert step > 3, "it was cancelled in three commits at least"


@pytest.fixture
async def store() -> Store:
    return Store(1)


def lanes(store: Store, **options: float) -> Lanes:
    bounds = {"batch_size": 2, "batch_interval": 0, "queue_size": 3, "queue_age": 5} | options
    return Lanes(store.commit, jitter=lambda: 0, **bounds)  # type: ignore[arg-type]


async def test_queue_is_limited_by_length(autojump_clock: MockClock, store: Store) -> None:
    answers = Answers()
    async with trio.open_nursery() as nursery:
        queue = lanes(store)
        await nursery.start(queue.run)
        for number, hunt in enumerate(("a", "a", "b")):
            queue.put(hunt, click(number), answers.to(click(number)).settled, trio.current_time())
        assert queue.queued() == 3
        queue._jitter = lambda: 0.25
        with pytest.raises(QueueFull) as refused:
            queue.put("c", click(9), answers.to(click(9)).settled, trio.current_time())
        assert refused.value.retry_after == 0.75
        await trio.sleep(0.5)
        assert queue.queued() == 0, "all are in flight"
        await queue.drain()
        assert queue.queued() == 0
        nursery.cancel_scope.cancel()
    assert set(answers) == {"c0", "c1", "c2"}


async def test_queue_is_limited_by_age_in_each_lane(autojump_clock: MockClock) -> None:
    answers, slow = Answers(), Store(10)
    async with trio.open_nursery() as nursery:
        queue = lanes(slow, batch_size=1, queue_size=9)
        await nursery.start(queue.run)
        queue.put("a", click(1), answers.to(click(1)).settled, trio.current_time())
        await trio.sleep(1)
        queue.put("a", click(2), answers.to(click(2)).settled, trio.current_time())
        await trio.sleep(5)
        queue.put("a", click(3), answers.to(click(3)).settled, trio.current_time())
        await trio.sleep(1)
        assert queue.oldest() == 6
        with pytest.raises(QueueFull):
            queue.put("a", click(4), answers.to(click(4)).settled, trio.current_time())
        # Another hunt is not delayed.
        for number in (5, 6):
            queue.put("b", click(number), answers.to(click(number)).settled, trio.current_time())
        await trio.sleep(1)
        assert queue.oldest() == 7, "in the first lane"
        await queue.drain()
        assert queue.oldest() == 0
        nursery.cancel_scope.cancel()
    assert answers["c5"][0] == 17


async def test_drain_refuses_new_clicks_and_commits_waiting_ones(
    autojump_clock: MockClock, store: Store
) -> None:
    answers = Answers()
    async with trio.open_nursery() as nursery:
        queue = lanes(store, batch_size=1)
        await nursery.start(queue.run)
        for number in (1, 2):
            queue.put("a", click(number), answers.to(click(number)).settled, trio.current_time())
        nursery.start_soon(queue.drain)
        await trio.sleep(0.5)
        with pytest.raises(Draining):
            queue.put("a", click(3), answers.to(click(3)).settled, trio.current_time())
        await queue.drain()
        assert store.batches == [(0, 1), (1, 1)]
        nursery.cancel_scope.cancel()
    assert all(isinstance(outcome, Settlement) for _, outcome in answers.values())


async def test_waiting_clicks_are_refused_at_once(autojump_clock: MockClock, store: Store) -> None:
    answers = Answers()
    async with trio.open_nursery() as nursery:
        queue = lanes(store, batch_size=1)
        await nursery.start(queue.run)
        for number in (1, 2):
            queue.put("a", click(number), answers.to(click(number)).settled, trio.current_time())
        await trio.sleep(0.5)
        queue.fail_waiting(refusal := CircuitOpen(retry_after=1))
        assert answers == {"c2": (0.5, refusal)}
        await queue.drain()
        nursery.cancel_scope.cancel()
    assert isinstance(answers["c1"][1], Settlement)


async def test_lanes_that_do_not_run_refuse_clicks(store: Store) -> None:
    queue = lanes(store)
    queue._jitter = lambda: 0.25
    for _ in range(2):
        with pytest.raises(Draining) as refused:
            queue.put("a", click(1), partial(print), 0)
        assert refused.value.retry_after == 1.25
        async with trio.open_nursery() as nursery:
            await nursery.start(queue.run)
            nursery.cancel_scope.cancel()


async def test_lane_reports_which_clicks_another_worker_counts() -> None:
    guests: list[bool] = []
    queue = Lanes(
        Store(0).commit,
        batch_size=2,
        batch_interval=0,
        queue_size=3,
        queue_age=5,
        jitter=lambda: 0,
        settled=lambda hunt, batch, outcomes, times: guests.extend(each.guest for each in batch),
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(queue.run)
        queue.put("a", click(1), Answers().to(click(1)).settled, trio.current_time())
        queue.put("a", click(2), Answers().to(click(2)).settled, trio.current_time(), guest=True)
        await queue.drain()
        nursery.cancel_scope.cancel()
    assert guests == [False, True]


@pytest.mark.parametrize(("expected", "accepted"), [(5.0, True), (5.1, False)])
async def test_expected_wait_may_be_as_long_as_the_age(
    monkeypatch: pytest.MonkeyPatch, store: Store, expected: float, accepted: bool
) -> None:
    monkeypatch.setattr(Lane, "wait", lambda lane: expected)
    async with trio.open_nursery() as nursery:
        queue = lanes(store, queue_age=5)
        await nursery.start(queue.run)
        queue.put("a", click(1), partial(print), trio.current_time())
        with nullcontext() if accepted else pytest.raises(QueueFull):
            queue.put("a", click(2), partial(print), trio.current_time())
        nursery.cancel_scope.cancel()


async def test_queue_is_limited_by_its_expected_wait(autojump_clock: MockClock) -> None:
    answers, slow = Answers(), Store(1)
    async with trio.open_nursery() as nursery:
        queue = lanes(slow, batch_size=2, queue_size=999, queue_age=3)
        await nursery.start(queue.run)

        def put(number: int) -> None:
            each = click(number)
            queue.put("a", each, answers.to(each).settled, trio.current_time())

        for number in range(40):  # until the duration of a commit is known
            put(number)
            await trio.sleep(0.5)
        taken = 0
        with pytest.raises(QueueFull):
            for number in range(40, 100):
                put(number)
                taken += 1
        assert 5 <= taken <= 8  # two a second, for three seconds
        await queue.drain()
        nursery.cancel_scope.cancel()
    assert max(at for at, _ in answers.values()) <= 20 + 3 + 2
