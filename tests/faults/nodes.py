"""`hunt serve` with its processes, and the proxies on both sides of it."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import trio
from psycopg.conninfo import make_conninfo

from hunt.bench.process_usage import descendants, process_table
from tests.support.processes import HUNT, Server, free_port, running, servers, until
from tests.support.proxy import Connect, Proxy, to_port
from tests.support.valkey import PASSWORD, Valkey

SECRET = b"faults-secret-faults-secret-faults"
HEARTBEAT = 1.0  #: seconds between heartbeats; short, so that silence is visible

SETTINGS = {
    "HUNT_JWT_SECRET": SECRET.decode(),
    "HUNT_HEARTBEAT": str(HEARTBEAT),
    "HUNT_LOG_LEVEL": "info",
    "HUNT_LOG_FORMAT": "json",
    "HUNT_DRAIN_TIMEOUT": "5",
}


class Node:
    """One server, as a machine would run it.

    Attributes:
        folder: Folder with its data and its log.
        database: The proxy before PostgreSQL.
        listening: The proxy before PostgreSQL, for notices.
        edge: The proxy before hunt; clients go through it.
    """

    def __init__(
        self, server: Server, folder: Path, *, database: Proxy, listening: Proxy, edge: Proxy
    ) -> None:
        self.server = server
        self.standby: list[Proxy] = []  #: the proxy before the standby, if there is one
        self.bus: Proxy | None = None  #: the proxy before Valkey, if there is one
        self.folder = folder
        self.database = database
        self.listening = listening
        self.edge = edge

    @property
    def port(self) -> int:
        """The port at which clients connect."""
        return self.edge.port

    @property
    def own_port(self) -> int:
        """The port at which hunt listens."""
        return int(self.server.url.rpartition(":")[2])

    def processes(self) -> list[int]:
        """Return the server processes."""
        return servers(self.server.process.pid)

    def own_sockets(self) -> set[str]:
        """Return the sockets of the single processes, which are named by increasing numbers."""
        return {str(path) for path in (self.folder / "run").iterdir() if "-" in path.name}

    def usage(self) -> dict[str, float]:
        """Return what all processes of the node use now: descriptors, and bytes of memory.

        Memory is what each process maps of its own or shares with the fork server.  So the copy
        of a shared page, at the first write to it, is no growth.
        """
        descriptors = memory = 0
        for pid in descendants([self.server.process.pid], process_table()):
            with suppress(OSError):
                descriptors += len(os.listdir(f"/proc/{pid}/fd"))
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
                memory += sum(
                    int(line.split()[1]) * 1024
                    for line in rollup.splitlines()
                    if line.startswith("Anonymous:")
                )
        return {"descriptors": descriptors, "memory": memory}


@asynccontextmanager
async def proxy(connect: Connect) -> AsyncIterator[Proxy]:
    """Run a proxy for the block."""
    made = Proxy(connect)
    async with trio.open_nursery() as nursery:
        await nursery.start(made.run)
        yield made
        nursery.cancel_scope.cancel()


def tcp(*ports: int, host: str = "127.0.0.1", **options: str) -> str:
    """Return the connection string of proxies before PostgreSQL, to be tried in turn."""
    hosts = ",".join([host] * len(ports))
    return make_conninfo(
        host=hosts, port=",".join(map(str, ports)), dbname="hunt", user="hunt", **options
    )


@asynccontextmanager
async def node(
    folder: Path,
    connect: Connect,
    *,
    standby: Connect | None = None,
    valkey: Valkey | None = None,
    processes: int = 2,
    environ: Mapping[str, str] | None = None,
    dsn: Callable[..., str] = tcp,
    wrapper: tuple[str, ...] = (),
    descriptors: int | None = None,
    command: tuple[str, ...] | None = None,
) -> AsyncIterator[Node]:
    """Run a server against PostgreSQL; its log is ``node.log`` in `folder`.

    Args:
        folder: Folder for its data.
        connect: Opens a connection from a proxy to PostgreSQL.
        standby: Opens a connection from a proxy to the standby, which may be promoted.
        valkey: The server that carries notices; None: PostgreSQL does.
        processes: Number of worker processes.
        environ: Settings besides `SETTINGS`.
        dsn: Makes the connection string from the ports of the proxies before PostgreSQL.
        wrapper: A command before the server's.
        descriptors: Limit of open files of each process.
        command: Instead of ``hunt serve``; listens on ``$PORT``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(proxy(connect))
        listening = await stack.enter_async_context(proxy(connect))
        second = [] if standby is None else [await stack.enter_async_context(proxy(standby))]
        ports = [each.port for each in second]
        bus = None
        if valkey is not None:
            bus = await stack.enter_async_context(proxy(to_port(valkey.port)))
        port = free_port()
        given = {
            **SETTINGS,
            "HUNT_DATABASE_URL": dsn(database.port, *ports),
            "HUNT_LISTEN_DSN": dsn(listening.port, *ports),
            "HUNT_DATA_DIR": str(folder),
            **(
                {}
                if bus is None
                else {"HUNT_BUS_URL": f"valkey://:{PASSWORD}@127.0.0.1:{bus.port}"}
            ),
            **(environ or {}),
        }
        if command is None:
            serve = [*HUNT, "serve", "--bind", f"127.0.0.1:{port}", "--processes", str(processes)]
        else:
            serve = [word.replace("$PORT", str(port)) for word in command]
            del given["HUNT_DATA_DIR"]
        with Limited(descriptors):
            url = f"http://127.0.0.1:{port}"
            output = stack.enter_context((folder / "node.log").open("ab"))
            start = running([*wrapper, *serve], url, given, log=output, margin=False)
            server = await stack.enter_async_context(start)
        stack.push_async_callback(_end, server)
        edge = await stack.enter_async_context(proxy(to_port(port)))
        made = Node(server, folder, database=database, listening=listening, edge=edge)
        made.standby = second
        made.bus = bus
        if command is None:
            # A worker listens at its own socket once it has started; usage before that is lower.
            await until(lambda: len(made.own_sockets()) == len(made.processes()) == processes)
        yield made


class Limited:
    """Start children with a limit on open files; restore this process's limit at the end."""

    def __init__(self, descriptors: int | None) -> None:
        self._descriptors = descriptors
        self._before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def __enter__(self) -> None:
        if self._descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._descriptors, self._before[1]))

    def __exit__(self, *exc_info: object) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, self._before)


async def _end(server: Server) -> None:
    """Let the server drain; its supervisor would not end its processes if it were killed."""
    with trio.CancelScope(shield=True):
        if server.process.poll() is None:
            server.send(signal.SIGTERM)
            with trio.move_on_after(15):
                await server.wait()
