"""``hunt size``: compute the size of an installation from measured costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields

import click
import msgspec

from hunt.cli import arguments, benchmark_figures
from hunt.connection_limits import RESERVE
from hunt.core.sizing import Load, Size, size
from hunt.errors import HuntError
from hunt.settings import Settings

_MOST = 10**9

LIMITS = """\
Computed from docs/reference/benchmarks.md, which was measured on two shared cores. Not
included: the operating system, TLS, a proxy, PostgreSQL's memory, notices between nodes, and
the memory of connections without a stream.
Measure your own machines with 'hunt bench game' before you rely on it."""


@click.command(
    epilog=arguments.examples(
        "hunt size --players 5000 --clicks-per-second 3000 --streams 5000",
        "hunt size --players 50000 --clicks-per-second 20000 --streams 50000 --hunts 10 --cores 8",
    )
)
@click.option(
    "--players", type=click.IntRange(1, _MOST), required=True, help="Players at the same time."
)
@click.option(
    "--clicks-per-second",
    type=arguments.Number(min=0),
    required=True,
    help="Clicks per second of all players together.",
)
@click.option("--streams", type=click.IntRange(0, _MOST), required=True, help="Open event streams.")
@click.option(
    "--hunts",
    type=click.IntRange(1, _MOST),
    default=1,
    show_default=True,
    help="Hunts that share the clicks evenly.",
)
@click.option(
    "--cores",
    type=click.IntRange(1, 1024),
    default=2,
    show_default=True,
    help="Cores of a node; each has a worker process.",
)
@click.option(
    "--utilization",
    type=arguments.Number(min=0, min_open=True, max=1),
    default=0.5,
    show_default=True,
    help="Share of the nodes' cores that may be used.",
)
@arguments.json_option
def command(
    players: int,
    clicks_per_second: float,
    streams: int,
    hunts: int,
    cores: int,
    utilization: float,
    as_json: bool,
) -> None:
    """Compute nodes, memory, connections, PostgreSQL cores and network for a load.

    All figures come from the measurements in docs/reference/benchmarks.md.
    """
    load = Load(
        players=players,
        clicks=clicks_per_second,
        streams=streams,
        hunts=hunts,
        cores=cores,
        utilization=utilization,
        pool=_pool_size(),
    )
    try:
        found = size(benchmark_figures.read(benchmark_figures.page()), load)
    except ValueError as exc:
        raise HuntError(f"load: too large: {exc}") from None
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
        return
    rows = list(_rows(found, load))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
    for each in found.beyond:
        click.echo(f"beyond the measurements: {each}")
    click.echo(LIMITS)


def _pool_size() -> int:
    """Return the default size of the pool of one process."""
    [found] = [each.default for each in fields(Settings) if each.name == "pool_size"]
    assert isinstance(found, int)
    return found


def _rows(found: Size, load: Load) -> Iterator[tuple[str, str]]:
    yield "nodes", f"{found.nodes:,} with {load.cores:,} cores and worker processes each"
    yield "cores used by hunt", f"{found.server_cores:.2f} of {found.processes:,}"
    yield "memory of a node", f"{found.node_mib:,.0f} MiB, {found.process_mib:,.0f} a process"
    yield "client connections", f"{found.client_connections:,}"
    yield "open files of a process", f"{found.descriptors + RESERVE:,}"
    yield "PostgreSQL cores used", f"{found.postgres_cores:.2f}"
    yield "PostgreSQL connections", f"{found.postgres_connections:,}"
    yield "network from clients", _megabits(found.inbound_bytes)
    yield "network to clients", _megabits(found.outbound_bytes)
    yield "write-ahead log", f"{_megabits(found.wal_bytes)} to each standby"


def _megabits(bytes_per_second: float) -> str:
    return f"{bytes_per_second * 8 / 1e6:,.1f} Mbit/s"
