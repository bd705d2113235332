from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import trio
from psycopg.conninfo import make_conninfo

from hunt.configuration import load
from hunt.core.token_verifier import TokenVerifier
from hunt.embedded.token_secret import jwt_secret
from hunt.errors import DefinitionError, HuntNotFound, SettingsError, WrongState
from hunt.store.driver.connection import Connection
from tests.cli.commands import DEMO, hunt_process, run
from tests.support.serving import SECRET, serving, token


def test_help_lists_each_command_on_one_line() -> None:
    lines = run("--help").output.splitlines()
    for name in ("serve", "migrate", "apply", "hunts", "open", "close", "token", "click"):
        assert any(line.strip().startswith(name) for line in lines)
    assert run("nonsense").exit_code == 2


@pytest.mark.parametrize("name", ["serve", "migrate", "apply", "watch", "doctor", "config"])
def test_every_command_has_help(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "--config" in result.output


def test_epoch_new_begins_epoch_of_every_log(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    run("apply", DEMO, **url)
    [before] = run("epoch", **url).output.split("\n")[:-1]
    assert before.startswith("harbour  k")
    assert run("epoch", **url).output.strip() == before
    after = json.loads(run("epoch", "--new", "--json", **url).output)
    assert list(after) == ["harbour"]
    assert after["harbour"] not in before
    assert run("epoch", **url).output == f"harbour  {after['harbour']}\n"


def test_hunt_is_applied_opened_and_closed(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    assert "no hunts yet" in run("hunts", **url).output
    assert run("apply", DEMO, **url).output.endswith("open it with 'hunt open harbour'\n")
    assert "nothing to change" in run("apply", DEMO, **url).output
    assert run("open", "harbour", **url).output == "hunt harbour is open\n"
    [row] = json.loads(run("hunts", "--json", **url).output)
    assert (row["id"], row["state"], row["clicks"]) == ("harbour", "open", 0)
    assert run("close", "harbour", **url).exit_code == 0
    assert "closed" in run("hunts", **url).output.splitlines()[1]
    # A hunt that has ended cannot open again, but one without clicks can be deleted.
    assert run("delete", "harbour", **url).output == "hunt harbour is deleted\n"
    assert "no hunts yet" in run("hunts", **url).output


def test_announcement_is_made_and_withdrawn(database: str) -> None:
    url = {"HUNT_DATABASE_URL": database}
    run("apply", DEMO, **url)
    run("open", "harbour", **url)
    made = run("announce", "harbour", "The next chest\nopens at nine.", **url)
    assert made.output == "announced in hunt harbour (number 1)\n"
    cleared = run("announce", "harbour", "--clear", **url)
    assert cleared.output == "withdrawn in hunt harbour (number 2)\n"
    for wrong, words in (
        (["Soon.", "--clear"], "give a TEXT, or --clear"),
        ([], "give a TEXT, or --clear"),
        (["x" * 501], "has 501 characters: give at most 500"),
        ([" "], "is empty: give 1 to 500 characters"),
        (["a\x1bb"], "has the control character U+001B: remove it"),
    ):
        refused = hunt_process("announce", "harbour", *wrong, **url)
        assert refused.returncode in {1, 2}
        assert words in refused.stderr
    run("close", "harbour", **url)
    refused = hunt_process("announce", "harbour", "Late.", **url)
    assert "hunt 'harbour' has ended" in refused.stderr


def write_hunt(file: Path, closes_at: datetime) -> str:
    file.write_text(
        '[hunt]\nid = "river"\ntitle = "River"\nmap = { width = 9, height = 9 }\n'
        f"closes_at = {closes_at.isoformat()}\n",
        encoding="utf-8",
    )
    return str(file)


def test_apply_names_the_countdown_of_a_draft(database: str, tmp_path: Path) -> None:
    file = tmp_path / "creek.toml"
    file.write_text(
        '[hunt]\nid = "creek"\ntitle = "Creek"\nmap = { width = 9, height = 9 }\n'
        "opens_at = 2090-01-01T00:00:00Z\n",
        encoding="utf-8",
    )
    said = run("apply", str(file), HUNT_DATABASE_URL=database).output
    assert said.endswith("'hunt open creek'; players then see a countdown to opens_at\n")


def test_past_closing_time_and_change_after_end_are_refused(database: str, tmp_path: Path) -> None:
    url = {"HUNT_DATABASE_URL": database}
    soon = datetime.now(UTC) + timedelta(hours=1)
    run("apply", write_hunt(tmp_path / "river.toml", soon), **url)
    past = write_hunt(tmp_path / "past.toml", datetime.now(UTC) - timedelta(seconds=5))
    refused = hunt_process("apply", past, **url)
    assert refused.returncode == 2
    assert "closes_at: has passed by the database's clock: give a later time" in refused.stderr
    run("open", "river", **url)
    run("close", "river", **url)
    later = write_hunt(tmp_path / "later.toml", soon + timedelta(hours=1))
    refused = hunt_process("apply", later, **url)
    assert refused.returncode == 1
    assert refused.stderr.strip() == "hunt: hunt 'river' has ended, and its end is final"
    refused = hunt_process("open", "river", **url)
    assert "its end is final" in refused.stderr


def test_hunt_with_clicks_is_not_deleted(database: str) -> None:
    async def play() -> None:
        async with serving(database) as client:
            assert (await client.click()).status_code == 200
        async with await Connection.connect(database, autocommit=True) as conn:
            await conn.execute(
                "update hunts set closes_at = now(),"
                " definition = jsonb_set(definition, '{closes_at}', to_jsonb(hunt_time(now())))"
            )

    trio.run(play)
    url = {"HUNT_DATABASE_URL": database}
    [row] = json.loads(run("hunts", "--json", **url).output)
    assert row["state"] == "closing"
    with pytest.raises(WrongState, match="has clicks and cannot be deleted"):
        run("delete", "harbour", **url)
    with pytest.raises(HuntNotFound, match="hunt hunts"):
        run("open", "nowhere", **url)


def test_migrate_prints_applied_steps(postgres: str, database: str) -> None:
    assert "up to date" in run("migrate", HUNT_DATABASE_URL=database).output
    fresh = make_conninfo(postgres, dbname="postgres", options="-c search_path=pg_temp")
    assert "create table hunts" in run("migrate", "--dry-run", HUNT_DATABASE_URL=fresh).output


def test_invalid_hunt_file_is_refused(tmp_path: Path, database: str) -> None:
    file = tmp_path / "hunt.toml"
    file.write_text("[hunt]\n")
    with pytest.raises(DefinitionError):
        run("apply", str(file), HUNT_DATABASE_URL=database)


def test_short_secret_file_gives_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "jwt_secret").touch(0o600)
    ended = hunt_process("token", "--player", "ada", "--data-dir", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "jwt_secret: the secret that signs tokens has 0 bytes" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_token_is_signed_with_first_secret(tmp_path: Path) -> None:
    printed = run("token", "--player", "ada", "--ttl", "2h", HUNT_JWT_SECRET=SECRET.decode())
    claims = jwt.decode(printed.output.strip(), SECRET, ["HS256"], audience="hunt")
    assert claims["sub"] == "ada"
    assert claims["exp"] - claims["iat"] == 7200
    admin = run("token", "--player", "ada", "--admin", "--data-dir", str(tmp_path))
    jwt.decode(admin.output.strip(), jwt_secret(tmp_path), ["HS256"], audience="hunt-admin")
    assert (tmp_path / "jwt_secret").stat().st_mode & 0o777 == 0o600
    assert run("token", "--player", "a b").exit_code == 2
    reserved = run("token", "--player", "erased-x")
    assert reserved.exit_code == 2
    assert "reserved for erased players" in reserved.output
    assert run("token", "--player", "a", "--ttl", "soon").exit_code == 2
    with pytest.raises(SettingsError, match="HUNT_JWT_SECRET"):
        run("token", "--player", "a", HUNT_DATABASE_URL="postgresql://")


def test_token_is_restricted_to_the_hunts_given() -> None:
    secret = {"HUNT_JWT_SECRET": SECRET.decode()}
    verifier = TokenVerifier((SECRET,), clock=time.time)
    for audience, use in (((), "bearer"), (("--admin",), "admin")):
        given = ("token", "--player", "ada", *audience)
        restricted = run(*given, "--hunt", "harbour", "--hunt", "river", **secret)
        everywhere = run(*given, **secret)
        tokens = (each.output.strip() for each in (restricted, everywhere))
        hunts = [verifier.verify(token, use).hunts for token in tokens]
        assert hunts == [{"harbour", "river"}, None]
    malformed = run("token", "--player", "ada", "--hunt", "a b", **secret)
    assert malformed.exit_code == 2
    assert "must be the id of a hunt" in malformed.output


def test_malformed_id_of_a_prize_is_named() -> None:
    malformed = run("winners", "harbour", "--prize", "a b")
    assert malformed.exit_code == 2
    assert "must be the id of a prize" in malformed.output


def test_config_shows_sources_and_masks_secrets() -> None:
    environ = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_POOL_SIZE": "7"}
    text = run("config", **environ).output
    assert SECRET.decode() not in text
    assert "(environment)" in text
    shown = json.loads(run("config", "--json", **environ).output)
    assert shown["pool_size"] == {"value": "7", "from": "environment"}
    assert shown["queue_size"]["from"] == "default"


def test_doctor_prints_failed_checks_and_cures(database: str) -> None:
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    good = json.loads(run("doctor", "--json", **environ).output)
    assert {each["name"] for each in good} >= {"files", "fsync", "schema", "clock", "latency"}
    bad = run("doctor", HUNT_DATABASE_URL="host=127.0.0.1 port=1")
    assert bad.exit_code == 1
    assert "BAD  database" in bad.output
    assert "BAD  secret" in bad.output


def test_error_is_one_line_with_exit_status() -> None:
    wrong = hunt_process("config", HUNT_POOL_SIZ="1")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean HUNT_POOL_SIZE" in wrong.stderr
    failed = hunt_process("hunts", HUNT_DATABASE_URL="host=127.0.0.1 port=1")
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("schedule", "add", "harbour", "open", "--at", "2020-01-01T00:00:00Z"),
            "hunt: the entry is not valid: "
            "at: has passed by the database's clock: give a later time",
        ),
        (
            ("announce", "harbour", " "),
            "hunt: the announcement is empty: give 1 to 500 characters",
        ),
    ],
)
def test_error_names_the_wrong_fields_once(
    database: str, arguments: tuple[str, ...], error: str
) -> None:
    run("apply", DEMO, HUNT_DATABASE_URL=database)
    failed = hunt_process(*arguments, HUNT_DATABASE_URL=database)
    assert (failed.returncode, failed.stderr) == (1, f"{error}\n")


async def in_process(*arguments: str) -> tuple[int, str, str]:
    """Run a command as a process, while this event loop serves it."""
    done = await trio.run_process(
        [sys.executable, "-m", "hunt", *arguments],
        capture_stdout=True, capture_stderr=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def test_click_and_watch_play_as_player(database: str) -> None:
    async with serving(database, click_rate=5.0, click_burst=1) as client:
        whom = ["--url", str(client.base_url), "--token", token()]
        watched: list[tuple[int, str, str]] = []

        async def watch(*flags: str) -> None:
            watched.append(await in_process("watch", "harbour", *flags, "-n", "3", *whom))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            nursery.start_soon(watch, "--sse")
            with trio.fail_after(20):
                while client.engine.streams.hub.counts() != {"sse": 1, "websocket": 1}:
                    await trio.lowlevel.checkpoint()
            # Faster than the limit: the retries, under their ids, are part of the test.
            status, out, _ = await in_process("click", "harbour", "-n", "3", "--x", "1", *whom)
        assert status == 0
        assert out.splitlines() == [
            "#1  coin  5 points",
            "#2  coin  5 points",
            "#3  coin  5 points",
        ]
        for status, seen, notices in watched:
            assert (status, seen) == (0, out)
            assert "hello" in notices
        epoch = client.engine.catalogue.hunts["harbour"].epoch
        later = ["watch", "harbour", "--json", "-n", "1", "--after", f"{epoch}-2", *whom]
        assert json.loads((await in_process(*later))[1])["seq"] == 3
        status, _, err = await in_process("click", "harbour", "--x", "999", *whom)
        assert status == 1
        assert "inside the map" in err


def test_new_key_is_a_valid_setting(tmp_path: Path) -> None:
    printed = run("keys", "new", "--id", "2027").output
    settings = load({"HUNT_DATA_KEYS": printed.strip()}, cwd=tmp_path).settings
    assert [id_ for id_, _ in settings.data_keys] == ["2027"]
    assert run("keys", "new").output != run("keys", "new").output
    assert run("keys", "new", "--id", "No").exit_code == 2
