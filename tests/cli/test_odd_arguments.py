"""Odd arguments, hunt files, tokens and addresses: one sentence, no traceback."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from tests.cli.commands import run
from tests.cli.forking import Forker
from tests.cli.recipes import (
    EVERY,
    NAMELESS,
    NOWHERE,
    RECIPES,
    UNREACHABLE,
    check,
)
from tests.support.serving import SECRET

ODD = ["", b"\xff", "nan", "1e999", "-1", "9" * 400, "a\nb"]


@pytest.mark.parametrize("name", RECIPES)
def test_invalid_arguments_give_one_line_error(name: str, forks: Forker, tmp_path: Path) -> None:
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
                may_work=name in {"simulate", "config", "token", "keys new"},
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
def test_malformed_hunt_file_gives_one_line_error(
    content: bytes, name: str, forks: Forker, tmp_path: Path
) -> None:
    file = tmp_path / "hunt.toml.txt"
    file.write_bytes(content)
    check(
        name,
        done := forks.run([name, str(file)], {"HUNT_DATABASE_URL": UNREACHABLE}),
        may_work=False,
    )
    assert done.status == 2, done


@pytest.mark.parametrize("name", ["apply", "simulate"])
def test_hunt_file_must_be_regular_file(name: str, forks: Forker, tmp_path: Path) -> None:
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
def test_malformed_token_gives_one_line_error(name: str, forks: Forker) -> None:
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
def test_malformed_url_gives_one_line_error(name: str, url: str, forks: Forker) -> None:
    done = forks.run(
        [*name.split(), *RECIPES[name], "--url", url], {"HUNT_JWT_SECRET": SECRET.decode()}
    )
    check(name, done, may_work=False)
    assert done.status == 2, done


def test_unwritable_page_is_reported(forks: Forker) -> None:
    done = forks.run(["bench", "game", "--url", f"http://{NOWHERE}", "--html", "/"])
    check("bench game", done, may_work=False)


@pytest.mark.parametrize("name", ["verify", "winners", "token", "click", "watch"])
def test_malformed_player_is_a_usage_error(name: str) -> None:
    done = run(name, *RECIPES[name], "--player", "a b")
    assert done.exit_code == 2
    assert "'--player': must be 1 to 64 of A-Z" in done.output
