"""The backup and the restores of ``docs/how-to/backup.md``, on real servers."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
import trio

from hunt.core.sse import Parser
from tests.deploy.game import Game, playing
from tests.deploy.roles import Database, prepared, settings_of

PAGE = (Path(__file__).parents[2] / "docs/how-to/backup.md").read_text("utf-8")


def recovery(archive: Path, moment: str | None) -> dict[str, str]:
    """Return the settings of a restore, as the page has them.

    Args:
        archive: Folder of the archived WAL.
        moment: Time to restore; None: everything.
    """
    text = "\n".join(re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL))
    found = dict(re.findall(r"^ *(\w+) = '(.*)'$", text, re.MULTILINE))
    assert found.keys() == {"restore_command", "recovery_target_action", "recovery_target_time"}
    found["restore_command"] = found["restore_command"].replace(
        "/var/lib/postgresql/wal", str(archive)
    )
    if moment is None:
        del found["recovery_target_time"]
    else:
        found["recovery_target_time"] = moment
    return found


async def back_up(database: Database, folder: Path) -> None:
    """Take a base backup while the server runs, and verify it."""
    folder.mkdir(mode=0o700)
    launcher = database.cluster.launcher
    if launcher.user is not None:
        os.chown(folder, *launcher.user)
    programs = database.cluster.programs
    role = database.as_role("hunt_backup")
    command = [programs / "pg_basebackup", "-D", folder, "-d", role, "--checkpoint=fast"]
    await launcher.run([*command, "-X", "stream", "--manifest-checksums=SHA256"])
    # As pg_verifybackup, which crashes in the wheel that the tests use.
    manifest = json.loads((folder / "backup_manifest").read_text("utf-8"))
    assert len(manifest["Files"]) > 900
    for each in manifest["Files"]:
        content = (folder / each["Path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == each["Checksum"], each["Path"]


async def archive_all(database: Database) -> None:
    """Return once all WAL so far is in the archive."""
    [[name]] = await database.execute("select pg_walfile_name(pg_switch_wal())")
    with trio.fail_after(30):
        while await database.execute(
            "select coalesce(last_archived_wal >= %s, false) from pg_stat_archiver", (name,)
        ) != [(True,)]:
            await trio.sleep(0.05)


async def restored(backup: Path, folder: Path, options: dict[str, str]) -> Database:
    """Start a new server with the data of a base backup, and replay the archive."""
    folder.mkdir(mode=0o700)
    data = folder / "postgresql"
    shutil.copytree(backup, data)
    (data / "recovery.signal").touch()
    data.chmod(0o700)
    owner = backup.stat()
    for path in (data, *data.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    given = settings_of("postgresql.conf") | {"archive_mode": "off"} | options
    database = Database(folder, given)
    await database.start()
    return database


def log_of(database: Database) -> list[tuple[int, str, str]]:
    """Return seq, click id and player of each row."""
    with psycopg.connect(database.as_role("hunt_app")) as connection:
        rows = connection.execute("select seq, click_id::text, player from rewards order by seq")
        return [(seq, click, player) for seq, click, player in rows]


@pytest.mark.usefixtures("unmeasured")
async def test_backup_restores_everything_and_any_moment(tmp_path: Path) -> None:
    command = settings_of("postgresql.conf")["archive_command"]
    archive, backup = tmp_path / "server" / "archive", tmp_path / "server" / "backup"
    options = {
        "archive_mode": "on",
        "archive_command": command.replace("/var/lib/postgresql/wal", str(archive)),
    }
    assert str(archive) in options["archive_command"]
    async with prepared(tmp_path / "server", **options) as database:
        archive.mkdir()
        if database.cluster.launcher.user is not None:
            os.chown(archive, *database.cluster.launcher.user)
        database.open_hunt()
        async with database.node() as server, playing(server.url) as game:
            await game.until_settled(10)
            await back_up(database, backup)
            await game.until_settled(10)
            [[moment]] = await database.execute("select clock_timestamp()::text")
            await game.until_settled(10)
        whole = log_of(database)
        await archive_all(database)
        await database.kill()

    everything = await restored(backup, tmp_path / "all", recovery(archive, None))
    try:
        assert log_of(everything) == whole
        game.check(everything.as_role("hunt_app"))
        assert game.against_receipts(everything.as_role("hunt_app")) == []
    finally:
        await everything.stop()

    earlier = await restored(backup, tmp_path / "earlier", recovery(archive, moment))
    try:
        rows = log_of(earlier)
        assert rows == whole[: len(rows)], "the log ends earlier, and has no gap"
        assert 0 < len(rows) < len(whole)
        [[late]] = await earlier.execute(
            "select count(*) from rewards where at > %s::timestamptz", (moment,)
        )
        assert late == 0
        answers = [each for player in game.players for each in player.answers]
        lost = [each for each in answers if (each.upto or 0) > len(rows)]
        found = game.against_receipts(earlier.as_role("hunt_app"))
        assert [(each.check, each.lines) for each in found] == [
            ("receipts", (str(each),)) for each in lost
        ], "the receipts of all lost rows show the loss, and no others"
        earlier.hunt("epoch", "--new")
        earlier.hunt("doctor")
        await _play_on(earlier, game, lost=whole[len(rows) :])
    finally:
        await earlier.stop()


async def _play_on(database: Database, game: Game, lost: list[tuple[int, str, str]]) -> None:
    """Send each lost click again, then resume each stream.

    The log is as long as before by then, so only the epoch shows that its rows differ.
    """
    before = len(log_of(database))
    async with database.node() as server, AsyncExitStack() as stack:
        clients = {
            each.name: await stack.enter_async_context(
                httpx.AsyncClient(base_url=server.url, headers=each.client.headers, timeout=30)
            )
            for each in game.players
        }
        for _, click, player in lost:
            body = {"id": click, "x": 40.5, "y": 20}
            answer = await clients[player].post("/v1/hunts/harbour/clicks", json=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["seq"] > before
            assert not answer.json()["duplicate"]
        for each in game.players:
            assert each.last_id is not None
            assert await _greeting(clients[each.name], each.last_id) == ["hello", "reset"]
    now = log_of(database)
    assert [seq for seq, _, _ in now] == list(range(1, before + len(lost) + 1))
    assert {click for _, click, _ in now[before:]} == {click for _, click, _ in lost}


async def _greeting(client: httpx.AsyncClient, last_id: str) -> list[str]:
    """Return the kinds of the first two events of a stream that resumes."""
    parser = Parser()
    kinds: list[str] = []
    with trio.fail_after(20):
        async with client.stream(
            "GET", "/v1/hunts/harbour/events", headers={"Last-Event-ID": last_id}
        ) as answer:
            async for chunk in answer.aiter_bytes():
                kinds += [each.event for each in parser.feed(chunk) if each.data]
                if len(kinds) >= 2:
                    break
    return kinds[:2]
