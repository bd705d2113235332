"""Bytes of clicks and events on the network, and of the write-ahead log.

    python -m benchmarks.volume [--clicks 2000] [--seconds 5] [--json | --markdown]

Start a `hunt serve` of one process on an embedded PostgreSQL in a temporary folder.  A player
with a stream clicks, one click after the other; the bytes of requests, responses and events are
counted at the sockets, without TCP, IP and TLS.  Then a closed loop of connections clicks, and
the growth of the write-ahead log is divided by the clicks.  Every click must be answered, and
its event must arrive on the stream.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import output, serving
from hunt.bench import click_bodies, clicks
from hunt.bench.figure_table import Columns
from hunt.bench.process_usage import ServerProcesses
from hunt.bench.target import Target
from hunt.core.maps import Map

COLUMNS: Columns = {
    "request": ("request of a click", 0),
    "response": ("its response", 0),
    "event": ("its event", 0),
    "heartbeat": ("a heartbeat", 0),
    "wal": ("write-ahead log of a click", 0),
    "rows": ("rows/commit", 0),
}

#: Seconds between two heartbeats of the measured stream.
HEARTBEAT = 1.0


def receive(sock: socket.socket, until: bytes) -> bytes:
    """Return what arrives, up to the first read that ends with `until`."""
    data = b""
    while not data.endswith(until):
        more = sock.recv(65536)
        if not more:
            raise SystemExit(f"the server closed the connection after {data!r}")
        data += more
    return data


def exchanged(target: Target, count: int) -> dict[str, float]:
    """Return the average bytes of a click's request, response and event, and of a heartbeat."""
    [player] = serving.PLAYERS(1)
    common = f"Host: {target.host}:{target.port}\r\nAuthorization: Bearer {player.token}\r\n"
    path = f"/v1/hunts/{target.hunt}"
    sizes = {"request": 0, "response": 0, "event": 0}
    address = (target.host, target.port)
    bodies = zip(
        click_bodies.timed_uuids(),
        click_bodies.Ground(Map.sized(100, 50)).positions(),
        strict=False,
    )
    with socket.create_connection(address) as events, socket.create_connection(address) as sock:
        events.sendall(f"GET {path}/events HTTP/1.1\r\n{common}\r\n".encode())
        while b"event: hello" not in receive(events, b"\n\n\r\n"):
            pass
        for _, (click, rest) in zip(range(count), bodies, strict=False):
            body = click_bodies.OPENING + click + rest
            head = (
                f"POST {path}/clicks HTTP/1.1\r\n{common}"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            request = head.encode() + body
            sock.sendall(request)
            answer = receive(sock, b"}")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a click was answered with {answer[:12]!r}")
            event = b""
            while click not in event:  # heartbeats may come before it
                event = receive(events, b"\n\n\r\n")
            sizes["request"] += len(request)
            sizes["response"] += len(answer)
            sizes["event"] += len(event)
        heartbeat = receive(events, b"\n\n\r\n")
    return {name: size / count for name, size in sizes.items()} | {"heartbeat": len(heartbeat)}


def conninfo(data_dir: Path) -> str:
    """Return the connection string of the embedded PostgreSQL, which runs."""
    _, _, _, port, folder, *_ = (
        (data_dir / "postgresql" / "postmaster.pid").read_text("utf-8").splitlines()
    )
    return f"host={folder} port={port} user=hunt dbname=hunt"


def position(data_dir: Path) -> int:
    """Return the number of bytes in the write-ahead log of the embedded PostgreSQL."""
    with psycopg.connect(conninfo(data_dir)) as connection:
        row = connection.execute("select pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])


def measure(options: argparse.Namespace, folder: Path) -> tuple[dict[str, float], list[str]]:
    """Return the figures, and the failed checks."""
    flags = ["--processes", "1", "--data-dir", str(folder)]
    with serving.hunt(flags, {"HUNT_HEARTBEAT": str(HEARTBEAT)}) as (url, pid):
        target = Target.parse(url, "harbour")
        figures = exchanged(target, options.clicks)
        before = position(folder)
        load = clicks.Load(connections=options.connections, seconds=options.seconds, warmup=0)
        found = clicks.measure(target, load, serving.PLAYERS, processes=ServerProcesses([pid]))
        grown = position(folder) - before
    figures["wal"] = grown / float(found.figures["all_clicks"] or 0)
    figures["rows"] = float(found.figures["rows_per_batch"] or 0)
    return figures, found.problems


def main() -> None:
    serving.prepare()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clicks", type=int, default=2000, metavar="N")
    parser.add_argument("--connections", type=int, default=64, metavar="N")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S")
    output.options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunt-bench-", ignore_cleanup_errors=True) as folder:
        figures, problems = measure(options, Path(folder))
    output.show("Bytes on the network, and of the write-ahead log", COLUMNS, [figures], options)
    output.end(problems)


if __name__ == "__main__":
    main()
