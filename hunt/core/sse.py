"""Server-sent events (HTML Living Standard, 9.2): encoders, event ids, and a client's parser.

Every encoder returns whole blocks, because browsers discard an incomplete block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hunt.core.events import Reward
from hunt.core.wire import encode, reward_json

HEARTBEAT = b": \n\n"  #: a comment, which keeps the connection alive and is not an event
RETRY_MS = 2000  #: milliseconds until a client reconnects, unless it is told otherwise

_EVENT_ID = re.compile(r"([a-z0-9]{1,16})-(0|[1-9][0-9]{0,17})", re.ASCII)
_LINES = re.compile(r"\r\n|\r|\n")


def frame(
    *,
    data: str | bytes,
    event: str | None = None,
    id: str | None = None,  # ruff: ignore[builtin-argument-shadowing] - the word of the format
    retry: int | None = None,
) -> bytes:
    """Return one event; each line of the data becomes a ``data:`` line.

    Args:
        data: Content of the event, without NUL.
        event: Kind of the event, one line; None: ``message``.
        id: Event id to resume after, one line; None: unchanged.
        retry: Milliseconds until the client reconnects; None: unchanged.
    """
    text = data.decode() if isinstance(data, bytes) else data
    lines = []
    if id is not None:
        lines.append(f"id: {id}\n")
    if event is not None:
        lines.append(f"event: {event}\n")
    if retry is not None:
        lines.append(f"retry: {retry}\n")
    lines.extend(f"data: {line}\n" for line in _LINES.split(text))
    lines.append("\n")
    return "".join(lines).encode()


def pause(milliseconds: int) -> bytes:
    """Return a block that only sets the reconnection time."""
    return f"retry: {milliseconds}\n\n".encode()


def hello(hunt: str, epoch: str, seq: int, *, resumed: bool, heartbeat: float) -> bytes:
    """Return the first event of a stream.

    Args:
        hunt: Id of the hunt.
        epoch: Epoch of the hunt's log.
        seq: Position in the log at which the stream begins.
        resumed: Whether the client gets all rewards since its last event id.
        heartbeat: Seconds of silence, > 0, after which the server sends a heartbeat.
    """
    data = encode(
        {"hunt": hunt, "epoch": epoch, "seq": seq, "resumed": resumed, "heartbeat": heartbeat}
    )
    return pause(RETRY_MS) + frame(event="hello", data=data)


def reward(epoch: str, reward: Reward) -> bytes:
    """Return a reward, the only event with an id."""
    # The same as `frame` returns, at a fraction of its cost: this is the hot path.
    return b"id: %b\nevent: reward\ndata: %b\n\n" % (
        event_id(epoch, reward.seq).encode(),
        reward_json(reward),
    )


def reset(reason: str) -> bytes:
    """Return the event that tells a client to reload its state, because it cannot resume."""
    return frame(event="reset", data=encode({"reason": reason}))


def drain(retry_ms: int) -> bytes:
    """Return the event that announces a graceful shutdown of the stream."""
    return frame(event="drain", data=b"{}", retry=retry_ms)


def wins(hunt: str, wins: Sequence[dict[str, object]]) -> bytes:
    """Return the latest wins of all players, with masked names."""
    return frame(event="wins", data=encode({"hunt": hunt, "wins": wins}))


def event_id(epoch: str, seq: int) -> str:
    """Return the event id of a row of the log, as in ``k3-4711``."""
    return f"{epoch}-{seq}"


def parse_event_id(text: str, epoch: str) -> int:
    """Return the seq in an event id of `epoch`.

    Raises:
        ValueError: The id is malformed or of another epoch; the message is for `reset`.
    """
    match = _EVENT_ID.fullmatch(text)
    if match is None:
        raise ValueError("malformed id")
    if match[1] != epoch:
        raise ValueError("another epoch")
    return int(match[2])


@dataclass(frozen=True, slots=True)
class Event:
    """An event, as a client receives it."""

    event: str
    data: str
    id: str | None  #: None if the event has none
    retry: int | None  #: milliseconds; None if the block has none


class Parser:
    """An incremental parser; chunks may end anywhere.

    A block without data is not an event.  If it has ``retry``, it is returned all the same,
    with an empty `Event.event`, so that clients can obey it.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False
        self._clear()

    def _clear(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None
        self._retry: int | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that `chunk` completes."""
        buffer = self._rest + chunk
        # A CR at the end may be the first half of a CRLF, so it waits for the next byte.
        held = b"\r" if buffer.endswith(b"\r") else b""
        lines = re.split(rb"\r\n|\r|\n", buffer.removesuffix(held))
        self._rest = lines.pop() + held
        events = []
        for line in lines:
            text = line.decode("utf-8", "replace")
            if not self._begun:
                self._begun, text = True, text.removeprefix("\ufeff")
            if text:
                self._field(text)
            elif (event := self._dispatch()) is not None:
                events.append(event)
        return events

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._retry = int(value)

    def _dispatch(self) -> Event | None:
        event = None
        if self._data:
            event = Event(self._event or "message", "\n".join(self._data), self._id, self._retry)
        elif self._retry is not None:
            event = Event("", "", None, self._retry)
        self._clear()
        return event
