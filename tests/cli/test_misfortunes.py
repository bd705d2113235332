"""Every command after every failure that an operator may cause: one sentence, no traceback."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import trio
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.cli.forking import Forker
from tests.cli.recipes import (
    ASKS,
    CLIENTS,
    DEMO,
    EVERY,
    NAMELESS,
    NOWHERE,
    PURE,
    RECIPES,
    UNREACHABLE,
    check,
)
from tests.support.database import execute
from tests.support.serving import SECRET


def test_every_command_has_recipe() -> None:
    assert set(EVERY) == set(RECIPES), "give each command arguments with which it works"


@dataclass(frozen=True)
class Misfortune:
    """A failure that an operator may meet; the commands in `spared` do not depend on it."""

    environ: dict[str, str] = field(default_factory=dict)
    spared: set[str] = field(default_factory=set)
    out: str | None = None
    uid: int | None = None
    before: str = ""
    prepare: Callable[[Path], object] = lambda folder: None


def unreadable(folder: Path) -> None:
    (folder / "hunt.toml").write_text("")
    (folder / "hunt.toml").chmod(0)


def binary(folder: Path) -> None:
    (folder / "hunt.toml").write_bytes(bytes(range(256)))


ELSEWHERE = PURE | CLIENTS | {"token", "config"}
FILE = "/etc/hostname"

MISFORTUNES = {
    "an unknown setting": Misfortune({"HUNT_POOL_SIZ": "1"}, PURE),
    "a wrong setting": Misfortune({"HUNT_HEARTBEAT": "nan"}, PURE),
    "a malformed connection string": Misfortune({"HUNT_DATABASE_URL": "mysql://u:p@h/d"}, PURE),
    "a secret file that is missing": Misfortune(
        {"HUNT_JWT_SECRET": "(unset)", "HUNT_JWT_SECRET_FILE": "/nowhere"}, PURE
    ),
    "an unreachable database": Misfortune({"HUNT_DATABASE_URL": UNREACHABLE}, ELSEWHERE),
    "a host without a name": Misfortune(
        {"HUNT_DATABASE_URL": "postgresql://u@nowhere.invalid/d"}, ELSEWHERE
    ),
    "a settings file that is a folder": Misfortune(
        spared=PURE, prepare=lambda folder: (folder / "hunt.toml").mkdir()
    ),
    "a settings file that is binary": Misfortune(spared=PURE, prepare=binary),
    "a settings file that is unreadable": Misfortune(spared=PURE, uid=NAMELESS, prepare=unreadable),
    "a data folder that cannot be made": Misfortune(
        {"HUNT_DATABASE_URL": "(unset)", "HUNT_DATA_DIR": "/proc/self/x"}, ELSEWHERE
    ),
    "a data folder that is a file": Misfortune(
        {"HUNT_DATABASE_URL": "(unset)", "HUNT_DATA_DIR": FILE}, ELSEWHERE
    ),
    "a secret that cannot be kept": Misfortune(
        {"HUNT_DATABASE_URL": "(unset)", "HUNT_JWT_SECRET": "(unset)", "HUNT_DATA_DIR": FILE},
        PURE | {"config"},
    ),
    "a working directory that is gone": Misfortune(
        spared=PURE, before="os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"
    ),
    "a full standard output": Misfortune(out="/dev/full", spared={"migrate"}),
    "a closed standard output": Misfortune(out="closed", spared=set(RECIPES)),
    "a user without a name and a home": Misfortune(
        {"HUNT_DATABASE_URL": "(unset)", "HUNT_DATA_DIR": "(unset)", "HOME": "(unset)"},
        ELSEWHERE,
        uid=NAMELESS,
    ),
    "an output in ASCII": Misfortune(
        {"PYTHONIOENCODING": "ascii"},
        set(RECIPES),
        before="sys.stdout.reconfigure(encoding='ascii', errors='strict')",
    ),
    "an unknown encoding of the client": Misfortune({"PGCLIENTENCODING": "bogus"}, set(RECIPES)),
    "an encoding of the client that is not ours": Misfortune(
        {"PGCLIENTENCODING": "latin1"}, set(RECIPES)
    ),
}  # fmt: skip


@pytest.mark.parametrize("misfortune", MISFORTUNES.values(), ids=MISFORTUNES)
def test_failure_is_one_line_error(
    misfortune: Misfortune, forks: Forker, database: str, tmp_path: Path
) -> None:
    if misfortune.uid is not None and os.geteuid() != 0:
        pytest.skip("another user needs root")
    misfortune.prepare(tmp_path)
    for each in [tmp_path, *tmp_path.parents[:3]]:
        each.chmod(0o755)
    environ = {
        "HUNT_DATABASE_URL": database,
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_DATA_DIR": str(tmp_path / "data"),
        "HUNT_BIND": NOWHERE,
        "HUNT_LOG_FORMAT": "json",
    } | misfortune.environ
    waits = environ["HUNT_DATABASE_URL"] not in {"(unset)", database, "mysql://u:p@h/d"}
    for name, recipe in RECIPES.items():
        if name == "serve" and (name in misfortune.spared or waits or misfortune.out):
            continue  # it would start a server, or wait for the database
        done = forks.run(
            [*name.split(), *recipe],
            environ,
            cwd=str(tmp_path),
            out=misfortune.out,
            uid=misfortune.uid,
            before=misfortune.before,
            teardown=misfortune.out is not None,
        )
        check(name, done, may_work=name in misfortune.spared)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "serve"])
def test_closed_output_pipe_is_no_error(name: str, measured_forks: Forker, database: str) -> None:
    forks = measured_forks
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    environ |= {"HUNT_BIND": NOWHERE}
    forks.run(["apply", DEMO], environ)
    done = measured_forks.run([*name.split(), *RECIPES[name]], environ, out="gone", teardown=True)
    if done.err:
        check(name, done, may_work=False)
    assert done.status in {0, 1}, done


def test_missing_schema_is_reported(forks: Forker, postgres: str) -> None:
    """Every command that needs the schema names the command that makes it."""
    empty = make_conninfo(postgres, dbname="postgres", options="-c search_path=pg_temp")
    environ = {"HUNT_DATABASE_URL": empty, "HUNT_JWT_SECRET": SECRET.decode()}
    for name in sorted((ASKS | {"serve"}) - {"migrate"}):
        done = forks.run([*name.split(), *RECIPES[name]], environ | {"HUNT_LOG_FORMAT": "json"})
        check(name, done, may_work=False)
        assert "run 'hunt migrate'" in done.out + done.err, done


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def other_encoding(request: pytest.FixtureRequest, postgres: str) -> Iterator[str]:
    """Yield the connection string of a database that cannot hold every text."""
    name = f"encoding_{uuid.uuid4().hex}"
    with psycopg.connect(postgres) as conn:  # the template's provider may have no locale C
        provider = "locale_provider libc" if conn.info.server_version >= 150000 else ""
    create = sql.SQL("create database {} encoding {} template template0 {} locale 'C'").format(
        sql.Identifier(name), sql.Literal(request.param), sql.SQL(provider)
    )
    trio.run(execute, postgres, create)
    yield make_conninfo(postgres, dbname=name)
    drop = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
    trio.run(execute, postgres, drop)


def test_other_encoding_is_reported(forks: Forker, other_encoding: str) -> None:
    environ = {"HUNT_DATABASE_URL": other_encoding, "HUNT_JWT_SECRET": SECRET.decode()}
    for name in sorted(ASKS):
        done = forks.run([*name.split(), *RECIPES[name]], environ)
        check(name, done, may_work=False)
        assert "createdb -E UTF8" in done.out + done.err, done
