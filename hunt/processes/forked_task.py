"""A function in a forked process, whose end releases the memory that the function used."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import NoReturn, Self

import trio

from hunt.errors import HuntError
from hunt.processes.fork_server import fork
from hunt.processes.messages import Failure, encode, from_fork_server
from hunt.subprocesses import kill, wait_exit

_MESSAGE = 65536  # bytes of the longest message
_DONE = b"done"


class ForkedTask:
    """A forked process that waits for an argument, calls its function once, and ends.

    Args:
        pid: Its process id; it is a child of this process.
        sock: This end of its channel.
    """

    def __init__(self, pid: int, sock: socket.socket) -> None:
        self._pid: int | None = pid
        self._sock = sock

    @classmethod
    def forked(cls, function: Callable[[str], object]) -> Self:
        """Fork this process, before it has a thread or an event loop.

        In the forked process it raises `SystemExit` at the end.

        Args:
            function: Called in the forked process with the argument of `run`.

        Raises:
            OSError: The system cannot start another process.
        """
        return cls(*fork(partial(_serve, function)))

    async def run(self, argument: str) -> None:
        """Call the function in the forked process; return once that has ended.

        Args:
            argument: Argument of the function; not empty.

        Raises:
            HuntError: The error of the function, or the process has ended early.
        """
        assert self._pid is not None, "it runs once"
        try:
            with trio.socket.from_stdlib_socket(self._sock.dup()) as channel:
                await channel.send(argument.encode())
                answer = await channel.recv(_MESSAGE)
        except OSError:
            answer = b""
        await wait_exit(self._pid)
        self.close()
        if answer != _DONE:
            failure = from_fork_server(answer) if answer else None
            if not isinstance(failure, Failure):
                raise HuntError("a process that prepares the database has ended early")
            raise failure.error()

    def close(self) -> None:
        """Kill the process, unless it has ended."""
        self._sock.close()
        if self._pid is not None:
            pid, self._pid = self._pid, None
            kill(pid)


def _serve(function: Callable[[str], object], channel: socket.socket) -> NoReturn:
    """Call a function with the message that arrives, and end this process."""
    with channel:
        sys.exit(_call(function, channel))


def _call(function: Callable[[str], object], channel: socket.socket) -> int:
    """Call a function with the message that arrives; return the exit status."""
    argument = channel.recv(_MESSAGE).decode()
    if not argument:  # the other process does not need it, or was killed
        return 0
    try:
        function(argument)
    except BaseException as error:
        from hunt.processes.failures import exit_status  # these two import Hypercorn
        from hunt.processes.worker_main import failure

        channel.send(encode(failure(error)))
        return exit_status(error)
    channel.send(_DONE)
    return 0
