"""Server-sent events: the bytes of the stream, and a parser for clients.

The format is that of the HTML Living Standard, section 9.2.  Every function here
returns whole blocks: a browser throws an unfinished one away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hunt.core.events import Reward
from hunt.core.wire import encode, reward_json

HEARTBEAT = b": \n\n"  #: a comment: no event, but proof of life
RETRY_MS = 2000  #: milliseconds after which a browser reconnects

_EVENT_ID = re.compile(r"([a-z0-9]{1,16})-(0|[1-9][0-9]{0,17})", re.ASCII)
_LINES = re.compile(r"\r\n|\r|\n")


def frame(
    *,
    data: str | bytes,
    event: str | None = None,
    id: str | None = None,  # ruff: ignore[builtin-argument-shadowing] - the word of the format
    retry: int | None = None,
) -> bytes:
    """Return one event; data of several lines become several ``data:`` lines.

    Args:
        data: What the client gets, without a NUL.
        event: Its kind, one line; None is ``message``.
        id: What the client resumes from, one line; None leaves it as it was.
        retry: Milliseconds until the client reconnects; None leaves it as it was.
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
    """Return the block that says when to reconnect, and nothing else."""
    return f"retry: {milliseconds}\n\n".encode()


def hello(hunt: str, epoch: str, seq: int, resumed: bool) -> bytes:
    """Return how a stream begins: when to reconnect, and where it stands."""
    data = encode({"hunt": hunt, "epoch": epoch, "seq": seq, "resumed": resumed})
    return pause(RETRY_MS) + frame(event="hello", data=data)


def reward(epoch: str, reward: Reward) -> bytes:
    """Return the one kind of event that carries an id."""
    # As `frame` does, of which the hot path needs no more than this.
    return b"id: %b-%d\nevent: reward\ndata: %b\n\n" % (
        epoch.encode(),
        reward.seq,
        reward_json(reward),
    )


def reset(reason: str) -> bytes:
    """Return what tells a client that it cannot resume, and must load its state anew."""
    return frame(event="reset", data=encode({"reason": reason}))


def drain(retry_ms: int) -> bytes:
    """Return what goes before the server closes a stream on purpose."""
    return frame(event="drain", data=b"{}", retry=retry_ms)


def wins(hunt: str, wins: Sequence[dict[str, object]]) -> bytes:
    """Return what everybody may see of the last moments' wins."""
    return frame(event="wins", data=encode({"hunt": hunt, "wins": wins}))


def parse_event_id(text: str, epoch: str) -> int:
    """Return the seq in an event id of this epoch.

    Raises:
        ValueError: With the reason, for `reset`.
    """
    match = _EVENT_ID.fullmatch(text)
    if match is None:
        raise ValueError("malformed id")
    if match[1] != epoch:
        raise ValueError("another epoch")
    return int(match[2])


@dataclass(frozen=True, slots=True)
class Event:
    """An event, as a client gets it."""

    event: str
    data: str
    id: str | None  #: of this event; None where it carries none
    retry: int | None  #: milliseconds, where the block said so


class Parser:
    """Splits a stream into events, however its bytes are cut into chunks.

    A block without data is no event, except that a ``retry`` alone is returned
    as one with empty `Event.event`, so that clients can obey it.
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
        """Return the events that are complete with `chunk`."""
        buffer = self._rest + chunk
        # A CR at the end may be half of a CRLF: it waits for the next byte.
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
