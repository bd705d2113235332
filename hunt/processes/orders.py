"""The messages between the supervisor and a worker process, over a socket pair.

Lines of JSON, each way.  The supervisor's first line is an `Order`, which may be long
in coming: until then a process only waits.  Either one's end is the other's end of
file.  Settings have secrets in them, so they come this way: a command line and an
environment can be read.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from hunt.core.readiness import NodeState, Report
from hunt.errors import HuntError, SettingsError, StoreError, StoreUnavailable
from hunt.metrics.families import Family
from hunt.settings import Settings

#: Addresses of one server, at most, as the kernel has it (SCM_MAX_FD, unix(7)).
_MAX_SOCKETS = 253

_KINDS: dict[str, type[HuntError]] = {
    "settings": SettingsError,
    "store": StoreUnavailable,
    "other": HuntError,
}


class Order(Struct, frozen=True, kw_only=True):
    """The first message to a worker process: what it is to do."""

    settings: Settings
    number: int  #: >= 1; counts the processes of this server, never used twice
    own: str | None  #: path of a socket that only this process listens at
    hang: float  #: seconds after which a loop that stands still is given up, > 0


class Beat(Struct, frozen=True, tag=True):
    """From a worker, every second: its loop turns."""


class Ready(Struct, frozen=True, tag=True):
    """From a worker, once: it serves."""


class Counts(Struct, frozen=True, tag=True):
    """From a worker: its metrics, without gauges unless it was asked to `Count`."""

    families: list[Family]
    asked: bool  #: it answers a `Count`


class AskTotal(Struct, frozen=True, tag=True):
    """From a worker: it wants the `Total`."""

    number: int  #: of the question


class Failure(Struct, frozen=True, tag=True):
    """From a worker, at its end: why it ends."""

    kind: Literal["settings", "store", "other"]
    sentence: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return what the supervisor has to know of `error`."""
        if isinstance(error, SettingsError):
            return cls("settings", str(error))
        if isinstance(error, StoreError):
            return cls("store", str(error))
        if isinstance(error, HuntError):
            return cls("other", str(error))
        # Its message may quote anything; the log of the process has it, without secrets.
        return cls("other", f"unexpected {type(error).__name__}: see the log")

    def error(self) -> HuntError:
        """Return it as an error of the supervisor's own."""
        return _KINDS[self.kind](self.sentence)


class Retire(Struct, frozen=True, tag=True):
    """To a worker: stop accepting, drain, end."""


class Count(Struct, frozen=True, tag=True):
    """To a worker: send all your metrics."""


class Total(Struct, frozen=True, tag=True):
    """To a worker that asked for it: the metrics of the node."""

    number: int  #: of the question
    families: list[Family]


FromWorker = Beat | Ready | Report | Counts | AskTotal | Failure
ToWorker = Retire | NodeState | Count | Total

_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
_to_worker: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)


def encode(message: Order | FromWorker | ToWorker) -> bytes:
    """Return the line of a message, with its end."""
    return msgspec.json.encode(message, enc_hook=str) + b"\n"


def from_worker(line: bytes) -> FromWorker | None:
    """Return the message of a line; None for the rest of one whose writer was ended."""
    try:
        return _from_worker.decode(line)
    except msgspec.DecodeError:
        return None


def to_worker(line: bytes) -> ToWorker:
    """Return the message of a line."""
    return _to_worker.decode(line)


def decode_order(line: bytes) -> Order:
    """Return the order of a line."""
    return msgspec.json.decode(line, type=Order, dec_hook=_path)


def send_order(channel: socket.socket, order: Order, listening: Sequence[socket.socket]) -> None:
    """Write the first line of a channel, and with it the sockets to listen on.

    Raises:
        OSError: The process has ended.
    """
    line = encode(order)  # far less than a socket's buffer
    socket.send_fds(channel, [line], [sock.fileno() for sock in listening])


def receive_order(channel: socket.socket) -> tuple[Order, list[int]] | None:
    """Read the first line of a channel, blocking; None where the supervisor has ended.

    Returns:
        The order, and the descriptors to listen on.
    """
    line, listening = b"", list[int]()
    # Byte for byte: what follows the line is for others to read.
    while not line.endswith(b"\n"):
        byte, found, _, _ = socket.recv_fds(channel, 1, _MAX_SOCKETS, socket.MSG_CMSG_CLOEXEC)
        if not byte:
            return None
        line += byte
        listening += found
    return decode_order(line), listening


def _path(kind: type, value: str) -> Path:
    assert kind is Path
    return Path(value)
