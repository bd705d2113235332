"""wrk, an independent generator of clicks, written in C, which does not check the answers."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from pathlib import Path

from benchmarks.compare.contender import Running
from hunt.bench import server_state
from hunt.bench.clicks import Load, batch_figures
from hunt.bench.players import PlayerSource
from hunt.bench.result import Result
from hunt.bench.run import Run

SCRIPT = Path(__file__).with_name("clicks.lua")


def measure(running: Running, load: Load, players: PlayerSource, tokens: Path) -> Result:
    """Measure a closed loop of clicks, as `hunt.bench.clicks.measure` does.

    wrk does not wait for the last clicks.  The log may therefore have one unanswered click
    for each connection.

    Args:
        running: The server.
        load: Its `rate` must be None.
        players: The source of the players.
        tokens: File to write their tokens to.
    """
    everyone = players(load.connections)
    tokens.write_text("".join(f"{player.token}\n" for player in everyone), "utf-8")
    token = everyone[0].token
    if load.warmup > 0:
        _run(running, load.connections, load.warmup, tokens)
    start, batches = _resting(running, token), server_state.batches(running.target)
    before, own = running.processes.usage(), _cpu()
    shown = _run(running, load.connections, load.seconds, tokens)
    own, after = _cpu() - own, running.processes.usage()
    answers = int(shown.pop("answers"))
    bad, broken = int(shown.pop("bad")), int(shown.pop("broken"))
    settled = answers - bad
    rows = server_state.wait_position(running.target, token, start + settled) - start
    thousands = max(settled, 1) / 1000
    figures: dict[str, float | None] = {
        "connections": load.connections,
        "clicks": settled,
        "clicks_per_second": settled / shown.pop("seconds"),
        **shown,
        "log_rows": rows,
        **batch_figures(batches, server_state.batches(running.target)),
        "generator_cpu_us_per_click": own / max(answers, 1) * 1e6,
        "server_cpu_ms_per_1000": (after.server - before.server) * 1000 / thousands,
        "postgres_cpu_ms_per_1000": None,
    }
    if before.postgres is not None and after.postgres is not None:
        figures["postgres_cpu_ms_per_1000"] = (after.postgres - before.postgres) * 1000 / thousands
    found = problems(
        settled=settled, bad=bad, broken=broken, rows=rows, connections=load.connections
    )
    return Result(figures, {200: settled}, found, Run())


def problems(*, settled: int, bad: int, broken: int, rows: int, connections: int) -> list[str]:
    """Return a sentence for each defect; `rows` is the growth of the log."""
    found = []
    if bad or broken:
        found.append(f"{bad} answers were none of 200, {broken} connections broke")
    if not settled <= rows <= settled + connections:
        found.append(f"{settled} clicks were answered, the log grew by {rows}")
    return found


def parse(text: str) -> dict[str, float]:
    """Return the figures in the last line of wrk's output.

    Raises:
        SystemExit: There are none.
    """
    try:
        shown: dict[str, float] = json.loads(text.splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"wrk gave no figures: {text.strip()}") from None
    return shown


def _resting(running: Running, token: str) -> int:
    """Return the length of the log once it no longer grows."""
    found = -1
    while found != (now := server_state.position(running.target, token)):
        found = now
        time.sleep(0.2)
    return found


def _run(running: Running, connections: int, seconds: float, tokens: Path) -> dict[str, float]:
    target = running.target
    command: list[str | Path] = ["wrk", "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s"]
    command += ["--timeout", "10s", "-s", SCRIPT, f"http://{target.host}:{target.port}"]
    try:
        done = subprocess.run(
            [*command, "--", target.hunt, tokens], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as exc:
        raise SystemExit(f"wrk does not run: {exc}") from None
    return parse(done.stdout)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
