"""``hunt bench game``: players click with open streams; each outcome must arrive once."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter, process_time

from hunt.bench import load_loops, server_state
from hunt.bench.click_clients import ClickClients, ClickConnection
from hunt.bench.event_blocks import REWARD
from hunt.bench.players import PlayerSource
from hunt.bench.process_usage import ServerProcesses, Usage
from hunt.bench.result import Result
from hunt.bench.run import Run, latency_figures
from hunt.bench.stream_clients import CombinedPoller, OpenStreams, StreamClient
from hunt.bench.target import Target
from hunt.plurals import plural

#: Seconds after the last answer within which its event must arrive.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Size of the game."""

    players: int  #: >= 1, each with a stream and a connection for clicks
    seconds: float  #: > 0
    rate: float  #: clicks a second of all players together, > 0


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall-clock and CPU time of this process, in seconds."""

    time: float = field(default_factory=perf_counter)
    cpu: float = field(default_factory=process_time)

    def until(self, later: Spent) -> Spent:
        """Return the time from this point to a later one."""
        return Spent(later.time - self.time, later.cpu - self.cpu)


class OutcomeChecker:
    """Compares clicks, answers and events."""

    def __init__(self) -> None:
        self.delays = array("d")  #: seconds from the scheduled time of a click to its event
        self._sent: dict[bytes, tuple[int, float]] = {}  # clicks without an event
        self._answered: set[bytes] = set()  # click ids without an event
        self._early: set[bytes] = set()  # click ids with an event, but without an answer yet
        self._seqs: Counter[int] = Counter()  # player -> the last seq on the stream
        self._wrong: Counter[tuple[str, str]] = Counter()  # failures, by their singular and plural

    def sent(self, connection: ClickConnection, due: float) -> None:
        """Record a click; its event is expected."""
        self._sent[connection.id] = connection.number, due

    def settled(self, connection: ClickConnection, now: float) -> None:
        """Record an answer with status 200."""
        if connection.id in self._early:
            self._early.remove(connection.id)
        else:
            self._answered.add(connection.id)

    def heard(self, listener: StreamClient, text: bytes | None) -> None:
        """Record the blocks that arrived on a stream, or its end (None)."""
        if text is None:
            self._wrong["stream ended", "streams ended"] += 1
            return
        now = perf_counter()
        for click_id, seq in REWARD.findall(text):
            if int(seq) <= self._seqs[listener.number]:
                what = "out of order or duplicated"
                self._wrong[f"event was {what}", f"events were {what}"] += 1
            self._seqs[listener.number] = int(seq)
            player, due = self._sent.pop(click_id, (-1, 0.0))
            if player != listener.number:
                what = (
                    "belonged to no click in flight"
                    if player < 0
                    else "came on another player's stream"
                )
                self._wrong[f"event {what}", f"events {what}"] += 1
                continue
            self.delays.append(now - due)
            if click_id in self._answered:
                self._answered.remove(click_id)
            else:
                self._early.add(click_id)

    @property
    def missing(self) -> int:
        """Number of answered clicks without an event."""
        return len(self._answered)

    def problems(self) -> list[str]:
        """Return the failed checks, each as a sentence."""
        found = [plural(count, *words) for words, count in self._wrong.items()]
        if self._answered:
            missing = plural(len(self._answered), "answered click")
            found.append(f"{missing} did not arrive on the player's stream")
        return found


def measure(
    target: Target,
    load: Load,
    players: PlayerSource,
    *,
    processes: ServerProcesses | None = None,
    progress: load_loops.Progress = load_loops.no_progress,
) -> Result:
    """Play; return the latencies of answers and events from the scheduled time of each click."""
    everyone = players(load.players)
    server_state.position(target, everyone[0].token)  # fails early if the tokens are refused
    referee = OutcomeChecker()
    poller = CombinedPoller(referee.heard)
    try:
        with (
            OpenStreams(target, (player.token for player in everyone), poller),
            ClickClients(
                target,
                everyone,
                ground=server_state.ground(target),
                poller=poller,
                settled=referee.settled,
                sent=referee.sent,
            ) as clicker,
        ):
            before, began = processes.usage() if processes else None, Spent()
            run = load_loops.open_loop(clicker, poller, load.seconds, load.rate, progress)
            own, after = began.until(Spent()), processes.usage() if processes else None
            last = perf_counter() + PATIENCE
            while referee.missing and perf_counter() < last:
                poller.wait(0.1)
    finally:
        poller.close()
    return _result(load, run, referee, (before, after), own)


def _result(
    load: Load,
    run: Run,
    referee: OutcomeChecker,
    used: tuple[Usage | None, Usage | None],
    own: Spent,
) -> Result:
    figures: dict[str, float | None] = {
        "players": load.players,
        "rate": load.rate,
        "clicks": run.settled,
        "refused": run.refused,
        **latency_figures(run.latencies),
        **latency_figures(referee.delays, "event_"),
        "server_cores": None,
        "postgres_cores": None,
        "generator_cores": own.cpu / own.time,
    }
    before, after = used
    if before and after:
        figures["server_cores"] = (after.server - before.server) / own.time
        if before.postgres is not None and after.postgres is not None:
            figures["postgres_cores"] = (after.postgres - before.postgres) / own.time
    return Result(figures, dict(run.statuses), [*run.problems(), *referee.problems()], run)
