"""Follows the log of every hunt, and publishes its rewards in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import trio

from hunt.core.backoff import Backoff
from hunt.core.events import Notice, Reward
from hunt.errors import StoreError
from hunt.logs import FaultLog

Read = Callable[[str, int, int], Awaitable[list[Reward]]]
Last = Callable[[], Awaitable[dict[str, int]]]

#: Seconds without an answer to a poll, after which the tail is deaf.
DEAF = 4.0

log = FaultLog("hunt.tail")


@dataclass(slots=True)
class _Position:
    """How far the tail has followed one log."""

    seq: int  # the last published seq
    announced: int  # the last seq that is known to be committed
    early: dict[int, Reward] = field(default_factory=dict)  # seq -> reward that arrived early

    def pass_over(self, upto: int) -> None:
        """Skip rewards up to `upto`."""
        self.seq = max(self.seq, upto)
        self.announced = max(self.announced, upto)
        self.early.clear()


class Tail:
    """A sequencer: publishes the rewards of each hunt by ascending seq, each once.

    Rewards of this process arrive directly, those of other processes by notice.  A gap that
    does not close soon is read from the table.  A regular poll finds lost notices.

    A tail whose polls are not answered for `DEAF` seconds is deaf: it may miss commits of
    other processes.  It catches up by itself.

    Args:
        read: Returns the rewards of a hunt with first < seq <= last, in order; possibly
            not all of them, but at least one.
        last: Returns the last seq of every hunt.
        publish: Called with a hunt's id and its next rewards, one or more without a gap.
        wanted: Returns whether this process has streams of a hunt; rewards of other hunts
            are skipped and not read.
        patience: Seconds to wait for missing rewards before they are read.
        poll: Seconds between two polls of the last seq of every hunt.
        buffer: Maximum number of early rewards of one hunt; beyond that they are dropped,
            and read again.
        jitter: Uniform in [0, 1), spreads the retries of failed reads.
        advanced: Called with a hunt's id when its log may have grown; must not block.
        went_back: Called with a hunt's id and a committed seq, if the log ends before that
            seq now: the database was restored from an older backup.
    """

    def __init__(
        self,
        *,
        read: Read,
        last: Last,
        publish: Callable[[str, Sequence[Reward]], None],
        jitter: Callable[[], float],
        wanted: Callable[[str], bool] = lambda hunt: True,
        advanced: Callable[[str], None] = lambda hunt: None,
        went_back: Callable[[str, int], Awaitable[None]] | None = None,
        patience: float = 0.02,
        poll: float = 1.0,
        buffer: int = 10_000,
    ) -> None:
        self._read = read
        self._last = last
        self._publish = publish
        self._wanted = wanted
        self._advanced = advanced
        self._went_back = went_back
        self._patience = patience
        self._poll = poll
        self._buffer = buffer
        self._jitter = jitter
        self._backoffs: dict[str, Backoff] = {}  # hunt -> backoff after a failed read
        self._positions: dict[str, _Position] = {}
        #: Hunt with a gap -> time from which it may be read; in the order of the gaps.
        self._behind: dict[str, float] = {}
        self._gap = trio.Event()
        self._wakes_at = float("inf")  # time at which `run` looks at the gaps by itself
        self._poll_now = trio.Event()
        self.reads = 0  #: ranges that were read from the table
        self.answered_at = trio.current_time()  #: time of the last answered poll
        #: Failed reads, failed polls, full buffers, and times that the tail became deaf.
        self.faults = Counter(read=0, look=0, dropped=0, deaf=0)

    def start_at(self, hunt: str, seq: int) -> None:
        """Follow a hunt from after `seq`, unless it is followed already."""
        self._positions.setdefault(hunt, _Position(seq, seq))

    def begin_again(self, hunt: str, seq: int) -> None:
        """Follow a hunt from after `seq`, in another epoch of its log."""
        self._positions[hunt] = _Position(seq, seq)

    def forget(self, hunt: str) -> None:
        """Follow a hunt no longer."""
        for each in (self._positions, self._behind, self._backoffs):
            each.pop(hunt, None)

    def position(self, hunt: str) -> int:
        """Return the last published seq; 0 for a hunt that is not followed."""
        position = self._positions.get(hunt)
        return 0 if position is None else position.seq

    def known(self, hunt: str) -> int:
        """Return the last seq known to be committed; 0 for a hunt that is not followed."""
        position = self._positions.get(hunt)
        return 0 if position is None else position.announced

    def committed(self, hunt: str, rewards: Sequence[Reward]) -> None:
        """Take rewards that this process has committed: one or more, by ascending seq."""
        self.start_at(hunt, rewards[0].seq - 1)
        self._offer(hunt, rewards)
        self._advanced(hunt)

    def notice(self, notice: Notice) -> None:
        """Take a notice of the bus."""
        self.start_at(notice.hunt, notice.first - 1)
        if notice.rewards is None:
            self._announce(notice.hunt, notice.last)
        else:
            self._offer(notice.hunt, notice.rewards)
        self._advanced(notice.hunt)

    def silence(self) -> float:
        """Return the seconds since the last answered poll."""
        return trio.current_time() - self.answered_at

    def is_deaf(self) -> bool:
        """Return whether this process may miss commits of other processes."""
        return self.silence() > DEAF

    def resync(self) -> None:
        """Poll soon, because notices may be lost; cannot block."""
        self._poll_now.set()

    def _offer(self, hunt: str, rewards: Sequence[Reward]) -> None:
        position = self._positions[hunt]
        if not rewards:
            return
        first, last = rewards[0].seq, rewards[-1].seq
        if not self._wanted(hunt):
            position.pass_over(last)
            return
        if first == position.seq + 1 and last - first + 1 == len(rewards) and not position.early:
            position.seq = last  # the common case: the next rewards, without a gap
            self._publish(hunt, rewards)
            self._announce(hunt, last)
            return
        for reward in rewards:
            if reward.seq > position.seq:
                position.early[reward.seq] = reward
        ready = []
        while position.seq + 1 in position.early:
            position.seq += 1
            ready.append(position.early.pop(position.seq))
        if len(position.early) > self._buffer:
            position.early.clear()
            self.faults["dropped"] += 1
        if ready:
            self._publish(hunt, ready)
        self._announce(hunt, last)

    def _announce(self, hunt: str, seq: int) -> None:
        position = self._positions[hunt]
        position.announced = max(position.announced, seq)
        if position.announced == position.seq:
            self._behind.pop(hunt, None)
        elif hunt not in self._behind:
            # Most gaps close before: the notice of a commit often comes before its answer.
            self._behind[hunt] = due = trio.current_time() + self._patience
            if due < self._wakes_at:
                self._gap.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Fill gaps until cancelled; failed reads are tried again."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll_often)
            task_status.started()
            while True:
                self._wakes_at = min(self._behind.values(), default=float("inf"))
                with trio.move_on_at(self._wakes_at):
                    await self._gap.wait()
                self._gap = trio.Event()
                await self._fill_gaps()

    def _due(self) -> str | None:
        """Return a hunt whose gap may be read now."""
        now = trio.current_time()
        return next((hunt for hunt, at in self._behind.items() if at <= now), None)

    def _read_later(self, hunt: str) -> None:
        """Postpone the read of a gap; gaps of other hunts are read meanwhile."""
        backoff = self._backoffs.setdefault(hunt, Backoff(base=0.1, cap=2.0, jitter=self._jitter))
        self._behind[hunt] = trio.current_time() + backoff.next()

    async def _fill_gaps(self) -> None:
        while (hunt := self._due()) is not None:
            position = self._positions[hunt]
            if not self._wanted(hunt):
                position.pass_over(position.announced)
            if position.seq >= position.announced:
                del self._behind[hunt]
                continue
            try:
                rewards = await self._read(hunt, position.seq, position.announced)
            except StoreError as exc:
                self.faults["read"] += 1
                log.store_error("gap not read", exc, hunt=hunt)
                if hunt in self._behind:
                    self._read_later(hunt)
                continue
            self.reads += 1
            if self._positions.get(hunt) is not position:
                continue  # the rewards belong to a deleted hunt, or to another epoch
            if not rewards:
                # The notice may be older than a restore of the log from a backup.
                self._read_later(hunt)
                continue
            self._backoffs.pop(hunt, None)
            self._behind[hunt] = float("-inf")
            self._offer(hunt, rewards)

    async def _poll_often(self) -> None:
        deaf = False
        while True:
            with trio.move_on_after(self._poll):
                await self._poll_now.wait()
            self._poll_now = trio.Event()
            # Noted before the log is read: it must contain all of these.
            known = {hunt: (each, each.announced) for hunt, each in self._positions.items()}
            try:
                last = await self._last()
                await self._check(known, last)
            except StoreError as exc:
                self.faults["look"] += 1
                if self.is_deaf() and not deaf:
                    deaf = True
                    self.faults["deaf"] += 1
                    log.store_error("tail lost the database", exc, silence=round(self.silence(), 1))
                continue
            if deaf:
                deaf = False
                log.warning("tail reached the database", silence=round(self.silence(), 1))
            self.answered_at = trio.current_time()
            for hunt, seq in last.items():
                self.start_at(hunt, seq)
                if seq > self._positions[hunt].announced:
                    self._advanced(hunt)
                self._announce(hunt, seq)

    async def _check(
        self, known: Mapping[str, tuple[_Position, int]], last: Mapping[str, int]
    ) -> None:
        """Report each log that ends before a committed seq."""
        for hunt, (position, seq) in known.items():
            # A position that was replaced meanwhile belonged to another epoch.
            same = self._positions.get(hunt) is position
            if self._went_back is not None and same and last.get(hunt, seq) < seq:
                await self._went_back(hunt, seq)
