"""``hunt completion``: print a script that completes commands in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from hunt.cli import arguments

#: The variable by which a shell asks for completions; click reads it.
VARIABLE = "_HUNT_COMPLETE"


@click.command(
    epilog=arguments.examples(
        "hunt completion bash > ~/.local/share/bash-completion/completions/hunt",
        'eval "$(hunt completion zsh)"',
        "hunt completion fish > ~/.config/fish/completions/hunt.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script for bash, zsh or fish that completes commands, options and files."""
    found = get_completion_class(shell)
    assert found is not None
    click.echo(
        found(click.get_current_context().find_root().command, {}, "hunt", VARIABLE).source()
    )
