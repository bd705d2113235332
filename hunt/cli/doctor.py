"""``hunt doctor``: check the environment of the server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from hunt import valkey_url
from hunt.bus.valkey_check import try_bus
from hunt.cli import arguments, running
from hunt.connection_limits import RESERVE, file_limit
from hunt.errors import HuntError
from hunt.plurals import plural
from hunt.settings import Settings
from hunt.store import connection_checks, key_checks, schema
from hunt.store.setting_checks import Finding, check, finding

#: Number of connections that a server should be able to hold, unless a setting says more.
CONNECTIONS = 1000


@click.command(epilog=arguments.examples("hunt doctor", "hunt doctor --json"))
@arguments.json_option
@arguments.options
def command(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """Check settings, database, pooler, file limit and clock, and suggest changes.

    Exit status 1 if a check fails.
    """
    findings = running.run(_examine, arguments.read(data_dir, config).settings)
    if as_json:
        click.echo(
            json.dumps(
                [{"name": f.name, "ok": f.ok, "detail": f.detail, "cure": f.cure} for f in findings]
            )
        )
    else:
        for each in findings:
            mark = "ok  " if each.ok else "BAD "
            cure = f" -> {each.cure}" if each.cure else ""
            click.echo(f"{mark} {each.name}: {each.detail}{cure}")
    if not all(each.ok for each in findings):
        raise SystemExit(1)


async def _examine(settings: Settings) -> list[Finding]:
    findings = [_files(settings)]
    if not settings.embedded and not settings.jwt_secret:
        cure = "set HUNT_JWT_SECRET to one or more secrets of at least 32 bytes"
        findings.append(Finding("secret", False, "HUNT_JWT_SECRET is not set", cure))
    if settings.bus_url is not None:
        findings.append(Finding("bus", *await try_bus(valkey_url.parse(settings.bus_url))))
    try:
        async with running.database(settings) as conninfo:
            async with running.connection_to(conninfo) as conn:
                findings += await check(conn)
                if not await schema.lacking(conn):
                    findings.append(await key_checks.keys(conn, arguments.key_ring(settings)))
                findings.append(await connection_checks.latency(conn))
                findings.append(await connection_checks.clock(conn, time.time))
                findings.append(await connection_checks.prepared(conninfo))
                findings.append(
                    await connection_checks.notices(conn, settings.listen_dsn or conninfo)
                )
    except HuntError as exc:
        said = " ".join(str(exc).split())  # messages of libpq have several lines
        findings.append(Finding("database", False, said, "start it, or check the settings"))
    return findings


def _files(settings: Settings) -> Finding:
    capacity, wanted = file_limit(), settings.max_connections or CONNECTIONS
    return finding(
        "files",
        capacity >= wanted,
        f"{plural(capacity, 'connection')} possible, {wanted} wanted",
        f"raise the limit on open files (ulimit -n, LimitNOFILE=) above {wanted + RESERVE}, or "
        "lower HUNT_MAX_CONNECTIONS",
    )
