"""The command line: one module for each command, imported when the command runs."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import click
from click.shell_completion import CompletionItem

#: Command -> its line in ``hunt --help``.
COMMANDS = {
    "serve": "Run the server, with an embedded PostgreSQL by default.",
    "drain": "Shut the running server down gracefully.",
    "migrate": "Migrate the database to the current schema.",
    "apply": "Create or change a hunt from its file, or a campaign.",
    "hunts": "List the hunts.",
    "campaigns": "List the campaigns.",
    "open": "Open a hunt, or all doors of a campaign, for clicks.",
    "pause": "Pause a hunt, or all doors of a campaign.",
    "announce": "Show a text to all players of a hunt.",
    "schedule": "Open, pause, close, release or announce at a later time.",
    "seed-share": "Enter the second share of a hunt's seed.",
    "close": "Close a hunt or a campaign for good; its seeds become public.",
    "delete": "Delete a hunt or a campaign without clicks, or a test hunt.",
    "token": "Print a signed token for a player or an operator; check a token.",
    "click": "Click as a player.",
    "watch": "Print a player's rewards as they arrive.",
    "bench": "Put load on a running server, and check every outcome.",
    "codes": "Load the codes of a prize, and count them.",
    "ban": "Ban a player, or a network, from playing.",
    "unban": "Lift a ban.",
    "bans": "List the bans in force.",
    "names": "Find, refuse and allow names of players.",
    "anomalies": "List players whose clicks are unusual.",
    "keys": "Make and replace the keys that encrypt codes and seeds.",
    "epoch": "Show the epochs of the logs; begin new ones after a restore.",
    "simulate": "Simulate a hunt file, and print how often each prize is won.",
    "rehearse": "Play a hunt file against the running server; print go or no-go.",
    "webhooks": "Manage the endpoints that receive wins.",
    "winners": "List the winners of a hunt or a campaign, as CSV or JSON lines.",
    "export": "Write winners or clicks as CSV, JSON lines or Parquet.",
    "rewards": "Show rewards and claims; mark rewards as sent; void them.",
    "proof": "Export the proof of a hunt, and let an authority timestamp it.",
    "verify": "Recompute every draw of a hunt, and compare it with the log.",
    "doctor": "Check settings, database and limits, and suggest changes.",
    "health": "Ask the running server whether it is alive or ready.",
    "config": "Show and check the settings; print a commented settings file.",
    "size": "Compute the size of an installation from measured costs.",
    "completion": "Print a script that completes commands in your shell.",
}


class Commands(click.Group):
    """Commands that are imported only when they run, so that ``--help`` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"hunt.cli.{cmd_name.replace('-', '_')}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin with `incomplete`, without importing them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=line)
            for name, line in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("hunt-server"), prog_name="hunt")
def hunt() -> None:
    """A real-time treasure-hunt server."""
