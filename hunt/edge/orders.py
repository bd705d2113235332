"""What the supervisor and a server process say to each other, over a socket pair.

Lines of text, each way.  The supervisor's first line is an `Order`, which may be long
in coming: until then a process only waits.  Later the supervisor may say `RETIRE`; a
process says `BEAT` every second, `READY` once, and `Failure` where it must end.  Either
one's end is the other's end of file.  Settings have secrets in them, so they come this
way: a command line and an environment can be read.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from hunt.errors import HuntError, SettingsError, StoreError, StoreUnavailable
from hunt.settings import Settings

BEAT = b""  #: the process' loop turns
READY = b"ready"  #: the process serves
RETIRE = b"retire"  #: stop accepting, drain, end

#: Addresses of one server, at most, as the kernel has it (SCM_MAX_FD, unix(7)).
_MAX_SOCKETS = 253

_KINDS: dict[str, type[HuntError]] = {
    "settings": SettingsError,
    "store": StoreUnavailable,
    "other": HuntError,
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What one server process is to do."""

    settings: Settings
    number: int  #: >= 1; counts the processes of this server, never used twice
    own: str | None  #: path of a socket that only this process listens at
    hang: float  #: seconds after which a loop that stands still is given up, > 0


class Failure(msgspec.Struct, frozen=True):
    """Why a process ends."""

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


def encode(message: Order | Failure) -> bytes:
    """Return the line that says it, without its end."""
    return msgspec.json.encode(message, enc_hook=str)


def decode_order(line: bytes) -> Order:
    """Return what the line says."""
    return msgspec.json.decode(line, type=Order, dec_hook=_path)


def decode_failure(line: bytes) -> Failure:
    """Return what the line says."""
    return msgspec.json.decode(line, type=Failure)


def send_order(channel: socket.socket, order: Order, listening: Sequence[socket.socket]) -> None:
    """Write the first line of a channel, and with it the sockets to listen on.

    Raises:
        OSError: Nobody is there any more.
    """
    line = encode(order) + b"\n"  # far less than a socket's buffer
    socket.send_fds(channel, [line], [sock.fileno() for sock in listening])


def receive_order(channel: socket.socket) -> tuple[Order, list[int]] | None:
    """Read the first line of a channel, blocking; None where the supervisor is gone.

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
