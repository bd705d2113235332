"""The messages between the supervisor process, the fork server and a worker process.

Each message is a line of JSON on a socket pair.  The supervisor's first message to a worker is
an `Order`.  When one process ends, the other reads the end of file.  Settings contain secrets,
so they are sent in messages: other users can read command lines and environments.
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
from hunt.metrics.hunt_minutes import Minute
from hunt.settings import Settings

#: Maximum number of descriptors in one message of the kernel (SCM_MAX_FD, unix(7)).
_MAX_SOCKETS = 253

_KINDS: dict[str, type[HuntError]] = {
    "settings": SettingsError,
    "store": StoreUnavailable,
    "other": HuntError,
}


class Order(Struct, frozen=True, kw_only=True):
    """To a worker, first: serve with these settings."""

    settings: Settings
    number: int  #: of the worker, >= 1; never used twice by a server
    own_socket: str | None  #: path of a Unix socket at which no other process listens
    hang_timeout: float  #: seconds, > 0, after which a blocked event loop ends the worker


class Loaded(Struct, frozen=True, tag=True):
    """From the fork server, first: it has imported all modules."""


class Forked(Struct, frozen=True, tag=True):
    """From the fork server, after a request: it has forked a worker."""

    pid: int


class Heartbeat(Struct, frozen=True, tag=True):
    """From a worker, every second: its event loop runs."""


class Ready(Struct, frozen=True, tag=True):
    """From a worker, once: it serves."""


class Counts(Struct, frozen=True, tag=True):
    """From a worker: its metrics, without gauges unless they answer a `Count`."""

    families: list[Family]
    requested: bool  #: this answers a `Count`


class AskTotal(Struct, frozen=True, tag=True):
    """From a worker: a request for a `Total`."""

    number: int  #: of the request


class AskMinutes(Struct, frozen=True, tag=True):
    """From a worker: a request for the `Minutes` of a hunt."""

    number: int  #: of the request
    hunt: str  #: its id


class Failure(Struct, frozen=True, tag=True):
    """From a worker, last: the reason for its end; from the fork server: of its last failure."""

    kind: Literal["settings", "store", "other"]
    sentence: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return the failure that reports `error`."""
        if isinstance(error, SettingsError):
            return cls("settings", str(error))
        if isinstance(error, StoreError):
            return cls("store", str(error))
        if isinstance(error, HuntError):
            return cls("other", str(error))
        # Its message may quote a secret; the log of the worker has it, without secrets.
        return cls("other", f"unexpected {type(error).__name__}: see the log")

    @classmethod
    def of_start(cls, error: OSError) -> Failure:
        """Return the failure for a refusal of the operating system to start a worker."""
        return cls("other", f"cannot start a worker process: {error.strerror}")

    def error(self) -> HuntError:
        """Return the failure as an exception."""
        return _KINDS[self.kind](self.sentence)


class Retire(Struct, frozen=True, tag=True):
    """To a worker: close the listening sockets, drain and end."""


class Count(Struct, frozen=True, tag=True):
    """To a worker: send all metrics."""


class Total(Struct, frozen=True, tag=True):
    """To a worker, after an `AskTotal`: the metrics of the node."""

    number: int  #: of the request
    families: list[Family]
    until: float  #: time of the machine's monotonic clock up to which they may be shown


class Minutes(Struct, frozen=True, tag=True):
    """To a worker, after an `AskMinutes`: the clicks of a hunt at the node by minute."""

    number: int  #: of the request
    minutes: list[Minute]
    since: float  #: seconds since 1970 from which clicks are counted


FromForkServer = Loaded | Forked | Failure
FromWorker = Heartbeat | Ready | Report | Counts | AskTotal | AskMinutes | Failure
ToWorker = Retire | NodeState | Count | Total | Minutes

_from_fork_server: msgspec.json.Decoder[FromForkServer] = msgspec.json.Decoder(FromForkServer)
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
_to_worker: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)


def _path(kind: type, value: str) -> Path:
    assert kind is Path
    return Path(value)


# Made at import, as the others are, so that all workers share its 2 MiB of memory.
_order: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order, dec_hook=_path)


def encode(message: Order | FromForkServer | FromWorker | ToWorker) -> bytes:
    """Return the line of a message, with its end."""
    return msgspec.json.encode(message, enc_hook=str) + b"\n"


def from_fork_server(line: bytes) -> FromForkServer:
    """Return the message in a line."""
    return _from_fork_server.decode(line)


def from_worker(line: bytes) -> FromWorker | None:
    """Return the message in a line; None for a line that a killed worker left incomplete."""
    try:
        return _from_worker.decode(line)
    except msgspec.DecodeError:
        return None


def to_worker(line: bytes) -> ToWorker:
    """Return the message in a line."""
    return _to_worker.decode(line)


def decode_order(line: bytes) -> Order:
    """Return the order in a line."""
    return _order.decode(line)


def send_order(channel: socket.socket, order: Order, listening: Sequence[socket.socket]) -> None:
    """Write the first line of a channel, with the sockets to listen on.

    Raises:
        OSError: The worker has ended.
    """
    line = encode(order)  # far less than a socket's buffer
    socket.send_fds(channel, [line], [sock.fileno() for sock in listening])


def receive_order(channel: socket.socket) -> tuple[Order, list[int]] | None:
    """Read the first line of a channel, blocking; None if the supervisor has ended.

    Returns:
        The order, and the descriptors to listen on.
    """
    line, listening = b"", list[int]()
    # Read one byte at a time, because the bytes after the line are for `Channel`.
    while not line.endswith(b"\n"):
        byte, found, _, _ = socket.recv_fds(channel, 1, _MAX_SOCKETS, socket.MSG_CMSG_CLOEXEC)
        if not byte:
            return None
        line += byte
        listening += found
    return decode_order(line), listening
