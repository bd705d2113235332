"""Fan-out of rewards and wins to streams."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import chain

import trio

from hunt.core import sse
from hunt.core.bans import BanList
from hunt.core.events import Reward
from hunt.core.player_ids import mask
from hunt.errors import Draining, Overloaded
from hunt.service.expiry import Expiry, Validity
from hunt.service.subscriber import Frame, Reason, Subscriber, Subscription

#: Seconds between two frames of wins.
WINS_INTERVAL = 0.1

#: Maximum number of wins in one frame; older ones are dropped.
WINS_SIZE = 50

#: Number of streams that get a frame or a heartbeat, or are closed, between two checkpoints.  That
#: takes about a millisecond, mostly in the kernel; clicks wait meanwhile.
SLICE = 64


class Hub:
    """Delivers rewards to the streams of their players, and wins to streams with ``scope=all``.

    A slow consumer, which cannot take a frame, is disconnected, so that it delays no other
    stream; its client resumes with ``Last-Event-ID``.  Only `run` and `close` can block, so
    all subscribers see the same order.

    Args:
        epoch: Returns the epoch of a hunt's log; None for a hunt that was deleted.
        per_player: Maximum number of streams of one player in all hunts, >= 1.
        per_address: Maximum number of streams of one address behind trusted proxies, >= 1;
            None: no limit.
        jitter: Uniform in [0, 1), spreads ``Retry-After`` and the ends of streams.
        clock: The wall clock, in seconds, by which tokens expire.
        tokens: Tells whether the token behind an identity is still valid.
        bans: The bans in force.
        slow: Called after each slow consumer that was disconnected; must not block.
        first: Called after a hunt got its first stream; must not block.
    """

    def __init__(
        self,
        *,
        epoch: Callable[[str], str | None],
        per_player: int,
        per_address: int | None = None,
        jitter: Callable[[], float],
        clock: Callable[[], float],
        tokens: Validity,
        bans: BanList,
        slow: Callable[[], None] = lambda: None,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self._epoch = epoch
        self._per_player = per_player
        self._jitter = jitter
        self._bans = bans
        self._slow = slow
        self.first = first
        self._streams: dict[Subscriber, Subscription] = {}
        self._open: Counter[str] = Counter()  # streams by player
        self._per_address = per_address
        self._addresses: Counter[str] = Counter()  # streams by address, if it is known
        self._players: dict[str, dict[str, list[Subscriber]]] = {}  # hunt -> player -> streams
        # hunt -> streams; a dict, because thousands may end at once
        self._everybody: dict[str, dict[Subscriber, None]] = {}
        self._wins: dict[str, deque[Reward]] = {}  # hunt -> wins since the last frame
        self._won = trio.Event()
        self._counts: Counter[str] = Counter()
        self.awake = 0  #: event streams that have a task now; the others are parked
        #: Subscribers with a queue: event streams that have a task, and all WebSockets.
        self.queues: set[Subscriber] = set()
        self._closed = False
        self.expiry = Expiry(
            self._streams, clock=clock, tokens=tokens, jitter=jitter, end=self._expire
        )

    def add(self, subscription: Subscription, subscriber: Subscriber) -> None:
        """Deliver to a subscriber the events that are published from now on.

        Args:
            subscription: The content of the stream.
            subscriber: A new subscriber.

        Raises:
            Banned: The player or the address is banned.
            Draining: The hub has closed.
            Overloaded: The player or the address has too many streams.
        """
        if self._closed:
            raise Draining(retry_after=1 + self._jitter())
        player = subscription.identity.player
        self._bans.check(subscription.hunt, player=player, key=subscription.source)
        if self._open[player] >= self._per_player:
            raise Overloaded("too many streams", retry_after=5 + self._jitter())
        address = subscription.address
        if address is not None:
            if self._per_address is not None and self._addresses[address] >= self._per_address:
                what = "too many streams from this address"
                raise Overloaded(what, retry_after=5 + self._jitter())
            self._addresses[address] += 1
        self._open[player] += 1
        self._streams[subscriber] = subscription
        first = not self.wanted(subscription.hunt)
        if subscription.everybody:
            self._everybody.setdefault(subscription.hunt, {})[subscriber] = None
        else:
            players = self._players.setdefault(subscription.hunt, {})
            players.setdefault(player, []).append(subscriber)
        self.expiry.add(subscriber, subscription.identity.until)
        if first:
            self.first()

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; idempotent."""
        subscription = self._streams.pop(subscriber, None)
        if subscription is None:
            return
        self.expiry.remove(subscriber)
        player = subscription.identity.player
        self._open[player] -= 1
        if not self._open[player]:
            del self._open[player]
        if (address := subscription.address) is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
        if subscription.everybody:
            everybody = self._everybody[subscription.hunt]
            del everybody[subscriber]
            if not everybody:
                del self._everybody[subscription.hunt]
            return
        players = self._players[subscription.hunt]
        players[player].remove(subscriber)
        if not players[player]:
            del players[player]
        if not players:
            del self._players[subscription.hunt]

    def publish(self, hunt: str, rewards: Sequence[Reward]) -> None:
        """Deliver rewards, by ascending seq, to their players; cannot block."""
        epoch = self._epoch(hunt)
        if epoch is None:
            return  # a commit that was on its way while the hunt was deleted
        players = self._players.get(hunt)
        if players:
            now = trio.current_time()
            for reward in rewards:
                streams = players.get(reward.player)
                if streams:
                    block = sse.reward(epoch, reward)
                    self._offer(streams, Frame("reward", reward.seq, block, now))
        if self._everybody.get(hunt):
            won = [reward for reward in rewards if reward.prize is not None]
            if won:
                self._wins.setdefault(hunt, deque(maxlen=WINS_SIZE)).extend(won)
                self._won.set()

    def _offer(self, streams: Sequence[Subscriber], frame: Frame) -> None:
        for subscriber in tuple(streams):
            if not subscriber.offer(frame):
                self._end(subscriber, "slow")
                self._slow()

    def _end(self, subscriber: Subscriber, reason: Reason) -> None:
        self.remove(subscriber)
        subscriber.close(reason)

    def _expire(self, subscriber: Subscriber) -> None:
        self._end(subscriber, "expired")

    def wanted(self, hunt: str) -> bool:
        """Return whether this process has a stream of a hunt."""
        return bool(self._players.get(hunt) or self._everybody.get(hunt))

    def hunts(self) -> set[str]:
        """Return the hunts that have streams in this process."""
        return {hunt for hunt in (*self._players, *self._everybody) if self.wanted(hunt)}

    def streams(self, hunt: str) -> list[Subscriber]:
        """Return all streams of a hunt, of both scopes."""
        players = self._players.get(hunt, {}).values()
        return [*chain.from_iterable(players), *self._everybody.get(hunt, {})]

    def watched(self) -> list[str]:
        """Return the hunts that have streams with ``scope=all`` in this process."""
        return list(self._everybody)

    def watchers(self, hunt: str) -> list[Subscriber]:
        """Return the streams of a hunt with ``scope=all``."""
        return list(self._everybody.get(hunt, {}))

    def streams_of(self, hunt: str, player: str) -> list[Subscriber]:
        """Return the streams of a player's rewards."""
        return list(self._players.get(hunt, {}).get(player, ()))

    def is_open(self, subscriber: Subscriber) -> bool:
        """Return whether a subscriber gets frames."""
        return subscriber in self._streams

    def end(self, hunt: str, reason: Reason = "over", last: Sequence[Frame] = ()) -> None:
        """Close every stream of a hunt.

        Args:
            hunt: The id of the hunt.
            reason: ``over``: the hunt is over; ``drain``: clients should reconnect.
            last: Live events that each stream gets before its end.
        """
        for subscriber in self.streams(hunt):
            for frame in last:
                subscriber.offer(frame)
            self._end(subscriber, reason)

    async def end_banned(self) -> None:
        """Close every stream of a banned player or address."""
        for number, (each, what) in enumerate(list(self._streams.items()), 1):
            banned = self._bans.concerns(what.hunt, player=what.identity.player, key=what.source)
            if banned and each in self._streams:  # it may have ended meanwhile
                self._end(each, "banned")
            if number % SLICE == 0:
                await trio.lowlevel.checkpoint()

    async def close(self) -> None:
        """Close every subscriber, and refuse new ones.

        A closed subscriber still delivers the frames that it has.  If this call is cancelled,
        the remaining subscribers stay open.
        """
        self._closed = True
        for number, subscriber in enumerate(list(self._streams), 1):
            if subscriber in self._streams:  # it may have ended meanwhile
                self._end(subscriber, "drain")
            if number % SLICE == 0:
                await trio.lowlevel.checkpoint()

    def count(self, transport: str, change: int) -> None:
        """Count a stream that has opened (1) or ended (-1)."""
        self._counts[transport] += change

    def counts(self) -> dict[str, int]:
        """Return the number of subscribers, by transport."""
        return dict(self._counts)

    def backlog(self) -> tuple[int, int]:
        """Return the frames that wait for clients, and the number of these clients."""
        waiting = [each.waiting() for each in self.queues]
        return sum(waiting), sum(map(bool, waiting))

    async def run(self) -> None:
        """Send wins, and end streams whose tokens expire, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.expiry.run)
            await self._send_wins()

    async def _send_wins(self) -> None:
        """Send wins, gathered for `WINS_INTERVAL`."""
        while True:
            await self._won.wait()
            await trio.sleep(WINS_INTERVAL)
            self._won = trio.Event()
            wins, self._wins = self._wins, {}
            now = trio.current_time()
            for hunt, rewards in wins.items():
                block = sse.wins(hunt, [_masked(reward) for reward in rewards])
                frame = Frame("wins", 0, block, now)
                streams = list(self._everybody.get(hunt, {}))
                for start in range(0, len(streams), SLICE):
                    still = self._everybody.get(hunt, {})
                    reached = [each for each in streams[start : start + SLICE] if each in still]
                    self._offer(reached, frame)
                    await trio.lowlevel.checkpoint()


def _masked(reward: Reward) -> dict[str, object]:
    return {
        "player": mask(reward.player),
        "prize": reward.prize,
        "points": reward.points,
        "at": reward.at,
    }
