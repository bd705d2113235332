"""The command line: one file for each command, imported when it runs."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import click

#: Command -> what ``hunt --help`` says of it.
COMMANDS = {
    "serve": "Run the server, with a PostgreSQL of its own unless one is given.",
    "drain": "Let the running server finish what it has, and end.",
    "migrate": "Bring the database's schema up to date.",
    "apply": "Create or change a hunt from a hunt file.",
    "hunts": "List the hunts.",
    "open": "Let a hunt take clicks.",
    "close": "End a hunt for good.",
    "delete": "Delete a hunt that never had a click.",
    "token": "Print a signed token.",
    "click": "Click, as a player.",
    "watch": "Watch a player's rewards come in.",
    "bench": "Load a running server, and check that nothing was lost.",
    "epoch": "Show the logs' epochs; begin new ones after a restore from a backup.",
    "simulate": "Play a hunt file a million times, and say what its prizes give.",
    "verify": "Compute every draw of a hunt again from its seed.",
    "doctor": "Check settings and database; say what to change.",
    "config": "Show the settings in force, and where each came from.",
}


class Commands(click.Group):
    """Imports a command's file when it is needed, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which a new user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"hunt.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list without importing what it lists."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("hunt-server"), prog_name="hunt")
def hunt() -> None:
    """A real-time treasure-hunt server."""
