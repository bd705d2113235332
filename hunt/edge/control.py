"""How a running server is found on its machine, and told to drain.

Each supervisor listens at a socket in a folder that only its user can enter:
``run`` in the data folder, or, where that cannot be, one in the folder for temporary
files that is named after the data folder.  Whoever connects is sent a line of JSON,
`Hello`; it may answer ``drain``, and is sent ``drained`` once every process has ended.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec
import structlog
import trio

from hunt.edge.listening import abandoned, unix_listener

DRAIN = b"drain\n"
DRAINED = b"drained\n"

_SUFFIX = ".control"
_PATH_MAX = 107  # bytes of a socket's path (sun_path, unix(7))
_NAME_MAX = 24  # bytes of the longest name of a socket in the folder
_LINE_MAX = 4096  # bytes of a line that we read
_HELLO = 5.0  # seconds that a server may take to say which it is

log = structlog.get_logger("hunt")


class Hello(msgspec.Struct, frozen=True):
    """Which server it is."""

    pid: int
    bind: list[str]  #: where it listens


class Room:
    """A server's sockets in the common folder; `own` is where its processes listen."""

    def __init__(self, folder: Path) -> None:
        self._stem = str(folder / secrets.token_hex(4))

    @property
    def control(self) -> str:
        """The path of the supervisor's socket."""
        return self._stem + _SUFFIX

    def own(self, number: int) -> str:
        """Return the path of the socket of one process."""
        return f"{self._stem}-{number}"


@contextmanager
def open_room(data_dir: Path) -> Iterator[Room | None]:
    """Find a place for the sockets of a server, or None where the machine has none."""
    for folder in folders(data_dir):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
        except OSError:
            continue
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if ours and not status.st_mode & 0o077 and os.access(folder, os.W_OK):
            _tidy(folder)
            try:
                yield Room(folder)
            finally:
                with suppress(OSError):  # other servers use it, too
                    folder.rmdir()
            return
    log.warning("no place for a control socket: 'hunt drain' will not find this server")
    yield None


def folders(data_dir: Path) -> list[Path]:
    """Return where servers with this data folder have their sockets, best first."""
    data_dir = data_dir.expanduser().absolute()
    near = data_dir / "run"
    name = f"hunt-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}-run"
    found = [Path(tempfile.gettempdir(), name)]
    if len(os.fsencode(near)) + 1 + _NAME_MAX <= _PATH_MAX:
        found.insert(0, near)
    return found


def _refuses(path: Path) -> bool:
    """Whether nobody listens at a socket any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            pass  # it is there, and busy
    return False


def _tidy(folder: Path) -> None:
    """Remove what servers that were killed left behind."""
    for path in folder.glob(f"*{_SUFFIX}"):
        if abandoned(str(path)):
            for left in folder.glob(f"{path.stem}[.-]*"):
                left.unlink(missing_ok=True)


@asynccontextmanager
async def answering(
    path: str, hello: Hello, drain: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Answer at `path` for as long as the context is open.

    Args:
        path: Of the socket that is made.
        hello: What whoever connects is told.
        drain: Called for each who asks, and is cancelled where the context ends
            before it returns: those who asked are told nothing then.
    """

    async def answer(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            async with stream:
                await stream.send_all(msgspec.json.encode(hello) + b"\n")
                if await _line(stream) == DRAIN:
                    await drain()
                    await stream.send_all(DRAINED)

    with unix_listener(path) as sock:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, answer, [listener])
            yield
            nursery.cancel_scope.cancel()


class Server:
    """A server that runs, at the other end of its control socket."""

    def __init__(self, stream: trio.SocketStream, hello: Hello) -> None:
        self._stream = stream
        self.hello = hello

    async def drain(self) -> bool:
        """Tell it to drain; return whether it did, once it has drained or ended.

        Cancelled, it goes on draining.
        """
        try:
            await self._stream.send_all(DRAIN)
            return await _line(self._stream) == DRAINED
        except trio.BrokenResourceError:
            return False


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[list[Server]]:
    """Yield the servers with this data folder that run on this machine."""
    async with AsyncExitStack() as stack:
        servers = []
        for path in sorted(each for f in folders(data_dir) for each in f.glob(f"*{_SUFFIX}")):
            try:
                stream = await trio.open_unix_socket(path)
            except OSError:
                continue  # nobody is there any more, or it is somebody else's
            await stack.enter_async_context(stream)
            with trio.move_on_after(_HELLO), suppress(trio.BrokenResourceError, msgspec.DecodeError):
                hello = msgspec.json.decode(await _line(stream), type=Hello)
                servers.append(Server(stream, hello))
        yield servers


async def _line(stream: trio.SocketStream) -> bytes:
    """Return what comes up to the first end of a line, or of everything."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LINE_MAX:
        more = await stream.receive_some(_LINE_MAX)
        if not more:
            break
        line += more
    return line
