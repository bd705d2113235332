"""The control socket, by which ``hunt drain`` and other commands find a running server.

Each supervisor listens at a socket in a folder that only its user can enter.  The folder is
``run`` in the data folder; if that is impossible, it is in the system's folder for temporary
files, with a name derived from the data folder.  A client gets a line of JSON, `Hello`.  It
may send ``drain``, and gets ``drained`` once every worker process has ended.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec
import structlog
import trio

from hunt.errors import HuntError
from hunt.processes.listening import is_abandoned, unix_listener
from hunt.values import SOCKET_PATH_MAX

DRAIN = b"drain\n"
DRAINED = b"drained\n"

_SUFFIX = ".control"
_NAME_MAX = 24  # bytes of the longest name of a socket in the folder
_HELLO_TIMEOUT = 5.0  # seconds for a server to send its `Hello`
_LINE_MAX = 4096  # bytes of a line that is read

log = structlog.get_logger("hunt")


class Hello(msgspec.Struct, frozen=True):
    """The first line of a control connection: the server's identity."""

    pid: int  #: of the supervisor process
    bind: list[str]  #: the addresses at which the server listens


class SocketFolder:
    """The paths of one server's sockets in the common folder.

    Args:
        folder: The folder, which other servers may use, too.
    """

    def __init__(self, folder: Path) -> None:
        self._stem = str(folder / secrets.token_hex(4))

    @property
    def control(self) -> str:
        """The path of the control socket."""
        return self._stem + _SUFFIX

    def worker(self, number: int) -> str:
        """Return the path of the socket at which only worker `number` listens."""
        return f"{self._stem}-{number}"


def commit_socket(worker: Path, process: int) -> str:
    """Return the path of the socket at which a worker takes clicks of the others.

    Args:
        worker: The path of any worker's own socket, see `SocketFolder.worker`.
        process: The process id of the worker.
    """
    server, _, _ = str(worker).rpartition("-")
    return f"{server}.{process}"


@contextmanager
def open_socket_folder(data_dir: Path) -> Iterator[SocketFolder | None]:
    """Yield a folder for the sockets of a server; None if no private folder can be made."""
    for folder in folders(data_dir):
        try:
            for each in (folder.parent, folder):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
        except OSError:
            continue
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if ours and not status.st_mode & 0o077 and os.access(folder, os.W_OK):
            _tidy(folder)
            # The folder is never removed: another server may be about to use it.
            yield SocketFolder(folder)
            return
    log.warning("control socket disabled", reason="no private folder can be made for it")
    yield None


def folders(data_dir: Path) -> list[Path]:
    """Return the possible folders for sockets of servers with this data folder, best first."""
    data_dir = data_dir.expanduser().absolute()
    near = data_dir / "run"
    name = f"hunt-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}-run"
    found = []
    if len(os.fsencode(near)) + 1 + _NAME_MAX <= SOCKET_PATH_MAX:
        found.append(near)
    with suppress(FileNotFoundError):  # a read-only file system has no folder for such files
        found.append(Path(tempfile.gettempdir(), name))
    return found


def _tidy(folder: Path) -> None:
    """Remove the sockets of servers that were killed."""
    for path in folder.glob(f"*{_SUFFIX}"):
        if is_abandoned(str(path)):
            for left in folder.glob(f"{path.stem}[.-]*"):
                left.unlink(missing_ok=True)


async def serve(path: str, hello: Hello, drain: Callable[[], Awaitable[None]]) -> None:
    """Listen at the control socket until cancelled.

    Args:
        path: The path of the socket, which is removed at the end.
        hello: The first line for each client.
        drain: Drains the server; returns once every worker process has ended.
    """

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await stream.send_all(msgspec.json.encode(hello) + b"\n")
                if await _line(stream) == DRAIN:
                    await drain()
                    await stream.send_all(DRAINED)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # the client does not wait for the answer

    # A server that starts removes sockets that refuse connections, because they are those of
    # killed servers.  Therefore this socket gets its name only once it listens.
    with unix_listener(path + ".new") as sock, ExitStack() as stack:
        os.rename(path + ".new", path)
        stack.callback(Path(path).unlink, missing_ok=True)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        await trio.serve_listeners(handle, [listener])


@asynccontextmanager
async def connected(data_dir: Path) -> AsyncIterator[list[tuple[Hello, trio.SocketStream]]]:
    """Connect to every server that runs with this data folder.

    Raises:
        HuntError: A server runs and does not answer.
    """
    found, silent = [], 0
    async with AsyncExitStack() as stack:
        for folder in folders(data_dir):
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                try:
                    stream = await trio.open_unix_socket(str(path))
                except OSError:
                    continue  # an ended server has left it
                await stack.enter_async_context(stream)
                line = None
                with trio.move_on_after(_HELLO_TIMEOUT):
                    try:
                        line = await _line(stream)
                        found.append((msgspec.json.decode(line, type=Hello), stream))
                    except (msgspec.DecodeError, trio.BrokenResourceError):
                        continue  # the server is ending
                silent += line is None
        if silent and not found:
            raise HuntError(
                f"the server with data folder {data_dir} did not answer within {_HELLO_TIMEOUT:g} s"
            )
        yield found


async def drain(stream: trio.SocketStream) -> bool:
    """Tell a server to drain; return whether it confirmed that it has."""
    try:
        await stream.send_all(DRAIN)
        return await _line(stream) == DRAINED
    except trio.BrokenResourceError:
        return False


async def _line(stream: trio.SocketStream) -> bytes:
    """Return the next line with its end, or its beginning if the other side closes."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LINE_MAX:
        more = await stream.receive_some(_LINE_MAX)
        if not more:
            break
        line += more
    return line
