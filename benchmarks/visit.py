"""The cost of reads and of whole visits: requests, bytes, and CPU of the worker process.

    python -m benchmarks.visit [--requests 20000] [--visits 500] [--connections 16]

Each kind of request is sent in a closed loop over keep-alive connections, as a browser sends
it.  CPU is that of the one worker process, in microseconds per request.  A visit is what the
game page requests: page, module, session, history, and two streams.
"""

from __future__ import annotations

import argparse
import gzip
import re
import selectors
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench.figure_table import Columns
from hunt.bench.process_usage import process_table
from hunt.bench.target import Target

#: Headers that a browser sends with each request.
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36\r\n"
    "Accept: */*\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"
)

KINDS: Columns = {
    "kind": ("request", 0),
    "status": ("status", 0),
    "bytes": ("bytes", 0),
    "cpu_us": ("CPU us", 1),
    "per_core": ("requests/s and core", 0),
}
VISITS: Columns = {
    "kind": ("visit", 0),
    "requests": ("requests", 0),
    "bytes": ("bytes", 0),
    "cpu_us": ("CPU us", 0),
    "per_core": ("visits/s and core", 0),
}

T = TypeVar("T")

_SCRIPT = re.compile(rb'<script type="module" src="([^"]+)"')
_COOKIE = re.compile(rb"(?i)^set-cookie: ([^;]+)", re.MULTILINE)
_ETAG = re.compile(rb"(?im)^etag: ([^\r]+)")
_LENGTH = re.compile(rb"(?i)^content-length: ([0-9]+)", re.MULTILINE)


@dataclass
class Client:
    """One keep-alive connection."""

    host: str
    port: int

    def __post_init__(self) -> None:
        self.socket = socket.create_connection((self.host, self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, line: str, headers: str = "") -> bytes:
        """Send a request and return the whole response."""
        self.socket.sendall(encoded(self.host, line, headers))
        received = b""
        while not whole(received):
            received += self.more()
        return received

    def stream(self, line: str, headers: str) -> bytes:
        """Open an event stream, and return its start, up to the greeting."""
        self.socket.sendall(encoded(self.host, line, headers))
        received = b""
        while b"event: hello" not in received:
            received += self.more()
        return received

    def more(self) -> bytes:
        data = self.socket.recv(2**20)
        if not data:
            raise SystemExit("the server closed a connection")
        return data


def encoded(host: str, line: str, headers: str = "") -> bytes:
    """Return the bytes of a request."""
    return f"{line} HTTP/1.1\r\nHost: {host}\r\n{BROWSER}{headers}\r\n".encode()


def whole(received: bytes) -> bool:
    """Return whether a response has arrived completely."""
    head, blank, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(blank) and len(body) >= (int(length[1]) if length else 0)


def loop(target: Target, data: bytes, count: int, connections: int) -> bytes:
    """Send `count` equal requests over some connections; return one response."""
    waiting = selectors.DefaultSelector()
    clients = [Client(target.host, target.port) for _ in range(connections)]
    received = {client.socket: b"" for client in clients}
    last, left = b"", count - connections
    for client in clients:
        waiting.register(client.socket, selectors.EVENT_READ)
        client.socket.sendall(data)
    open_ = connections
    while open_:
        for key, _ in waiting.select():
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            received[sock] += sock.recv(2**20)
            if not whole(received[sock]):
                continue
            last, received[sock] = received[sock], b""
            if left > 0:
                left -= 1
                sock.sendall(data)
            else:
                waiting.unregister(sock)
                sock.close()
                open_ -= 1
    return last


def measured(pid: int, work: Callable[[], T]) -> tuple[T, float]:
    """Return the result of `work`, and the CPU seconds that a process has used meanwhile."""
    before = process_table()[pid].cpu
    result = work()
    return result, process_table()[pid].cpu - before


def kinds(target: Target, hunt: str) -> Iterator[tuple[str, str, str]]:
    """Yield a name, a request line and headers of each kind of request."""
    client = Client(target.host, target.port)
    page = client.request("GET /")
    session = client.request("POST /v1/session", f"Origin: http://{target.host}\r\n")
    cookie = f"Cookie: {found(_COOKIE, session)}\r\n"
    module = found(_SCRIPT, unpacked(page))
    etag = found(_ETAG, page)
    yield "page", "GET /", cookie
    yield "page, known", "GET /", f"{cookie}If-None-Match: {etag}\r\n"
    yield "module", f"GET {module}", cookie
    yield "picture", "GET /static/icon-192.png", cookie
    yield "list of hunts", "GET /v1/hunts", cookie
    yield "hunt", f"GET /v1/hunts/{hunt}", cookie
    yield "no such hunt", "GET /v1/hunts/nowhere", cookie
    yield "leaderboard", f"GET /v1/hunts/{hunt}/leaderboard?limit=5", cookie
    yield "livez", "GET /livez", ""
    yield "readyz", "GET /readyz", ""
    yield "metrics", "GET /metrics", ""
    yield "session, known", "POST /v1/session", f"{cookie}Content-Length: 0\r\n"
    yield "session, new", "POST /v1/session", "Content-Length: 0\r\n"
    yield "history", f"GET /v1/hunts/{hunt}/rewards?after=0&limit=1000", cookie


def found(pattern: re.Pattern[bytes], text: bytes) -> str:
    match = pattern.search(text)
    if match is None:
        raise SystemExit(f"the server's answer has no {pattern.pattern!r}")
    return match[1].decode()


def visit(target: Target, known: str | None = None) -> tuple[int, int, str]:
    """Send the requests of a visit; return their number, the bytes received, and the page's tag.

    Args:
        target: The server, and the hunt that the page shows.
        known: ETag of the page, on a later visit; its module is in the browser's cache.
    """
    client = Client(target.host, target.port)
    streams = [Client(target.host, target.port) for _ in range(2)]
    again = "" if known is None else f"If-None-Match: {known}\r\n"
    answers = [client.request("GET /", again)]
    if known is None:
        known = found(_ETAG, answers[0])
        answers.append(client.request(f"GET {found(_SCRIPT, unpacked(answers[0]))}"))
    session = f"Origin: http://{target.host}\r\nContent-Length: 0\r\n"
    answers.append(client.request("POST /v1/session", session))
    cookie = f"Cookie: {found(_COOKIE, answers[-1])}\r\n"
    answers.append(
        client.request(f"GET /v1/hunts/{target.hunt}/rewards?after=0&limit=1000", cookie)
    )
    for stream, scope in zip(streams, ("", "?scope=all"), strict=True):
        answers.append(stream.stream(f"GET /v1/hunts/{target.hunt}/events{scope}", cookie))
    for each in (client, *streams):
        each.socket.close()
    return len(answers), sum(map(len, answers)), known


def unpacked(response: bytes) -> bytes:
    """Return the body of a response, without gzip."""
    head, _, body = response.partition(b"\r\n\r\n")
    return gzip.decompress(body) if b"content-encoding: gzip" in head else body


def visits(target: Target, pid: int, options: argparse.Namespace) -> list[dict[str, object]]:
    """Return the figures of a first visit and of a later one."""
    rows = []
    _, _, tag = visit(target)
    for name, known in (("first", None), ("later", tag)):
        work = partial(several, target, known, options)
        found, cpu = measured(pid, work)
        requests, size, _ = found[-1]
        rows.append(figures(name, cpu / len(found)) | {"requests": requests, "bytes": size})
    return rows


def several(
    target: Target, known: str | None, options: argparse.Namespace
) -> list[tuple[int, int, str]]:
    """Visit some times, `options.connections` at once."""
    with ThreadPoolExecutor(options.connections) as pool:
        made = [pool.submit(visit, target, known) for _ in range(options.visits)]
        return [each.result() for each in made]


def figures(name: str, cpu: float) -> dict[str, object]:
    """Return the figures of CPU seconds for one piece of work."""
    return {"kind": name, "cpu_us": cpu * 1e6, "per_core": 1 / cpu if cpu else None}


def main() -> None:
    serving.prepare()
    options = arguments()
    limits = {"HUNT_SESSION_RATE": "0", "HUNT_CONNECT_RATE": "0"}
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        flags = ["--processes", "1", "--data-dir", folder]
        extra = limits | ({"HUNT_LOG_LEVEL": "info"} if options.access_log else {})
        with serving.hunt(flags, extra) as (url, supervisor):
            target, pid = Target.parse(url, "harbour"), serving.server_process(supervisor)
            rows = []
            for name, line, headers in list(kinds(target, target.hunt)):
                data = encoded(target.host, line, headers)
                loop(target, data, 200, options.connections)
                work = partial(loop, target, data, options.requests, options.connections)
                answer, cpu = measured(pid, work)
                status = int(answer.split(None, 2)[1])
                row = figures(name, cpu / options.requests)
                rows.append(row | {"status": status, "bytes": len(answer)})
            output.show("Requests", KINDS, rows, options)
            output.show("Visits", VISITS, visits(target, pid, options), options)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    output.options(parser)
    parser.add_argument("--requests", type=int, default=20_000, metavar="N", help="of each kind")
    parser.add_argument("--visits", type=int, default=500, metavar="N")
    parser.add_argument("--connections", type=int, default=16, metavar="N")
    parser.add_argument("--access-log", action="store_true", help="write the access log")
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
