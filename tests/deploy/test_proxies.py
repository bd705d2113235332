"""The proxy configurations in ``deploy/``, each run by the real program before two nodes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trio
from websockets.sync.client import connect

from hunt.store.driver.pool import open_pool
from hunt.store.hunts import Hunts
from tests.deploy.game import SECRET, playing
from tests.support import certificates
from tests.support.processes import HUNT, Server, free_port, running, servers, until
from tests.support.requirements import required
from tests.support.serving import HARBOUR

DEPLOY = Path(__file__).parents[2] / "deploy"

#: Of the nodes.  The breaker and the queue have the margin that a busy machine needs.
SETTINGS = {
    "HUNT_JWT_SECRET": SECRET.decode(),
    "HUNT_TRUSTED_PROXIES": "127.0.0.1",
    "HUNT_GUESTS": "true",
    "HUNT_DRAIN_DELAY": "2",
    "HUNT_BREAKER_SLOW": "5",
    "HUNT_QUEUE_AGE": "10",
}


class Node:
    """One of the two servers behind the proxy; it can be started again at its port."""

    def __init__(self, database: str, folder: Path) -> None:
        self.port = free_port()
        self._database, self._folder = database, folder
        self._stack = AsyncExitStack()
        self.release: Path | None = None  #: folder with another release of hunt
        self.server: Server

    async def start(self) -> None:
        """Start the server, and return once it is ready."""
        self._folder.mkdir(exist_ok=True)
        environ = SETTINGS | {"HUNT_DATABASE_URL": self._database}
        arguments = [*HUNT, "serve", "--bind", f"127.0.0.1:{self.port}", "--processes", "2",
                     "--data-dir", str(self._folder)]  # fmt: skip
        if self.release is not None:
            environ |= {"PYTHONPATH": str(self.release)}
        url = f"http://127.0.0.1:{self.port}"
        log = self._stack.enter_context((self._folder / "node.log").open("ab"))
        # In that folder, because Python imports hunt from the working directory first.
        self.server = await self._stack.enter_async_context(
            running(arguments, url, environ, log=log, cwd=self._folder)
        )

    async def end(self) -> None:
        """Kill the processes that still run."""
        await self._stack.aclose()

    async def clicks(self) -> float:
        """Return how many clicks the node has answered."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text
        return sum(map(float, re.findall(r"^hunt_clicks_total\{.*\} (\S+)$", text, re.MULTILINE)))


@dataclass(frozen=True)
class Program:
    """A proxy: its path in Debian, and the changes to its configuration for this machine."""

    path: Path
    configure: Callable[[Path, int, int, list[int]], list[str]]
    """Called with a folder, ports for HTTP and HTTPS, and the nodes' ports; returns arguments."""
    check: Callable[[list[str]], list[str]]
    """Called with these arguments; returns those that check the configuration instead."""
    repeats: bool = True
    """Whether it sends a click again after a failure, so that no client has to."""


def substitute(text: str, changes: dict[str, str]) -> str:
    """Replace parts of a configuration, each of which must exist."""
    for pattern, new in changes.items():
        text, count = re.subn(pattern, new, text)
        assert count, pattern
    return text


def haproxy(folder: Path, http: int, https: int, nodes: list[int]) -> list[str]:
    with certificates.written() as (certificate, key):
        pem = Path(certificate).read_text("utf-8") + Path(key).read_text("utf-8")
    (folder / "hunt.pem").write_text(pem, "utf-8")
    text = substitute(
        (DEPLOY / "haproxy/haproxy.cfg").read_text("utf-8"),
        {
            r"maxconn 40000": "maxconn 1000",  # of files that a test may open
            r"0\.0\.0\.0:80\b": f"127.0.0.1:{http}",
            r"0\.0\.0\.0:443\b": f"127.0.0.1:{https}",
            r"10\.0\.0\.1:8000": f"127.0.0.1:{nodes[0]}",
            r"10\.0\.0\.2:8000": f"127.0.0.1:{nodes[1]}",
            r"/etc/haproxy/hunt\.pem": str(folder / "hunt.pem"),
        },
    )
    (folder / "haproxy.cfg").write_text(text, "utf-8")
    return ["-db", "-f", str(folder / "haproxy.cfg")]


def nginx(folder: Path, http: int, https: int, nodes: list[int]) -> list[str]:
    with certificates.written() as (certificate, key):
        for path, name in ((certificate, "hunt.crt"), (key, "hunt.key")):
            (folder / name).write_bytes(Path(path).read_bytes())
    text = substitute(
        (DEPLOY / "nginx/hunt.conf").read_text("utf-8"),
        {
            r"listen 80\b": f"listen 127.0.0.1:{http}",
            r"listen 443\b": f"listen 127.0.0.1:{https}",
            r"10\.0\.0\.1:8000": f"127.0.0.1:{nodes[0]}",
            r"10\.0\.0\.2:8000": f"127.0.0.1:{nodes[1]}",
            r"/etc/nginx/hunt\.": f"{folder}/hunt.",
        },
    )
    paths = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {paths}\n{text}}}\n",
        "utf-8",
    )
    return ["-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, http: int, https: int, nodes: list[int]) -> list[str]:
    with certificates.written() as (certificate, key):
        for path, name in ((certificate, "hunt.crt"), (key, "hunt.key")):
            (folder / name).write_bytes(Path(path).read_bytes())
    text = substitute(
        (DEPLOY / "caddy/Caddyfile").read_text("utf-8"),
        {
            r"http_port 80\b": f"http_port {http}\n\tdefault_bind 127.0.0.1",
            r"https_port 443\b": f"https_port {https}",
            r"hunt\.example": "127.0.0.1",
            r"10\.0\.0\.1:8000": f"127.0.0.1:{nodes[0]}",
            r"10\.0\.0\.2:8000": f"127.0.0.1:{nodes[1]}",
            r"/etc/caddy/hunt\.": f"{folder}/hunt.",
        },
    )
    (folder / "Caddyfile").write_text(text, "utf-8")
    return ["run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


PROGRAMS = {
    "haproxy": Program(Path("/usr/sbin/haproxy"), haproxy, lambda run: [*run, "-c"]),
    "nginx": Program(Path("/usr/sbin/nginx"), nginx, lambda run: [*run, "-t"]),
    "caddy": Program(
        Path("/usr/bin/caddy"), caddy, lambda run: ["validate", *run[1:]], repeats=False
    ),
}


def private(folder: Path) -> dict[str, str]:
    """Return an environment in which Caddy keeps its files in `folder`."""
    return {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


@dataclass(frozen=True)
class Site:
    """Two nodes behind a proxy."""

    url: str
    http_url: str
    nodes: list[Node]


@asynccontextmanager
async def site(program: Program, database: str, folder: Path) -> AsyncIterator[Site]:
    """Run two nodes and the proxy in front of them."""
    path = required(program.path, f"Debian's {program.path.name} is not installed")
    folder.chmod(0o755)  # under root, nginx's workers run as another user
    async with open_pool(database, size=1) as pool:
        hunts = Hunts(pool)
        await hunts.apply(HARBOUR, seed=os.urandom(32), actor="test")
        await hunts.open("harbour")
    nodes = [Node(database, folder / name) for name in ("one", "two")]
    async with AsyncExitStack() as stack:
        for each in nodes:
            stack.push_async_callback(each.end)
            await each.start()
        http, https = free_port(), free_port()
        arguments = program.configure(folder, http, https, [each.port for each in nodes])
        process = subprocess.Popen([path, *arguments], env=private(folder))
        try:
            async with httpx.AsyncClient(verify=certificates.client()) as client:
                with trio.fail_after(30):
                    while not await _serves(client, f"https://127.0.0.1:{https}"):
                        assert process.poll() is None
                        await trio.sleep(0.05)
            yield Site(f"https://127.0.0.1:{https}", f"http://127.0.0.1:{http}", nodes)
        finally:
            process.terminate()
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(process.wait)


async def _serves(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/v1/hunts/harbour")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("name", [name for name, each in PROGRAMS.items() if each.repeats])
async def test_no_player_notices_a_drain_a_crash_and_a_rolling_restart(
    name: str, database: str, tmp_path: Path
) -> None:
    async with (
        site(PROGRAMS[name], database, tmp_path) as behind,
        playing(behind.url) as game,
    ):
        one, two = behind.nodes
        await game.until_settled(10)
        for each in behind.nodes:
            assert await each.clicks() > 0, "the proxy uses both nodes"

        one.server.send(signal.SIGTERM)  # drains
        assert await one.server.wait() == 0
        await game.until_settled(10)
        await restart(one)

        os.killpg(two.server.process.pid, signal.SIGKILL)
        for pid in servers(two.server.process.pid):
            os.kill(pid, signal.SIGKILL)
        await two.server.wait()
        await game.until_settled(10)
        await restart(two)

        for each in behind.nodes:
            before = set(servers(each.server.process.pid))
            each.server.send(signal.SIGHUP)  # replaces the workers, one by one
            await until(
                lambda each=each, before=before: (
                    len(servers(each.server.process.pid)) == 2
                    and not before & set(servers(each.server.process.pid))
                ),
                seconds=60,
            )
            await game.until_settled(10)
    game.check(database)
    assert all(each.cuts for each in game.players), "each stream was cut, and resumed"


async def restart(node: Node) -> None:
    """Start a node again, and return once the proxy sends clicks to it."""
    await node.end()
    await node.start()
    with trio.fail_after(30):
        while not await node.clicks():
            await trio.sleep(0.05)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("name", PROGRAMS)
async def test_site_keeps_the_rules_of_the_edge(name: str, database: str, tmp_path: Path) -> None:
    async with (
        site(PROGRAMS[name], database, tmp_path) as behind,
        httpx.AsyncClient(http2=True, verify=certificates.client("h2")) as client,
    ):
        answer = await client.get(f"{behind.url}/v1/hunts/harbour")
        assert answer.http_version == "HTTP/2"
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        for path in ("/metrics", "/ops", "/v1/admin/hunts", "/readyz", "/livez"):
            assert (await client.get(behind.url + path)).status_code == 404, path
        moved = await client.get(f"{behind.http_url}/v1/hunts/harbour")
        assert moved.status_code == 308
        assert moved.headers["Location"].startswith("https://")

        # The proxy terminates TLS and reports it, so the guest's cookie is Secure.
        session = await client.post(
            f"{behind.url}/v1/session",
            headers={
                "Origin": behind.url,
                # A client cannot forge its address or its scheme.
                "X-Forwarded-For": "192.0.2.1",
                "X-Forwarded-Proto": "http",
                "Forwarded": "for=192.0.2.2;proto=http",
            },
        )
        assert session.is_success, session.text
        assert "Secure" in session.headers["Set-Cookie"]
        cookie = session.headers["Set-Cookie"].partition(";")[0]

        def greeting() -> str:
            with connect(
                behind.url.replace("https", "wss") + "/v1/hunts/harbour/socket",
                ssl=certificates.client(),
                additional_headers={"Origin": behind.url, "Cookie": cookie},
            ) as socket:
                return str(socket.recv(timeout=20))

        assert '"hello"' in await trio.to_thread.run_sync(greeting)


@pytest.mark.parametrize("name", PROGRAMS)
def test_configuration_passes_the_programs_own_check(name: str, tmp_path: Path) -> None:
    program = PROGRAMS[name]
    path = required(program.path, f"Debian's {program.path.name} is not installed")
    arguments = program.configure(tmp_path, free_port(), free_port(), [free_port(), free_port()])
    checked = subprocess.run(
        [path, *program.check(arguments)], env=private(tmp_path),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    assert "warning" not in checked.stderr.lower(), checked.stderr
