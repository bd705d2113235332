"""Joint commits: of all workers of a node, one commits the clicks of a hunt.

A commit costs PostgreSQL and the worker as much as the rows of a few dozen clicks, and the
commits of one hunt wait for each other.  Therefore each hunt has one *committer* among the
node's workers.  The others forward their clicks to it over a Unix socket, at once, and its
lane gathers all of them.  It tells every worker of each of its commits, so that their streams
do not wait for a notice of the database.

Nothing depends on agreement: two workers may commit clicks of one hunt at the same time, as
workers of two nodes do.  A click whose committer is slow, ends or refuses is committed by its
own worker; its id makes the repeat safe.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import trio

from hunt.core.events import Click, Outcome, Reward
from hunt.core.readiness import REPORT_INTERVAL, NodeState
from hunt.errors import (
    CircuitOpen,
    Draining,
    OutcomeUnknown,
    Overloaded,
    QueueFull,
    Refused,
)
from hunt.service.committer import Committer
from hunt.service.committer_link import CommitterLink, Draw, Sent
from hunt.service.lane import Settled, Waiting
from hunt.service.lanes import Lanes

#: Refusals of a committer that leave the click to its own worker: they certainly mean that it
#: was not recorded, and the cause may be the committer's alone.
OWN = frozenset({CircuitOpen, Draining, Overloaded})

#: Hunts whose committer is remembered.
REMEMBERED = 10_000


class Commit(Protocol):
    """Commits clicks that another worker may have recorded, as `Commits.commit`."""

    async def __call__(
        self,
        hunt: str,
        clicks: Sequence[Click],
        *,
        unanswered: Collection[str],
        known: int,
    ) -> list[Outcome]:
        """Return an outcome for each click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The workers of a node, as one of them sees them."""

    own: int  #: process id of this worker
    node: Callable[[], NodeState]  #: returns the state of the node
    address: Callable[[int], str]  #: returns the path of a worker's socket for clicks
    #: Listens at a path, for the block; raises `OSError`.
    listen: Callable[[str], AbstractContextManager[socket.socket]]


class JointCommits:
    """Puts each click into a lane of this worker, or forwards it to another one.

    Args:
        workers: The workers of the node; None: this worker commits all clicks.
        name: The name of this worker in its notices.
        lanes: The lanes of this worker.
        commit: Commits clicks whose outcome a committer did not tell.
        queue_size: Maximum number of clicks, >= 1, that wait for one committer.
        batch_size: Maximum number of clicks of one message.
        known: Returns the last known seq of a hunt's log.
        committed: Called with the rewards of another worker's commit; must not block or raise.
        settled: Called with all outcomes of forwarded clicks, as `Settled` of a lane.
        draw: Draws clicks, as `Drawing.draw`, before they are forwarded.
        jitter: Uniform in [0, 1), spreads ``Retry-After``.
    """

    def __init__(
        self,
        workers: Workers | None,
        *,
        name: str,
        lanes: Lanes,
        commit: Commit,
        queue_size: int,
        batch_size: int,
        known: Callable[[str], int],
        committed: Callable[[str, Sequence[Reward]], None],
        settled: Settled,
        draw: Draw,
        jitter: Callable[[], float],
    ) -> None:
        self._workers = workers
        self._lanes = lanes
        self._commit = commit
        self._queue_size = queue_size
        self._batch_size = batch_size
        self._known = known
        self._committed = committed
        self._settled = settled
        self._draw = draw
        self._jitter = jitter
        self._committer = Committer(name, lanes.put)
        self._links: dict[int, CommitterLink] = {}  # by process id
        self._able: tuple[int, ...] = ()  # workers that can commit, by process id
        self._routes: dict[str, CommitterLink | None] = {}  # hunt -> committer; None: this worker
        self._again = 0  # clicks that are committed again now
        #: Clicks that were forwarded, by what became of them.
        self.forwarded = Counter(settled=0, left=0, lost=0)
        self._progress = trio.Event()  # replaced by `drain`
        self._nursery: trio.Nursery | None = None

    def put(self, hunt: str, click: Click, settled: Callable[[Outcome], None], now: float) -> None:
        """Queue a click for its commit, here or in another worker; cannot block.

        Args and errors: as `Lanes.put`.
        """
        link = self._routes[hunt] if hunt in self._routes else self._route(hunt)
        if link is None or not link.usable(now):
            self._lanes.put(hunt, click, settled, now)
        elif self._lanes.draining:
            raise Draining(retry_after=1 + self._jitter())
        elif link.count >= self._queue_size:
            raise QueueFull(retry_after=0.5 + self._jitter())
        else:
            link.put(hunt, Waiting(click, settled, now))

    def _route(self, hunt: str) -> CommitterLink | None:
        """Choose and remember the committer of a hunt, the same in every worker.

        It is the worker with the highest hash of hunt and worker ("rendezvous hashing", Thaler
        and Ravishankar, 1998): when a worker ends, only its hunts get another committer.
        """
        found = max(self._able, key=lambda pid: crc32(f"{pid} {hunt}".encode()), default=None)
        link = None if found is None else self._links.get(found)
        if len(self._routes) < REMEMBERED:
            self._routes[hunt] = link
        return link

    def names(self) -> Collection[str]:
        """Return the names of the workers whose commits arrive here without a notice."""
        return [each.name for each in self._links.values() if each.name is not None]

    def committed(self, hunt: str, rewards: Sequence[Reward]) -> None:
        """Tell the other workers of a commit of this one; cannot block."""
        self._committer.committed(hunt, rewards)

    async def run(self) -> None:
        """Forward clicks, and commit those of other workers, until cancelled."""
        if self._workers is None:
            await trio.sleep_forever()
        with self._workers.listen(self._workers.address(self._workers.own)) as sock:
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(trio.serve_listeners, self._committer.serve, [listener])
                while True:
                    self._follow(self._workers.node())
                    await trio.sleep(REPORT_INTERVAL)

    def _follow(self, node: NodeState) -> None:
        """Connect to new workers; commit with those that can take clicks."""
        assert self._workers is not None
        assert self._nursery is not None
        for each in node.workers:
            if each.process != self._workers.own and each.process not in self._links and each.able:
                self._nursery.start_soon(self._connect, each.process)
        able = tuple(sorted(each.process for each in node.workers if each.able))
        if able != self._able:
            self._able = able
            self._routes.clear()

    async def _connect(self, process: int) -> None:
        assert self._workers is not None
        link = CommitterLink(
            self._workers.address(process),
            batch_size=self._batch_size,
            known=self._known,
            settled=self._take,
            committed=self._committed,
            lost=self._lose,
            draw=self._draw,
        )
        self._links[process] = link
        self._routes.clear()
        try:
            await link.run()
        finally:
            del self._links[process]
            self._routes.clear()

    def _take(self, hunt: str, waiting: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
        """Pass on the outcomes of a committer, and queue here what it left to this worker."""
        if any(type(each) in OWN for each in outcomes):
            kept = []
            for each, outcome in zip(waiting, outcomes, strict=True):
                if type(outcome) not in OWN:
                    kept.append((each, outcome))
                    continue
                self.forwarded["left"] += 1
                try:
                    self._lanes.put(hunt, each.click, each.settled, each.since)
                except Refused as refusal:
                    kept.append((each, refusal))
            waiting, outcomes = [each for each, _ in kept], [outcome for _, outcome in kept]
        self.forwarded["settled"] += len(waiting)
        self._settle(hunt, waiting, outcomes)

    def _settle(self, hunt: str, waiting: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
        self._progress.set()
        self._settled(hunt, waiting, outcomes, None)
        for each, outcome in zip(waiting, outcomes, strict=True):
            each.settled(outcome)

    def _lose(self, sent: Sent) -> None:
        """Commit clicks here that another worker may have recorded."""
        assert self._nursery is not None
        self._again += len(sent.waiting)
        self.forwarded["lost"] += len(sent.waiting)
        self._nursery.start_soon(self._commit_again, sent)

    async def _commit_again(self, sent: Sent) -> None:
        clicks = [each.click for each in sent.waiting]
        outcomes: Sequence[Outcome] = [OutcomeUnknown()] * len(clicks)
        try:
            outcomes = await self._commit(
                sent.hunt, clicks, unanswered=[each.id for each in clicks], known=sent.known
            )
        finally:
            self._again -= len(clicks)
            self._settle(sent.hunt, sent.waiting, outcomes)

    async def drain(self) -> None:
        """Refuse new clicks, and return once all waiting ones have an outcome."""
        await self._lanes.drain()
        while self._again or any(link.count for link in self._links.values()):
            self._progress = trio.Event()
            await self._progress.wait()
        await self._committer.flush()

    def queued(self) -> int:
        """Return the number of clicks that wait here or at another worker."""
        return self._lanes.queued() + sum(link.count for link in self._links.values())
