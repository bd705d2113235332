"""The examples in the help texts."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from hunt.cli import hunt
from tests.cli.commands import run
from tests.cli.recipes import EVERY

#: Assignments of variables before a command, and redirections after it.
AROUND = re.compile(r"^(?:\w+=\S+ )*|[<>].*$")


def examples(name: str) -> list[str]:
    """Return the command lines below "Examples:" in the help text of a command."""
    _, _, below = run(*name.split(), "--help").output.partition("\n  Examples:\n")
    return [line.strip() for line in below.splitlines() if line.strip()]


@pytest.mark.parametrize("name", EVERY)
def test_help_has_examples_of_the_command(name: str) -> None:
    found = examples(name)
    assert found
    assert all(f"hunt {name}" in line for line in found)


@pytest.mark.parametrize("name", EVERY)
def test_example_is_accepted_by_the_parser(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in examples(name):
        inner = re.sub(r'^eval "\$\((.*)\)"$', r"\1", line)
        words = shlex.split(AROUND.sub("", inner))[1:]
        command: click.Command = hunt
        context = click.Context(hunt)
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None
            command = found
        for each in command.params:  # the files of an example do not exist
            if isinstance(each.type, click.Path):
                monkeypatch.setattr(each, "type", click.Path())
        command.make_context(name, words)


@pytest.mark.parametrize("name", sorted({each.rpartition(" ")[0] for each in EVERY}))
def test_summaries_of_commands_are_whole(name: str) -> None:
    """Click cuts a first sentence that does not fit on its line."""
    _, _, below = run(*name.split(), "--help").output.partition("\nCommands:\n")
    commands = below.partition("\n\n")[0].splitlines()
    assert commands
    assert [line for line in commands if line.endswith("...")] == []
