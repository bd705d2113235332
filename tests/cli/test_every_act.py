"""Every command that changes something, or reads what players own, leaves an audit entry."""

from __future__ import annotations

import base64
import getpass
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import trio

from hunt.errors import HuntError
from tests.cli.commands import run
from tests.cli.recipes import EVERY
from tests.support.audit_entries import ABSENT, PLAYER, SOME, Expected, read, version, win
from tests.support.live_codes import KEYS, live
from tests.support.serving import bearer

[(KEY_ID, KEY)] = KEYS
KEY_TEXT = f"{KEY_ID}:{base64.b64encode(KEY).decode()}"
NEW_KEY = f"two:{base64.b64encode(bytes(32)).decode()}"
URL = "http://127.0.0.1:1/hook"
SHOWN = {"url": URL, "log": "rewards", "events": "wins", "prizes": None, "patience": 86400}
RIVER = """
[hunt]
id = "river"
title = "River"
map = { width = 10, height = 10 }

[[prize]]
id = "coin"
title = "Coin"
odds = 0.5
"""

#: Commands without an entry: they change nothing in the database, and show no position, no
#: reward and no field of a claim.  ``drain`` works without a database; the server's log has it.
UNRECORDED = {
    "serve", "drain", "hunts", "token", "click", "watch", "bench clicks", "bench streams",
    "bench game", "codes status", "keys new", "keys status", "simulate", "webhooks list",
    "webhooks dead", "campaigns", "bans", "verify", "doctor", "health", "config", "completion",
    "size", "schedule list", "proof export", "proof stamp",
}  # fmt: skip


#: ``rehearse`` creates, opens and deletes a hunt as the other commands do; ``seed-share`` reads a
#: secret from standard input, and leaves the entry ``seed share``.
ELSEWHERE = {"rehearse", "seed-share"}


@dataclass(frozen=True)
class Act:
    """A command, and the entries that it leaves."""

    command: str
    arguments: Sequence[str]
    entries: list[Expected]
    environ: dict[str, str] | None = None  #: more settings
    sql: str = ""  #: run first


FAILED = "update webhooks set attempts = 1, last_status = 500"
NAMED = f"""
insert into player_names (player, name, folded, claimed) values ('{PLAYER}', 'Ada', 'ada', false)
"""
LACKING = "delete from hunt_functions where name = 'hunt_time'"

ACTS = [
    Act("apply", ["{folder}/river.toml"], [("create", None, version(1))]),
    Act("open", ["river"], [("open", "draft", "open")]),
    Act("announce", ["river", "Soon."], [("announce", None, "Soon.")]),
    Act("schedule add", ["river", "pause", "--at", "2999-01-01T00:00:00Z"],
        [("schedule", None, SOME)]),
    Act("schedule remove", ["river", "1"], [("unschedule", SOME, None)]),
    Act("pause", ["river"], [("paused", "open", "paused")]),
    Act("close", ["river"], [("closed", "paused", "closed")]),
    Act("delete", ["river"], [("delete", "closed", None)]),
    Act("codes load", ["live", "voucher", "{folder}/codes"], [("codes", 4, 6)]),
    Act("webhooks add", ["live", URL],
        [("webhook added", None, SHOWN | {"from_seq": None, "seq": 2})]),
    Act("webhooks test", ["live", "1"], [("webhook tested", None, {"status": None})]),
    Act("webhooks rotate", ["live", "1", "--keep", "0"],
        [("webhook rotated", {"secrets": [1]}, {"secrets": [2]})]),
    Act("webhooks stop", ["live", "1"],
        [("webhook changed", {"stopped": None}, {"stopped": "operator"})]),
    Act("webhooks start", ["live", "1"],
        [("webhook changed", {"stopped": "operator"}, {"stopped": None})]),
    Act("webhooks replay", ["live", "1", "--from-seq", "1"],
        [("webhook replayed", {"seq": 2}, {"seq": 0})]),
    Act("webhooks skip", ["live", "1"], [("webhook skipped", {"seq": 0}, {"seq": 1})], sql=FAILED),
    Act("webhooks replay", ["live", "1", "--all-dead"],
        [("webhook replayed", {"replay": 0}, {"replay": 1})]),
    Act("webhooks remove", ["live", "1"],
        [("webhook removed", SHOWN | {"stopped": None, "seq": 1}, None)]),
    Act("rewards show", ["live", "1"], read("reward")),
    Act("rewards sent", ["live", "1"], [("sent", {"1": "granted"}, {"1": "sent"})]),
    Act("rewards void", ["live", "2", "--reason", "a bot"],
        [("void", {"2": "granted"}, {"2": "void"})]),
    Act("winners", ["live"], read("winners")),
    Act("export", ["live"], read("export_log")),
    Act("anomalies", ["live"], read("anomalies")),
    Act("names list", ["Ada"], [("names", ABSENT, ABSENT)]),
    Act("names refuse", [PLAYER], [("name", {"refused": False}, {"refused": True})], sql=NAMED),
    Act("names allow", [PLAYER], [("name", {"refused": True}, {"refused": False})]),
    Act("ban", [PLAYER], [("ban", None, {"reason": "", "until": None})]),
    Act("unban", ["1"], [("unban", {"reason": "", "until": None}, None)]),
    Act("migrate", [], [("migrate", ABSENT, ABSENT)], sql=LACKING),
    Act("keys rotate", [],
        [("rotate keys begun", SOME, None), ("rotate keys", SOME, SOME)],
        {"HUNT_DATA_KEYS": f"{NEW_KEY},{KEY_TEXT}"}),
    Act("epoch", ["--new"], [("epoch", ABSENT, ABSENT)] * 2),
]  # fmt: skip


async def play(database: str) -> None:
    async with live(database, count=4) as client:
        for _ in range(2):
            await win(client)


def trail(database: str) -> list[tuple[str, str, dict[str, Any]]]:
    with psycopg.connect(database) as conn:
        return conn.execute("select actor, action, detail from audit order by id").fetchall()


def check(act: Act, database: str, folder: Path, environ: dict[str, str]) -> str:
    """Run a command, and raise unless it left its entries; return its output."""
    if act.sql:
        with psycopg.connect(database) as conn:
            conn.execute(act.sql.encode())
    known = len(trail(database))
    arguments = [*act.command.split(), *(each.format(folder=folder) for each in act.arguments)]
    output = ""
    with suppress(HuntError):  # the receiver of the test is not there
        result = run(*arguments, **environ | (act.environ or {}))
        assert result.exit_code == 0, (act, result.output)
        output = result.output
    added = trail(database)[known:]
    assert {actor for actor, _, _ in added} == {getpass.getuser()}, act
    assert [action for _, action, _ in added] == [action for action, _, _ in act.entries], act
    for (_, _, detail), (_, before, after) in zip(added, act.entries, strict=True):
        if (before, after) != (ABSENT, ABSENT):
            assert (detail["before"], detail["after"]) == (before, after), act
        assert PLAYER not in str(detail)
    return output


def test_every_command_has_an_act_or_a_reason() -> None:
    acts = {each.command for each in ACTS}
    assert acts | UNRECORDED | ELSEWHERE == set(EVERY), "say what the audit trail has of a command"
    assert not acts & UNRECORDED


def test_every_command_that_acts_is_recorded(database: str, tmp_path: Path) -> None:
    trio.run(play, database)
    (tmp_path / "river.toml").write_text(RIVER)
    (tmp_path / "codes").write_text("HUSH-9001\nHUSH-9002\n")
    environ = {
        "HUNT_DATABASE_URL": database, "HUNT_DATA_KEYS": KEY_TEXT,
        "HUNT_WEBHOOK_ALLOW": "127.0.0.0/8",
    }  # fmt: skip
    output = "".join(check(each, database, tmp_path, environ) for each in ACTS)
    made = [line for line in output.splitlines() if line.startswith("whsec_")]
    assert len(made) == 2
    recorded = str(trail(database))
    secrets = [*made, "HUSH", KEY_TEXT.split(":")[1], bearer()["Authorization"].split()[1]]
    assert [each for each in secrets if each in recorded] == []


def test_changes_of_the_schema_and_of_epochs_have_both_states(database: str) -> None:
    trio.run(play, database)
    environ = {"HUNT_DATABASE_URL": database, "HUNT_DATA_KEYS": KEY_TEXT}
    with psycopg.connect(database) as conn:
        conn.execute(LACKING)
    run("migrate", **environ)
    run("epoch", "--new", **environ)
    *_, (_, _, migrated), (_, _, first), (_, _, second) = trail(database)
    assert migrated["before"] == migrated["after"]
    assert migrated["steps"] == ["function hunt_time"]
    assert first["before"] != first["after"]
    assert second["before"] != second["after"]


@pytest.mark.parametrize("reason", ["ada cheats", "it was ada."])
def test_reason_of_a_ban_does_not_name_the_player(reason: str) -> None:
    assert run("ban", "ada", "--reason", reason).exit_code == 2
