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
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
import structlog
import trio

from hunt.errors import HuntError
from hunt.processes.listening import unix_listener

DRAIN = b"drain\n"
DRAINED = b"drained\n"

_SUFFIX = ".control"
_PATH_MAX = 107  # bytes of a socket's path (sun_path, unix(7))
_NAME_MAX = 24  # bytes of the longest name of a socket in the folder
_PATIENCE = 5.0  # seconds for a server to say which it is
_LINE_MAX = 4096  # bytes of a line that we read

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
            for each in (folder.parent, folder):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
        except OSError:
            continue
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if ours and not status.st_mode & 0o077 and os.access(folder, os.W_OK):
            _tidy(folder)
            # It is never removed: another server may be about to use it.
            yield Room(folder)
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
        if path.is_socket() and _refuses(path):
            for left in folder.glob(f"{path.stem}[.-]*"):
                left.unlink(missing_ok=True)


async def serve(path: str, hello: Hello, drain: Callable[[], Awaitable[None]]) -> None:
    """Listen at the control socket until cancelled.

    Args:
        path: Of the socket; removed at the end.
        hello: What whoever connects is told.
        drain: Drains the server; returns once every process has ended.
    """

    async def heed(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await stream.send_all(msgspec.json.encode(hello) + b"\n")
                if await _line(stream) == DRAIN:
                    await drain()
                    await stream.send_all(DRAINED)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # whoever asked does not wait for the answer

    # A server that starts takes a socket that refuses for one of a killed server, so this
    # one gets its name once it listens.
    with unix_listener(path + ".new") as sock, ExitStack() as stack:
        os.rename(path + ".new", path)
        stack.callback(Path(path).unlink, missing_ok=True)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        await trio.serve_listeners(heed, [listener])


@asynccontextmanager
async def connected(data_dir: Path) -> AsyncIterator[list[tuple[Hello, trio.SocketStream]]]:
    """Connect to every server that runs with this data folder.

    Raises:
        HuntError: There is one, and it does not answer.
    """
    found, silent = [], 0
    async with AsyncExitStack() as stack:
        for folder in folders(data_dir):
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                try:
                    stream = await trio.open_unix_socket(str(path))
                except OSError:
                    continue  # it has ended, without having tidied up
                await stack.enter_async_context(stream)
                line = None
                with trio.move_on_after(_PATIENCE):
                    try:
                        line = await _line(stream)
                        found.append((msgspec.json.decode(line, type=Hello), stream))
                    except (msgspec.DecodeError, trio.BrokenResourceError):
                        continue  # it is just ending
                silent += line is None
        if silent and not found:
            raise HuntError(
                f"the server of data folder {data_dir} does not answer within {_PATIENCE:g} s"
            )
        yield found


async def drain(stream: trio.SocketStream) -> bool:
    """Tell a server to drain; return whether it said that it has."""
    try:
        await stream.send_all(DRAIN)
        return await _line(stream) == DRAINED
    except trio.BrokenResourceError:
        return False


async def _line(stream: trio.SocketStream) -> bytes:
    """Return the next line with its end; less of it where the other side is gone."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LINE_MAX:
        more = await stream.receive_some(_LINE_MAX)
        if not more:
            break
        line += more
    return line
