"""The supervisor's handle of the fork server, from which it gets worker processes."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NoReturn, Self

import trio

from hunt.errors import HuntError
from hunt.processes.messages import Failure, Forked, FromForkServer, from_fork_server
from hunt.processes.systemd import VARIABLES
from hunt.sources import PREFIX, TEST_PREFIX
from hunt.subprocesses import kill, wait_exit

if TYPE_CHECKING:
    from hunt.processes.worker_main import Make

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_MESSAGE = 65536  # bytes of the longest message


class StartError(HuntError):
    """A worker process could not be started."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure

    @classmethod
    def of(cls, error: OSError) -> StartError:
        """Return the error for a refusal of the operating system."""
        return cls(Failure.of_start(error))


class ForkServer:
    """A process that has imported the application, and forks workers from itself.

    `watch` must run as long as it is used.

    Args:
        pid: Its process id; it is a child of this process.
        sock: This end of its channel.
    """

    def __init__(self, pid: int, sock: socket.socket) -> None:
        self.pid = pid
        self._sock, self._socket = sock, trio.socket.from_stdlib_socket(sock)
        self._in_use = trio.Lock()
        self.loaded = False  #: it has imported all modules
        self.ended = trio.Event()  #: it has ended and was reaped, or is about to end

    @classmethod
    def started(cls, command: Sequence[str]) -> Self:
        """Start a process that imports the application anew.

        Args:
            command: The program; the descriptor of its channel is added as last argument.

        Raises:
            OSError: The system cannot start another process.
        """
        ours, theirs = _channel()
        with theirs:
            try:
                # This blocks for a millisecond or two.  A thread would only delay it.
                popen = subprocess.Popen(
                    [*command, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=_environ(os.environ),
                    # Ctrl-C is for the supervisor, which lets the workers drain.
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        popen.returncode = 0  # `watch` reaps it
        return cls(popen.pid, ours)

    @classmethod
    def forked(cls, make: Make) -> Self:
        """Fork this process, which has imported the application and shares its memory.

        Call it before this process has a thread, an event loop, or a file that others must
        not have.  In the forked process it raises `SystemExit` at the end.

        Args:
            make: Makes the application.

        Raises:
            OSError: The system cannot start another process.
        """
        from hunt.processes import copy_on_write, fork_main  # late: fork_main imports Hypercorn

        copy_on_write.prepare()
        return cls(*fork(partial(fork_main.serve, make)))

    async def watch(self) -> None:
        """Return when the process has ended; if cancelled, kill it."""
        try:
            await wait_exit(self.pid)
        finally:
            kill(self.pid)
            self.close()

    async def load(self) -> None:
        """Return once all modules are imported.

        Raises:
            StartError: They cannot be imported.
        """
        async with self._in_use:
            await self._load()

    async def _load(self) -> None:
        if not self.loaded:
            await self._receive()
            self.loaded = True

    async def fork(self, channel: socket.socket) -> int:
        """Fork a worker; return its process id.

        The worker is a child of this process.  If cancelled, a worker may start whose channel
        the caller has closed; it ends at once.

        Args:
            channel: The worker's end of its channel.

        Raises:
            StartError: There is no worker.
        """
        async with self._in_use:
            await self._load()
            with _adopting_orphans():
                try:
                    socket.send_fds(self._sock, [b"f"], [channel.fileno()])
                except OSError:
                    raise self._lost() from None
                try:
                    answer = await self._receive()
                except trio.Cancelled:
                    self.close()  # the answer would be taken for that of the next request
                    raise
        assert isinstance(answer, Forked)
        return answer.pid

    async def _receive(self) -> FromForkServer:
        try:
            message = await self._socket.recv(_MESSAGE)
        except OSError:
            message = b""
        if not message:
            raise self._lost()
        answer = from_fork_server(message)
        if isinstance(answer, Failure):
            raise StartError(answer)
        return answer

    def _lost(self) -> StartError:
        self.ended.set()
        return StartError(Failure("other", "the fork server ended"))

    def close(self) -> None:
        """Let the process end, unless it has; workers that it forked go on."""
        self._socket.close()
        self.ended.set()


def _channel() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a channel, which keeps the bounds of messages."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def fork(child: Callable[[socket.socket], NoReturn]) -> tuple[int, socket.socket]:
    """Fork this process, before it has a thread or an event loop.

    Args:
        child: Called in the forked process with its end of a channel.

    Returns:
        The process id of the child, and this end of the channel.

    Raises:
        OSError: The system cannot start another process.
    """
    ours, theirs = _channel()
    try:
        pid = os.fork()
    except BaseException:
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        ours.close()
        _detach()
        child(theirs)
    theirs.close()
    return pid, ours


def _detach() -> None:
    """Give this forked process what `ForkServer.started` gives to a new one."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    environ = _environ(os.environ)
    os.environ.clear()
    os.environ.update(environ)


@contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Become the parent of processes below this one whose parent ends.

    Only for the block: nobody would reap other orphans.
    """
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of workers, without settings: they come over the channel.

    With ``PYTHONSAFEPATH``, Python processes that a worker starts do not import modules from
    the working directory.
    """
    inherited = {
        name: value
        for name, value in environ.items()
        if name not in VARIABLES and (not name.startswith(PREFIX) or name.startswith(TEST_PREFIX))
    }
    return inherited | {"PYTHONSAFEPATH": "1"}
