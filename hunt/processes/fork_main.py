"""The main function of the fork server: a process that imports everything, and forks workers.

Forked workers share the memory of the imported modules with it, until they write to it, and
they start within milliseconds.  The fork server has no thread, no event loop, no database
connection and no settings, because a forked process would get half of each.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from hunt.logs import configure
from hunt.processes import copy_on_write, worker_main
from hunt.processes.failures import exit_status
from hunt.processes.messages import Failure, Forked, Loaded, encode
from hunt.processes.worker_main import Make
from hunt.settings import Settings


def main(load: Callable[[], Make]) -> NoReturn:
    """Import the application, then serve as `serve`.

    The only argument on the command line is the descriptor of the channel.  Exit status, in
    addition: 2 wrong settings or an incompatible package, 1 another failure of the imports.

    Args:
        load: Imports the application, and returns the function that makes it.
    """
    requests = socket.socket(fileno=int(sys.argv[1]))
    requests.set_inheritable(False)
    try:
        make = load()
    except BaseException as error:
        configure(Settings())  # so that it is a log event, too
        with requests, suppress(OSError):
            requests.send(encode(worker_main.failure(error)))
        sys.exit(exit_status(error))
    copy_on_write.prepare()
    serve(make, requests)


def serve(make: Make, requests: socket.socket) -> NoReturn:
    """Fork a worker for each request of the supervisor, until it closes the channel; then exit.

    Each request is a message with the descriptor of the worker's own channel.

    Args:
        make: Makes the application.
        requests: This end of the channel, which is closed at the end.
    """
    with requests:
        _name("hunt-fork")
        channel = _forked(requests)
    if channel is None:
        sys.exit(0)
    _name("hunt-worker")
    with channel:
        status = worker_main.run(make, channel)
    sys.exit(status)


def _forked(requests: socket.socket) -> socket.socket | None:
    """Handle requests; return in a forked worker its channel, and None at the end."""
    reply = encode(Loaded())
    while True:
        try:
            requests.send(reply)
            request, received, _, _ = socket.recv_fds(requests, 1, 1, socket.MSG_CMSG_CLOEXEC)
        except OSError:  # the supervisor was killed
            return None
        if not request:
            return None
        channel = socket.socket(fileno=received[0])
        try:
            pid = _fork()
        except OSError as exc:
            reply = encode(Failure.of_start(exc))
        else:
            if pid == 0:
                return channel
            reply = encode(Forked(pid))
        channel.close()


def _fork() -> int:
    """Fork a worker whose parent is the supervisor; return its process id, and 0 in itself.

    A child of this process forks the worker and ends.  The kernel then gives the worker to the
    nearest ancestor that adopts orphans: the supervisor (`ForkServer.fork`), which learns its
    exit status, and keeps it when this process ends.

    Raises:
        OSError: The system cannot start another process.
    """
    read, write = os.pipe()
    try:
        middle = os.fork()
        if middle == 0:
            _fork_and_end(write)
            os.setsid()  # Ctrl-C is for the supervisor, which lets the workers drain
            return 0
        _, status = os.waitpid(middle, 0)
        if number := os.waitstatus_to_exitcode(status):
            number = number if number > 0 else errno.EAGAIN  # killed, for want of memory
            raise OSError(number, os.strerror(number))
        return int(os.read(read, 32))
    finally:
        os.close(read)
        os.close(write)


def _fork_and_end(write: int) -> None:
    """Fork; return in the child, and end this process after it has written the child's id."""
    try:
        pid = os.fork()
    except OSError as exc:
        os._exit(exc.errno or errno.EAGAIN)
    if pid:
        os.write(write, str(pid).encode())
        os._exit(0)


def _name(name: str) -> None:
    """Set the name that ``ps`` and ``top`` show."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name, "ascii")
