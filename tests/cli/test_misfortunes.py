"""Every command under every misfortune: one sentence, exit status 1 or 2, no traceback."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from psycopg.conninfo import make_conninfo

from hunt.cli import hunt
from tests.cli.forking import Done, Forker, forker
from tests.web.serving import SECRET

DEMO = str(Path(__file__).parents[2] / "hunt" / "harbour.toml")
NOWHERE = "127.0.0.1:1"  # where nothing listens
UNREACHABLE = "host=127.0.0.1 port=1"
NAMELESS = 31999  # a user without a name on this machine

#: Command -> arguments with which it works.  A new command needs a line here.
RECIPES = {
    "serve": ["--bind", "127.0.0.1:0", "--processes", "1"],
    "drain": [],
    "migrate": ["--dry-run"],
    "apply": [DEMO],
    "hunts": [],
    "open": ["harbour"],
    "close": ["harbour"],
    "token": ["--player", "ada"],
    "click": ["harbour"],
    "watch": ["harbour"],
    "bench clicks": ["--connections", "1", "--seconds", "0.1", "--warmup", "0"],
    "bench streams": ["--streams", "1", "--quiet", "0.1", "--fan-out", "1", "--events", "1"],
    "bench game": ["--players", "1", "--rate", "10", "--seconds", "0.1"],
    "epoch": [],
    "simulate": [DEMO, "--clicks", "10"],
    "verify": ["harbour"],
    "doctor": [],
    "config": [],
    "delete": ["harbour"],  # last: the others need the hunt
}

#: Commands that read no settings.
PURE = {"simulate"}

#: Commands that ask the database.
ASKS = {"migrate", "apply", "hunts", "open", "close", "delete", "epoch", "verify", "doctor"}

#: Clients of a server; none runs in these tests.
CLIENTS = {"drain", "click", "watch", "bench clicks", "bench streams", "bench game"}


def commands(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command of the command line, by its name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, (*above, name))
        else:
            yield " ".join((*above, name)), found


EVERY = dict(commands(hunt))


def test_every_command_has_a_recipe() -> None:
    assert set(EVERY) == set(RECIPES), "give each command arguments with which it works"


@pytest.fixture(scope="module")
def forks() -> Iterator[Forker]:
    with forker() as found:
        yield found


def check(name: str, done: Done, *, may_work: bool) -> None:
    """Raise unless a command ended as promised."""
    assert done.status is not None, f"{name} did not end: {done}"
    assert "Traceback" not in done.out + done.err, f"{name}: {done.err}"
    assert "Exception ignored" not in done.err, f"{name}: {done.err}"
    if done.status == 0:
        assert may_work, f"{name} was not hindered: {done}"
        return
    assert done.status in {1, 2}, f"{name}: {done}"
    lines = done.err.splitlines()
    if name.split(maxsplit=1)[0] == "serve":  # logs before it ends
        lines = [line for line in lines if not line.startswith("{")]
    if name.split(maxsplit=1)[0] == "doctor" and "BAD " in done.out:
        return
    assert len(lines) == 1, f"{name}: {done}"
    assert lines[0].startswith("hunt: "), f"{name}: {done}"
    assert len(lines[0]) < 1000, f"{name}: {done}"


@dataclass(frozen=True)
class Misfortune:
    """Something that an operator may meet; `spared` are the commands that need not notice."""

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
def test_misfortune_is_told_in_one_sentence(
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
            continue  # it would serve, or wait for the database
        done = forks.run(
            [*name.split(), *recipe],
            environ,
            cwd=str(tmp_path),
            out=misfortune.out,
            uid=misfortune.uid,
            before=misfortune.before,
        )
        check(name, done, may_work=name in misfortune.spared)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "serve"])
def test_reader_that_leaves_is_no_error(name: str, forks: Forker, database: str) -> None:
    environ = {"HUNT_DATABASE_URL": database, "HUNT_JWT_SECRET": SECRET.decode()}
    environ |= {"HUNT_BIND": NOWHERE}
    forks.run(["apply", DEMO], environ)
    done = forks.run([*name.split(), *RECIPES[name]], environ, out="gone")
    if done.err:
        check(name, done, may_work=False)
    assert done.status in {0, 1}, done


def test_database_without_a_schema(forks: Forker, postgres: str) -> None:
    """Every command that needs the schema names the command that makes it."""
    empty = make_conninfo(postgres, dbname="postgres", options="-c search_path=pg_temp")
    environ = {"HUNT_DATABASE_URL": empty, "HUNT_JWT_SECRET": SECRET.decode()}
    for name in sorted((ASKS | {"serve"}) - {"migrate"}):
        done = forks.run([*name.split(), *RECIPES[name]], environ | {"HUNT_LOG_FORMAT": "json"})
        check(name, done, may_work=False)
        assert "run 'hunt migrate'" in done.out + done.err, done


ODD = ["", b"\xff", "nan", "1e999", "-1", "9" * 400, "a\nb"]


@pytest.mark.parametrize("name", RECIPES)
def test_odd_arguments(name: str, forks: Forker, tmp_path: Path) -> None:
    """No value of any option or argument of any command ends in a traceback."""
    environ = {
        "HUNT_DATABASE_URL": UNREACHABLE,
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_BIND": NOWHERE,
        "HUNT_LOG_FORMAT": "json",
    }
    if name == "serve":
        environ["HUNT_POOL_SIZE"] = "wrong"  # or it would wait for the database
    for parameter in EVERY[name].params:
        for odd in ODD:
            if isinstance(parameter, click.Argument):
                arguments = [odd, *RECIPES[name][1:]]
            elif isinstance(parameter, click.Option) and not parameter.is_flag:
                arguments = [*RECIPES[name], parameter.opts[0], odd]
            else:
                break
            done = forks.run([*name.split(), *arguments], environ, cwd=str(tmp_path))
            check(
                f"{name} {parameter.name}={odd!r}",
                done,
                may_work=name in {"simulate", "config", "token"},
            )


HUNT_FILES = {
    "empty": b"",
    "binary": bytes(range(256)),
    "latin1": "[hunt]\ntitle = 'Gl\u00fcck'\n".encode("latin1"),
    "utf16": "[hunt]\n".encode("utf-16"),
    "nested": b"a = " + b"[" * 5000,
    "long number": b"a = " + b"9" * 5000,
    "year 0": b"[hunt]\nopens_at = 0000-01-01T00:00:00Z\n",
    "year 10000": b"[hunt]\ncloses_at = 10000-01-01T00:00:00Z\n",
    "before year 1": b"[hunt]\nopens_at = 0001-01-01T00:00:00+10:00\n",
    "after year 9999": b"[hunt]\ncloses_at = 9999-12-31T23:59:59-10:00\n",
    "not a number": b"[hunt]\ncooldown = nan\nmap = { width = inf, height = -inf }\n",
    "huge": b"[hunt]\ncooldown = 1e999\nmap = { width = 1%s, height = 0x%s }\n"
    % (b"0" * 400, b"f" * 400),
    "wrong types": b"hunt = 1\nprize = [1, 'a', {}]\n",
    "large": b"#" * (2 << 20),
}


@pytest.mark.parametrize("name", ["apply", "simulate"])
@pytest.mark.parametrize("content", HUNT_FILES.values(), ids=HUNT_FILES)
def test_wrong_hunt_file(content: bytes, name: str, forks: Forker, tmp_path: Path) -> None:
    file = tmp_path / "hunt.toml.txt"
    file.write_bytes(content)
    check(
        name,
        done := forks.run([name, str(file)], {"HUNT_DATABASE_URL": UNREACHABLE}),
        may_work=False,
    )
    assert done.status == 2, done


@pytest.mark.parametrize("name", ["apply", "simulate"])
def test_hunt_file_that_is_no_file(name: str, forks: Forker, tmp_path: Path) -> None:
    closed = tmp_path / "closed.toml"
    closed.write_text("")
    closed.chmod(0)
    for each in [tmp_path, *tmp_path.parents[:3]]:
        each.chmod(0o755)
    for path in ("/", "/dev/zero", "/nowhere", "/dev/null", str(closed), "a\x01b", b"\xff"):
        done = forks.run(
            [name, path],
            {"HUNT_DATABASE_URL": UNREACHABLE},
            uid=NAMELESS if os.geteuid() == 0 else None,
        )
        check(name, done, may_work=False)


@pytest.mark.parametrize("name", ["click", "watch"])
def test_wrong_token(name: str, forks: Forker) -> None:
    for odd in ("", "a b", "a\nb", b"\xff", "\u00e9", "\x01"):
        done = forks.run([name, "harbour", "--url", f"http://{NOWHERE}", "--token", odd])
        check(name, done, may_work=False)
        assert done.status == 2, done


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "ftp://h",
        "http://a b",
        "http://h:x",
        "http://h:99999",
        "http://u:p@h",
        "h",
        "http://[::",
        b"http://\xff",
    ],
)
@pytest.mark.parametrize("name", ["click", "watch", "bench clicks"])
def test_wrong_url(name: str, url: str, forks: Forker) -> None:
    done = forks.run(
        [*name.split(), *RECIPES[name], "--url", url], {"HUNT_JWT_SECRET": SECRET.decode()}
    )
    check(name, done, may_work=False)
    assert done.status == 2, done


def test_page_that_cannot_be_written(forks: Forker) -> None:
    done = forks.run(["bench", "game", "--url", f"http://{NOWHERE}", "--html", "/"])
    check("bench game", done, may_work=False)


INTERRUPT = (
    "import signal; signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGINT));"
    "signal.setitimer(signal.ITIMER_REAL, 0.5)"
)


@pytest.fixture
def silent() -> Iterator[int]:
    """Yield a port at which connections are made and nothing is ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", DEMO, "--clicks", str(10**9)],
        ["click", "harbour", "--url", "URL", "--token", "x"],
        ["watch", "harbour", "--url", "URL", "--token", "x"],
        ["bench", "clicks", "--url", "URL"],
        ["migrate"],
        ["doctor"],
    ],
    ids=["simulate", "click", "watch", "bench", "migrate", "doctor"],
)
def test_interrupted_command_says_so(arguments: list[str], forks: Forker, silent: int) -> None:
    """Each waits: for a long game, for a server, for a database that says nothing."""
    given = [each.replace("URL", f"http://127.0.0.1:{silent}") for each in arguments]
    environ = {
        "HUNT_JWT_SECRET": SECRET.decode(),
        "HUNT_DATABASE_URL": f"host=127.0.0.1 port={silent} connect_timeout=50",
    }
    done = forks.run(given, environ, before=INTERRUPT)
    assert (done.status, done.err.strip()) == (130, "hunt: interrupted"), done


def test_interrupted_server_ends_without_a_traceback(forks: Forker) -> None:
    environ = {"HUNT_JWT_SECRET": SECRET.decode(), "HUNT_DATABASE_URL": UNREACHABLE}
    environ |= {"HUNT_LOG_FORMAT": "json"}
    said = "waiting for the database"
    done = forks.run(["serve", *RECIPES["serve"]], environ, signal_after=said)
    assert done.status == 130, done
    assert "Traceback" not in done.err, done
