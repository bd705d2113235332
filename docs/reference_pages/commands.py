"""``docs/reference/commands.md``: every command of ``hunt``, from its declaration."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from hunt.cli import hunt
from reference_pages.tables import head, row

HEAD = """\
# Commands

<!-- Generated from hunt/cli by docs/generate.py: do not edit. -->

`hunt COMMAND --help` shows the same on a terminal. `hunt completion` prints a script with which a
shell completes commands and options.
"""


def page() -> str:
    """Return the page."""
    group = hunt
    context = click.Context(group, info_name="hunt")
    lines = [HEAD.rstrip(), "", *head("command", "does")]
    lines += [
        row(f"[`hunt {name}`](#hunt-{name})", _short(group, context, name))
        for name in group.list_commands(context)
    ]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        lines += _command(command, click.Context(command, parent=context, info_name=name))
    return "\n".join(lines) + "\n"


def _short(group: click.Group, context: click.Context, name: str) -> str:
    command = group.get_command(context, name)
    assert command is not None
    return inspect.cleandoc(command.help or "").partition("\n\n")[0].replace("\n", " ")


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    path = context.command_path
    yield from ("", f"## {path}", "")
    yield from inspect.cleandoc(command.help or "").replace("\b\n", "").splitlines()
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("", "```text", f"{path} {usage}", "```")
    options = [each for each in command.params if isinstance(each, click.Option)]
    rows = [_option(each, context) for each in options if not each.hidden]
    if rows:
        yield from ("", *head("option", "meaning", "default"), *rows)
    if command.epilog:
        yield from ("", *_examples(command.epilog))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, parent=context, info_name=name))


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    if not (option.is_flag or option.count):
        names += f" {option.make_metavar(context)}"
    default = option.get_default(context, call=False)
    unset = option.is_flag or callable(default) or not isinstance(default, str | int | float)
    return row(names, option.help or "", "" if unset else f"`{default}`")


def _examples(epilog: str) -> Iterator[str]:
    """Yield the examples of a help text as a code block."""
    lines = inspect.cleandoc(epilog).replace("\b\n", "").splitlines()
    yield "```console"
    yield from (line.strip() for line in lines[1:] if line.strip())
    yield "```"
