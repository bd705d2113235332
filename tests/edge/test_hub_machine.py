"""The hub and its parked sockets, against a model: clients read, stop reading, leave and resume."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress

import trio
import trio.testing
from hypercorn.config import Config
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from hunt.core.events import Reward
from hunt.core.proxies import Peer
from hunt.core.sse import Event, Parser
from hunt.edge.admission import Admission, Slot
from hunt.edge.park import Park
from hunt.edge.parked_stream import open_stream
from hunt.engine import Engine
from tests.simulation.ledger import EPOCH, HUNT, Ledger
from tests.simulation.store import FakeStore
from tests.simulation.weather import Script, Weather
from tests.simulation.world import SETTINGS
from tests.support.hubs import subscription_of
from tests.support.trio_machine import TrioMachine

BUFFER = SETTINGS.stream_buffer

#: Bytes of a prize's name, so that few rewards fill a socket.
SIZE = 2000

#: Maximum number of rewards that a socket of the smallest size holds.
KERNEL = 6


class Asking:
    """A connection whose request was read."""

    def __init__(self, park: Park, fd: int, slot: Slot) -> None:
        self.park, self.fd, self.slot = park, fd, slot

    def readable(self) -> None: ...

    def end(self) -> None: ...

    def check_timeout(self, now: float) -> None: ...

    def close_if_idle(self) -> None: ...

    def idle_since(self) -> None: ...

    def evict(self) -> None: ...

    def abort(self) -> None: ...


class Reader:
    """A client, with all the bytes that it has read."""

    def __init__(self, player: str, after: int) -> None:
        ours, self.sock = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        ours.setblocking(False)
        self.sock.setblocking(False)
        self.fd = ours.detach()
        self.player, self.after = player, after
        self.received = b""
        self.ended = False
        self.stream: object = None

    def read(self, size: int) -> None:
        with suppress(BlockingIOError):
            data = self.sock.recv(size)
            self.received += data
            self.ended = not data

    def events(self) -> list[Event]:
        """Return the events of all whole chunks."""
        parser, events = Parser(), []
        rest = self.received.partition(b"\r\n\r\n")[2]
        while b"\r\n" in rest:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line, 16)
            if len(rest) < size + 2:
                break
            events += parser.feed(rest[:size])
            assert rest[size : size + 2] == b"\r\n"
            rest = rest[size + 2 :]
        return events

    def seqs(self) -> list[int]:
        return [json.loads(e.data)["seq"] for e in self.events() if e.event == "reward"]


class HubMachine(TrioMachine):
    """Each connection gets its player's rewards in order, each once, without gaps."""

    async def begin(self) -> None:
        self.files = len(os.listdir("/proc/self/fd"))
        self.ledger = Ledger(trio.current_time)
        store = FakeStore(self.ledger, Weather(Script(1, ()), 0), self.nursery, "p")
        self.engine = Engine(SETTINGS, store)  # type: ignore[arg-type]  # as much as is asked of it
        self.engine.catalogue.hunts[HUNT] = self.ledger.hunt()
        self.engine.streams.tail.start_at(HUNT, 0)
        self.admission = Admission(trio.current_time)
        self.park = Park(
            self.engine.play,
            heartbeat=self.engine.settings.heartbeat,
            config=Config(),
            hand_over=self._close,
        )
        self.serving = trio.CancelScope()
        self.readers: list[Reader] = []
        await self.nursery.start(self._serve)

    async def _serve(self, task_status: trio.TaskStatus[None]) -> None:
        with self.serving:
            await self.park.run(task_status=task_status)

    def _close(self, fd: int, received: bytes, slot: Slot) -> None:
        slot.release()
        os.close(fd)

    def owed(self, reader: Reader) -> list[int]:
        return [
            row.seq
            for row in self.ledger.rows
            if row.player == reader.player and row.seq > reader.after
        ]

    def subscribed(self, reader: Reader) -> bool:
        streams = self.engine.streams.hub._players.get(HUNT, {}).get(reader.player, [])
        return reader.stream in streams

    def check(self, reader: Reader) -> None:
        got, owed = reader.seqs(), self.owed(reader)
        assert got == owed[: len(got)], "a hole, another's, out of order, or twice"
        if self.subscribed(reader):
            assert len(owed) - len(got) <= KERNEL + 2 * BUFFER + 1, "it should have been cut off"

    @rule(player=st.sampled_from(["ada", "adam"]), back=st.sampled_from([None, 0, 1, 3]))
    def open(self, player: str, back: int | None) -> None:
        if len(self.readers) >= 6:
            return
        seqs = [row.seq for row in self.ledger.rows if row.player == player]
        last = len(self.ledger.rows)
        after = last if back is None else (seqs[-back - 1] if len(seqs) > back else 0)
        reader = Reader(player, after)
        self.readers.append(reader)

        def begin() -> None:
            peer = Peer("192.0.2.1", trusted=False, key="192.0.2.1")
            self.park.add(Asking(self.park, reader.fd, self.admission.admit(peer)))
            resume = None if back is None else f"{EPOCH}-{after}"
            hunt, head = self.engine.catalogue.hunts[HUNT], self.park.answers.stream("r")
            stream = self.engine.play.streams.open(hunt, subscription_of(player, HUNT), resume)
            open_stream(self.park, reader.fd, stream, head)
            reader.stream = self.park._parked.get(reader.fd)

        self.do(begin)
        self.sleep(1)  # missed rewards are read from the table

    @rule(player=st.sampled_from(["ada", "adam"]), count=st.integers(1, 5))
    def publish(self, player: str, count: int) -> None:
        first = len(self.ledger.rows) + 1
        rows = [Reward(first + n, f"c{first + n}", player, "p" * SIZE, 0, "") for n in range(count)]
        before = [each for each in self.readers if self.subscribed(each)]
        self.ledger.rows += rows
        self.do(self.engine.streams.tail.committed, HUNT, rows)
        for each in before:
            if not self.subscribed(each):
                missing = len(self.owed(each)) - len(each.seqs())
                assert missing > BUFFER, "cut off before its bound"
            self.check(each)

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), size=st.sampled_from([1, 900, 5000, 10**6]))
    def read(self, data: st.DataObject, size: int) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        self.do(reader.read, size)
        self.check(reader)

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        self.readers.remove(reader)
        self.do(reader.sock.close)
        assert not self.subscribed(reader)

    @rule(seconds=st.sampled_from([1, 8]))
    def wait(self, seconds: float) -> None:
        self.sleep(seconds)

    async def end(self) -> None:
        """Drain; each client that still reads has got all its rewards and a drain event."""
        await self.engine.streams.hub.close()
        for reader in self.readers:
            kept_up = not reader.ended
            for _ in range(200):
                reader.read(10**6)
                await trio.testing.wait_all_tasks_blocked()
                if reader.ended:
                    break
            self.check(reader)
            if kept_up and any(each.event == "drain" for each in reader.events()):
                assert reader.seqs() == self.owed(reader)
            reader.sock.close()
        assert self.engine.streams.hub.counts().get("sse", 0) == 0
        assert not any(self.engine.streams.hub._players.get(HUNT, {}).values())
        assert not self.park._parked
        assert self.admission.count == 0
        assert self.park.faults["contained"] == 0
        self.serving.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert len(os.listdir("/proc/self/fd")) == self.files


HubMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestHub = HubMachine.TestCase
