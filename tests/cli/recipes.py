"""Arguments with which each command works, and the form of its failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from hunt.cli import hunt
from tests.cli.forking import Done

DEMO = str(Path(__file__).parents[2] / "hunt" / "harbour.toml")
NOWHERE = "127.0.0.1:1"  # no process listens there
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
    "pause": ["harbour"],
    "announce": ["harbour", "Soon."],
    "schedule add": ["harbour", "pause", "--at", "2999-01-01T00:00:00Z"],
    "schedule list": ["harbour"],
    "schedule remove": ["harbour", "1"],
    "seed-share": ["harbour"],
    "close": ["harbour"],
    "token": ["--player", "ada"],
    "click": ["harbour"],
    "watch": ["harbour"],
    "bench clicks": ["--connections", "1", "--seconds", "0.1", "--warmup", "0"],
    "bench streams": ["--streams", "1", "--quiet", "0.1", "--fan-out", "1", "--events", "1"],
    "bench game": ["--players", "1", "--rate", "10", "--seconds", "0.1"],
    "codes load": ["harbour", "gold-coin", "-", "--dry-run"],
    "codes status": [],
    "keys new": [],
    "keys status": [],
    "keys rotate": [],
    "epoch": [],
    "simulate": [DEMO, "--clicks", "10"],
    "rehearse": [DEMO, "--players", "1", "--rate", "10", "--for", "1"],
    "webhooks add": ["harbour", "https://shop.example/hunt"],
    "webhooks list": ["harbour"],
    "webhooks stop": ["harbour", "1"],
    "webhooks start": ["harbour", "1"],
    "webhooks rotate": ["harbour", "1"],
    "webhooks test": ["harbour", "1"],
    "webhooks skip": ["harbour", "1"],
    "webhooks dead": ["harbour", "1"],
    "webhooks replay": ["harbour", "1", "--all-dead"],
    "webhooks remove": ["harbour", "1"],
    "campaigns": [],
    "ban": ["ada"],
    "unban": ["1"],
    "bans": [],
    "names list": ["Ada"],
    "names refuse": ["ada"],
    "names allow": ["ada"],
    "anomalies": ["harbour"],
    "rewards show": ["harbour", "1"],
    "rewards sent": ["harbour", "1"],
    "rewards void": ["harbour", "1", "--reason", "a bot"],
    "winners": ["harbour"],
    "export": ["harbour"],
    "proof export": ["harbour"],
    "proof stamp": ["harbour", "--authority", "http://127.0.0.1:1/tsr"],
    "verify": ["harbour"],
    "doctor": [],
    "health": [],
    "config": [],
    "completion": ["bash"],
    "size": ["--players", "1", "--clicks-per-second", "1", "--streams", "1"],
    "delete": ["harbour"],  # last: the others need the hunt
}

#: Commands that read no settings.
PURE = {"keys new", "simulate", "completion", "size"}

#: Commands that use the database.
ASKS = {
    "migrate",
    "apply",
    "hunts",
    "open",
    "pause",
    "announce",
    "schedule add",
    "schedule list",
    "schedule remove",
    "close",
    "delete",
    "codes load",
    "codes status",
    "epoch",
    "webhooks add",
    "webhooks list",
    "webhooks stop",
    "webhooks start",
    "webhooks rotate",
    "webhooks test",
    "webhooks skip",
    "webhooks dead",
    "webhooks replay",
    "webhooks remove",
    "keys status",
    "keys rotate",
    "campaigns",
    "ban",
    "unban",
    "bans",
    "names list",
    "names refuse",
    "names allow",
    "anomalies",
    "rewards show",
    "rewards sent",
    "rewards void",
    "winners",
    "export",
    "proof export",
    "proof stamp",
    "verify",
    "doctor",
}

#: Clients of a server; none runs in these tests.
CLIENTS = {
    "drain",
    "health",
    "rehearse",
    "click",
    "watch",
    "bench clicks",
    "bench streams",
    "bench game",
}


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


def check(name: str, done: Done, *, may_work: bool) -> None:
    """Raise unless a command ended as documented."""
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
