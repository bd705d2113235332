"""A site in three zones: a node in each, PostgreSQL in two, Valkey in the third, HAProxy."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import trio
from psycopg.conninfo import make_conninfo

from tests.deploy.test_proxies import DEPLOY, substitute
from tests.faults.nodes import SETTINGS
from tests.faults.postgres import Postgres
from tests.faults.rig import HARBOUR, make_hunt
from tests.support import certificates
from tests.support.pg_hba import RULES
from tests.support.processes import HUNT, end, environment, free_port, servers
from tests.support.valkey import PASSWORD, Valkey
from tests.zones.network import EDGE, ZONES, Network, inside

#: Zones of the primary, of the synchronous standby that waits to replace it, and of Valkey.
PRIMARY, STANDBY, VALKEY = ZONES

PORT = 8000
PROCESSES = 2  #: of each node

_HOSTS = RULES + "host all all 10.0.0.0/8 trust\nhost replication all 10.0.0.0/8 trust\n"


class ZonePostgres(Postgres):
    """A PostgreSQL that listens in its zone, and follows another one over the network."""

    def __init__(self, folder: Path, network: Network, zone: int, primary: int = 0) -> None:
        super().__init__(folder, {"max_connections": "120"})
        hosts = folder / "postgresql.zones.conf"
        hosts.write_text(_HOSTS, "utf-8")
        hosts.chmod(0o644)
        self.options |= {
            "hba_file": str(hosts),
            "listen_addresses": network.address(zone),
            "wal_receiver_timeout": "5s",
        }
        self._namespace = network.names[zone]
        self._follows = network.address(primary) if primary else ""

    async def start(self) -> None:
        """Start it in its zone."""
        if self._follows and (self.cluster.path / "standby.signal").exists():
            with (self.cluster.path / "postgresql.auto.conf").open("a") as file:
                file.write(f"primary_conninfo = 'host={self._follows} port=5432 user=hunt'\n")
        await self.cluster.recover()
        with inside(self._namespace):  # before the game: nothing else runs in this thread
            self.process = await self.cluster.start(self.options)


class ZoneNode:
    """A node of hunt in a zone; it can be stopped, and started again."""

    def __init__(self, site: Site, zone: int, faketime: str = "") -> None:
        self.site = site
        self.zone = zone
        self.folder = site.folder / f"node-{zone}"
        self.folder.mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self.clock: tuple[str, ...] = ()
        if faketime:
            library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
            self.clock = (
                "env", f"LD_PRELOAD={library}", f"FAKETIME={faketime}", "DONT_FAKE_MONOTONIC=1",
            )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://{self.site.network.address(self.zone)}:{PORT}"

    async def start(self) -> None:
        """Start it; return once it is ready."""
        network = self.site.network
        serve = [*HUNT, "serve", "--bind", f"{network.address(self.zone)}:{PORT}",
                 "--processes", str(PROCESSES), "--data-dir", str(self.folder)]  # fmt: skip
        with (self.folder / "node.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*network.command(self.zone), *self.clock, *serve],
                env=environment(self.site.settings), stdout=log, stderr=log, process_group=0,
            )  # fmt: skip
        with trio.fail_after(60):
            while not await self.ready():
                assert self.process.poll() is None, f"node {self.zone} ended at its start"
                await trio.sleep(0.1)

    async def ready(self) -> bool:
        """Return whether it says that it is ready."""
        try:
            async with httpx.AsyncClient(timeout=1.0) as client:
                return (await client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def drain(self) -> None:
        """End it gracefully (SIGTERM)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        with trio.fail_after(40):
            assert await trio.to_thread.run_sync(self.process.wait, abandon_on_cancel=True) == 0

    def end(self) -> None:
        """Kill all of its processes that are left."""
        if self.process is not None:
            for pid in servers(self.process.pid):
                os.kill(pid, signal.SIGKILL)
            end(self.process)


class Site:
    """All parts, once they run."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.port = free_port()  #: of HAProxy, TLS
        self.primary: Postgres
        self.standby: Postgres
        self.nodes: dict[int, ZoneNode] = {}
        hosts = ",".join(network.address(zone) for zone in (PRIMARY, STANDBY))
        self.settings: Mapping[str, str] = {
            **SETTINGS,
            "HUNT_DATABASE_URL": make_conninfo(
                host=hosts, port="5432,5432", dbname="hunt", user="hunt",
                target_session_attrs="read-write",
            ),
            "HUNT_BUS_URL": f"valkey://:{PASSWORD}@{network.address(VALKEY)}:6379",
            "HUNT_TRUSTED_PROXIES": network.address(EDGE),
            "HUNT_BREAKER_SLOW": "0.5",  # commits cross zones twice, on a busy machine
            "HUNT_MAX_STREAMS_PER_PLAYER": "100",
            "HUNT_CONNECT_RATE": "0",
            "HUNT_RESUME_RATE": "0",
            "HUNT_DRAIN_DELAY": "1.5",  # longer than two checks of HAProxy
        }  # fmt: skip


@asynccontextmanager
async def running(
    network: Network, folder: Path, template: Path, *, clocks: Mapping[int, str] | None = None
) -> AsyncIterator[Site]:
    """Run the site for the block.

    Args:
        network: The zones.
        folder: For all data; it must be readable by other users.
        template: A cluster with the schema.
        clocks: Zone -> difference of its node's wall clock, as ``+5s``.
    """
    site = Site(network, folder)
    async with AsyncExitStack() as stack:
        site.primary = ZonePostgres(folder / "primary", network, PRIMARY)
        stack.push_async_callback(site.primary.stop, signal.SIGQUIT)
        site.primary.copy(template)
        await site.primary.start()
        await make_hunt(site.primary.conninfo, HARBOUR)
        site.standby = ZonePostgres(folder / "standby", network, STANDBY, primary=PRIMARY)
        stack.push_async_callback(site.standby.stop, signal.SIGQUIT)
        await site.standby.follow(site.primary, synchronous=True)
        valkey = Valkey(
            folder / "valkey", wrapper=network.command(VALKEY), host=network.address(VALKEY),
            port=6379,
        )  # fmt: skip
        stack.callback(valkey.stop)
        await valkey.start()
        async with trio.open_nursery() as nursery:
            for zone in ZONES:
                node = site.nodes[zone] = ZoneNode(site, zone, (clocks or {}).get(zone, ""))
                stack.callback(node.end)
                nursery.start_soon(node.start)
        await stack.enter_async_context(_haproxy(site))
        yield site
        for node in site.nodes.values():
            if node.process is not None and node.process.poll() is None:
                node.process.send_signal(signal.SIGTERM)
        with trio.move_on_after(15):
            for node in site.nodes.values():
                assert node.process is not None
                await trio.to_thread.run_sync(node.process.wait, abandon_on_cancel=True)


@asynccontextmanager
async def _haproxy(site: Site) -> AsyncIterator[None]:
    """Run HAProxy with the configuration of ``deploy/``, before three nodes instead of two."""
    with certificates.written() as (certificate, key):
        pem = Path(certificate).read_text("utf-8") + Path(key).read_text("utf-8")
    (site.folder / "hunt.pem").write_text(pem, "utf-8")
    address = site.network.address
    text = substitute(
        (DEPLOY / "haproxy/haproxy.cfg").read_text("utf-8"),
        {
            r"maxconn 40000": "maxconn 4000",
            r"conn_cur gt 200": "conn_cur gt 3000",  # all players come from one address
            r"0\.0\.0\.0:80\b": f"127.0.0.1:{free_port()}",
            r"0\.0\.0\.0:443\b": f"127.0.0.1:{site.port}",
            r"10\.0\.0\.1:8000": f"{address(1)}:{PORT}",
            r"10\.0\.0\.2:8000( track clicks/two)?": (
                rf"{address(2)}:{PORT}\1\n    server three {address(3)}:{PORT}\1"
            ),
            r"(server three \S+ track clicks/)two": r"\1three",
            r"/etc/haproxy/hunt\.pem": str(site.folder / "hunt.pem"),
        },
    )
    (site.folder / "haproxy.cfg").write_text(text, "utf-8")
    with (site.folder / "haproxy.log").open("ab") as log:
        process = subprocess.Popen(
            ["/usr/sbin/haproxy", "-db", "-f", str(site.folder / "haproxy.cfg")],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with httpx.AsyncClient(verify=certificates.client(), timeout=2.0) as client:
            with trio.fail_after(30):
                while not await _serves(client, f"https://127.0.0.1:{site.port}/v1/hunts/harbour"):
                    assert process.poll() is None
                    await trio.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


async def _serves(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
