"""The systemd unit of ``deploy/``: valid, hardened, and consistent with the server."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import trio

from hunt.settings import Settings
from tests.deploy.game import SECRET
from tests.support.processes import end, environment, free_port, until
from tests.support.requirements import required

UNIT = Path(__file__).parents[2] / "deploy/systemd/hunt.service"
TEXT = UNIT.read_text("utf-8")


def values(name: str) -> list[str]:
    """Return the values of a key of the unit, in order."""
    return re.findall(rf"^{name}=(.*)$", TEXT, re.MULTILINE)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = required(Path("/usr/bin/systemd-analyze"), "Debian's systemd is not installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def test_unit_is_valid(tmp_path: Path) -> None:
    unit = tmp_path / "hunt.service"
    unit.write_text(TEXT.replace("/opt/hunt/bin/hunt", "/bin/true"), "utf-8")
    checked = analyze("verify", "--man=no", str(unit))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_unit_is_hardened() -> None:
    checked = analyze("security", "--offline=true", "--threshold=20", str(UNIT))  # 2.0
    assert checked.returncode == 0, checked.stdout[-300:]
    assert "exposure level" in checked.stdout


def test_timeouts_fit_the_servers_own() -> None:
    given = dict(each.split("=", 1) for each in values("Environment"))
    drain = float(given["HUNT_DRAIN_DELAY"]) + Settings().drain_timeout
    assert float(values("TimeoutStopSec")[0]) > drain + 5
    assert float(values("TimeoutStartSec")[0]) > 30, "the start waits so long for the database"


async def test_unit_starts_reloads_and_stops_a_server(database: str, tmp_path: Path) -> None:
    """The test acts as systemd: credentials, notifications, ``ExecReload`` and SIGTERM."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    contents = {"jwt_secret": SECRET.decode(), "database_url": database}
    for name in (each.partition(":")[0] for each in values("LoadCredential")):
        (credentials / name).write_text(contents[name], "utf-8")
    (tmp_path / "hunt.toml").write_text(
        f'bind = "127.0.0.1:{free_port()}"\nprocesses = 1\n', "utf-8"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.setblocking(False)
        environ = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": str(int(values("WatchdogSec")[0]) * 1_000_000),
        }
        for each in values("Environment"):
            name, _, value = each.partition("=")
            environ[name] = value.replace("%d", str(credentials)).replace("%t", str(tmp_path))
        command = shlex.split(values("ExecStart")[0].replace("/etc/hunt", str(tmp_path)))
        assert command[0] == "/opt/hunt/bin/hunt"
        process = subprocess.Popen(
            [sys.executable, "-m", "hunt", *command[1:]],
            env=environment(environ),
            process_group=0,
        )
        said: list[str] = []

        def heard(line: str) -> bool:
            while True:
                try:
                    said.extend(notify.recv(4096).decode().split("\n"))
                except BlockingIOError:
                    return line in said

        try:
            await until(lambda: heard("READY=1"), seconds=60)
            assert "WATCHDOG=1" in said
            reload_command = values("ExecReload")[0].replace("$MAINPID", str(process.pid))
            said.clear()
            await trio.run_process(shlex.split(reload_command))
            await until(lambda: heard("RELOADING=1") and "READY=1" in said, seconds=60)
            process.send_signal(signal.SIGTERM)
            status = await trio.to_thread.run_sync(process.wait, float(values("TimeoutStopSec")[0]))
            assert heard("STOPPING=1")
            assert status == 0
        finally:
            if process.poll() is None:
                end(process)
    assert not os.path.exists(tmp_path / "hunt" / "run"), "nothing is left in the runtime folder"
