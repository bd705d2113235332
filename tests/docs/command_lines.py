"""Checks of command lines in documents: commands, options, settings and modules of hunt exist."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import click

from hunt.cli import hunt
from hunt.settings import DECLARATIONS, SECRETS
from tests.support.code_blocks import ROOT

#: Variables that are no settings of the server.
OTHER_VARIABLES = {"HUNT_URL"}

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
ENDS = {"&&", "||", "|", ";", "&", "(", ")"}


def wrong(text: str) -> Iterator[str]:
    """Yield the errors of a block of commands."""
    for inner in SUBSTITUTION.findall(text):
        yield from wrong(inner)
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars="();&|\n")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if set(word) <= set("();&|\n"):
                yield from _wrong_command(words)
                words = []
            else:
                words.append(word)
    except ValueError as exc:
        yield f"{exc}: {text!r}"
    yield from _wrong_command(words)


def _wrong_command(words: Sequence[str]) -> Iterator[str]:
    words = list(words)
    while words and (match := ASSIGNMENT.fullmatch(words[0])):
        yield from _wrong_variable(match[1], match[2])
        words.pop(0)
    if not words:
        return
    program, *arguments = words
    name = program.rpartition("/")[2] or program
    if "<" in arguments or ">" in arguments:
        arguments = arguments[: min(arguments.index(each) for each in "<>" if each in arguments)]
    if name == "hunt":
        yield from _wrong_hunt(arguments)
    elif name == "tox":
        yield from _wrong_tox(arguments)
    elif name.startswith("python"):
        yield from _wrong_module(arguments)
    elif name == "pip":
        yield from _wrong_extra(arguments)
    elif name == "export":
        for each in arguments:
            if match := ASSIGNMENT.fullmatch(each):
                yield from _wrong_variable(match[1], match[2])


def _wrong_variable(name: str, value: str) -> Iterator[str]:
    if not name.startswith("HUNT_") or name in OTHER_VARIABLES or name.startswith("HUNT_TEST_"):
        return
    field = name.removeprefix("HUNT_").lower()
    if field.endswith("_file") and field.removesuffix("_file") in SECRETS:
        return
    if field not in DECLARATIONS:
        yield f"unknown setting {name}"
    elif field not in SECRETS and "$" not in value:
        try:
            DECLARATIONS[field].parser(value)
        except ValueError as exc:
            yield f"{name}: {exc}"


def _wrong_hunt(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the errors of ``hunt`` for unknown commands, options and superfluous arguments."""
    context = click.Context(hunt, info_name="hunt")
    if not arguments or arguments[0] in {"--help", "--version"}:
        return
    command = hunt.get_command(context, arguments[0])
    if command is None:
        yield f"there is no command hunt {arguments[0]}"
        return
    if "--help" in arguments:
        return
    inner = click.Context(command, parent=context, info_name=arguments[0])
    try:
        _, rest, _ = command.make_parser(inner).parse_args(list(arguments[1:]))
    except click.UsageError as exc:
        yield f"hunt {shlex.join(arguments)}: {exc.format_message()}"
        return
    if rest and not isinstance(command, click.Group):
        yield f"hunt {shlex.join(arguments)}: superfluous {rest}"


@cache
def environments() -> frozenset[str]:
    """Return the environments in ``tox.ini``."""
    config = configparser.ConfigParser()
    config.read(ROOT / "tox.ini")
    names = {each.removeprefix("testenv:") for each in config.sections()}
    pythons = {f"py{each}" for each in ("311", "312", "313", "314")}
    return frozenset(names | (pythons if any("{" in each for each in names) else set()))


def _wrong_tox(arguments: Sequence[str]) -> Iterator[str]:
    for flag, value in pairwise(arguments):
        if flag == "--":
            return
        if flag == "-e":
            for name in value.split(","):
                if name not in environments():
                    yield f"tox -e {name}: there is no such environment"


def _wrong_module(arguments: Sequence[str]) -> Iterator[str]:
    if "-m" not in arguments:
        return
    module = arguments[arguments.index("-m") + 1]
    root = module.partition(".")[0]
    path = ROOT.joinpath(*module.split("."))
    if root in {"hunt", "tests", "benchmarks"}:
        if not path.is_dir() and not path.with_suffix(".py").is_file():
            yield f"there is no module {module}"
    elif importlib.util.find_spec(root) is None:
        yield f"there is no module {module}"


def _wrong_extra(arguments: Sequence[str]) -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for each in arguments:
        if match := re.match(r"(?:hunt-server|\.)\[([\w,-]+)\]", each):
            for extra in match[1].split(","):
                if extra not in project["optional-dependencies"]:
                    yield f"there is no extra {extra}"
