"""``hunt doctor``: what would break a promise, and what to do about it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from hunt.cli import common
from hunt.errors import HuntError
from hunt.settings import Settings, file_limit
from hunt.store.checks import Finding, check

#: Seconds by which the clocks of server and database may differ.
CLOCK = 1.0

#: Connections that a server should have room for.
CONNECTIONS = 1000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@common.options
def command(as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """Check settings, database, file limit and clock; say what to change."""
    findings = common.run(_examine, common.read(data_dir, config).settings)
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
    findings = []
    room, wanted = file_limit(), settings.max_connections or CONNECTIONS
    cure = "" if room >= wanted else f"raise the limit on open files (ulimit -n) above {wanted}"
    findings.append(
        Finding("files", room >= wanted, f"room for {room} connections, {wanted} wanted", cure)
    )
    if not settings.embedded and not settings.jwt_secret:
        cure = "set HUNT_JWT_SECRET to one or more secrets of at least 32 bytes"
        findings.append(Finding("secret", False, "HUNT_JWT_SECRET is not set", cure))
    try:
        async with common.connection(settings) as conn:
            findings += await check(conn)
            before = time.time()
            row = await (
                await conn.execute("select extract(epoch from clock_timestamp())::float8")
            ).fetchone()
            assert row is not None
            apart = abs(row[0] - (before + time.time()) / 2)
            cure = "" if apart <= CLOCK else "let NTP set the clocks of both machines"
            findings.append(
                Finding("clock", apart <= CLOCK, f"{apart:.3f} s from the database's", cure)
            )
    except HuntError as exc:
        findings.append(Finding("database", False, str(exc), "start it, or check the settings"))
    return findings
