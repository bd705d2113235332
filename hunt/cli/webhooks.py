"""``hunt webhooks``: the endpoints that receive the rewards of a hunt."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from hunt.cli import arguments, running
from hunt.cli.webhook_lines import letter, line, plain
from hunt.core.addresses import network
from hunt.core.webhook_target import check_url
from hunt.core.webhooks import (
    KEEP,
    LEAST_PATIENCE,
    MOST_KEEP,
    MOST_PATIENCE,
    PATIENCE,
    FollowedLog,
)
from hunt.errors import HuntError
from hunt.plurals import plural
from hunt.service.webhook_test import send_test
from hunt.settings import Settings
from hunt.store.hunts import Hunts
from hunt.store.new_webhook import NewWebhook
from hunt.store.webhooks import Webhooks

T = TypeVar("T")

_hunt = click.argument("hunt_id", metavar="HUNT", type=arguments.HUNT_ID)
_webhook = click.argument("webhook", metavar="WEBHOOK", type=click.IntRange(1))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a function with the webhooks of the database."""

    settings: Settings

    def run(self, function: Callable[[Webhooks], Awaitable[T]], hunt_id: str) -> T:
        """Return the result of `function`; `hunt_id` must exist."""

        async def call() -> T:
            ring = arguments.key_ring(self.settings)
            async with running.pool(self.settings) as pool:
                await running.existing(Hunts(pool, ring), hunt_id)
                return await function(Webhooks(pool, ring))

        return running.run(call)


def _call(data_dir: Path | None, config: Path | None) -> _Call:
    return _Call(arguments.read(data_dir, config).settings)


@click.group(
    epilog=arguments.examples(
        "hunt webhooks add harbour https://shop.example/hunt",
        "hunt webhooks list harbour",
        "hunt webhooks replay harbour 1 --from-seq 1",
    )
)
def command() -> None:
    """Manage the endpoints that receive the rewards of a hunt."""


@command.command(
    epilog=arguments.examples(
        "hunt webhooks add harbour https://shop.example/hunt",
        "hunt webhooks add harbour https://shop.example/hunt --log changes",
    )
)
@_hunt
@click.argument("url")
@click.option(
    "--log", type=click.Choice(["rewards", "changes"]), default="rewards", show_default=True,
    help="The log to follow: wins, or changes of their states (claimed, sent, void).",
)  # fmt: skip
@click.option("--clicks", is_flag=True, help="Send all clicks, not only wins.")
@click.option(
    "--prize", "prizes", type=arguments.PRIZE_ID, multiple=True,
    help="Send only events of this prize; repeat it for several.",
)  # fmt: skip
@click.option(
    "--from-seq", type=click.IntRange(1),
    help="First row of its log to send; the default is the next one.",
)  # fmt: skip
@click.option(
    "--patience", type=click.IntRange(LEAST_PATIENCE, MOST_PATIENCE), default=PATIENCE,
    show_default=True, help="Seconds until an event that fails becomes a dead letter.",
)  # fmt: skip
@arguments.options
def add(
    hunt_id: str,
    url: str,
    log: FollowedLog,
    clicks: bool,
    prizes: tuple[str, ...],
    from_seq: int | None,
    patience: int,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Add an endpoint to a HUNT, and print its secret.

    The secret is not shown again; 'hunt webhooks rotate' makes a new one.
    """
    if clicks and log == "changes":
        raise click.UsageError("--clicks is for --log rewards: the log of changes has no clicks")
    call, actor = _call(data_dir, config), arguments.actor()
    allow = [network(each) for each in call.settings.webhook_allow]
    if (wrong := check_url(url, allow)) is not None:
        raise click.BadParameter(wrong, param_hint="URL")
    new = NewWebhook(
        url=url,
        log=log,
        events="clicks" if clicks else "wins",
        prizes=list(prizes) or None,
        patience=patience,
        from_seq=from_seq,
    )
    id_, secret = call.run(lambda stored: stored.create(hunt_id, new, actor=actor), hunt_id)
    click.echo(f"webhook {id_} of hunt {hunt_id} added; its secret:\n{secret}")


@command.command(
    "list",
    epilog=arguments.examples("hunt webhooks list harbour", "hunt webhooks list harbour --json"),
)
@_hunt
@arguments.json_option
@arguments.options
def list_(hunt_id: str, as_json: bool, data_dir: Path | None, config: Path | None) -> None:
    """List the endpoints of a HUNT, and how far they are behind."""
    call = _call(data_dir, config)
    states = call.run(lambda stored: stored.states(hunt_id), hunt_id)
    if as_json:
        click.echo(json.dumps([plain(each) for each in states], default=str))
        return
    for state in states:
        click.echo(line(state))
    if not states:
        click.echo(f"hunt {hunt_id} has no webhooks: add one with 'hunt webhooks add'")


@command.command(epilog=arguments.examples("hunt webhooks remove harbour 1"))
@_hunt
@_webhook
@arguments.options
def remove(hunt_id: str, webhook: int, data_dir: Path | None, config: Path | None) -> None:
    """Remove an endpoint, with its dead letters."""
    actor = arguments.actor()
    _call(data_dir, config).run(
        lambda stored: stored.remove(hunt_id, webhook, actor=actor), hunt_id
    )
    click.echo(f"webhook {webhook} removed")


@command.command(epilog=arguments.examples("hunt webhooks stop harbour 1"))
@_hunt
@_webhook
@arguments.options
def stop(hunt_id: str, webhook: int, data_dir: Path | None, config: Path | None) -> None:
    """Stop an endpoint; its events wait."""
    _set(hunt_id, webhook, "operator", data_dir, config)
    click.echo(f"webhook {webhook} stopped")


@command.command(epilog=arguments.examples("hunt webhooks start harbour 1"))
@_hunt
@_webhook
@arguments.options
def start(hunt_id: str, webhook: int, data_dir: Path | None, config: Path | None) -> None:
    """Start an endpoint again, and try its next event at once."""
    _set(hunt_id, webhook, None, data_dir, config)
    click.echo(f"webhook {webhook} started")


def _set(
    hunt_id: str, webhook: int, stopped: str | None, data_dir: Path | None, config: Path | None
) -> None:
    actor, changes = arguments.actor(), {"stopped": stopped}
    _call(data_dir, config).run(
        lambda stored: stored.change(hunt_id, webhook, changes, actor=actor), hunt_id
    )


@command.command(
    epilog=arguments.examples(
        "hunt webhooks rotate harbour 1", "hunt webhooks rotate harbour 1 --keep 0"
    )
)
@_hunt
@_webhook
@click.option(
    "--keep", type=click.IntRange(0, MOST_KEEP), default=KEEP, show_default=True,
    help="Seconds for which the former secret also signs.",
)  # fmt: skip
@arguments.options
def rotate(
    hunt_id: str, webhook: int, keep: int, data_dir: Path | None, config: Path | None
) -> None:
    """Make a new secret of an endpoint, and print it."""
    actor = arguments.actor()
    secret = _call(data_dir, config).run(
        lambda stored: stored.rotate(hunt_id, webhook, keep=keep, actor=actor), hunt_id
    )
    click.echo(
        f"the new secret of webhook {webhook}; the former one signs for {keep} s more:\n{secret}"
    )


@command.command(epilog=arguments.examples("hunt webhooks test harbour 1"))
@_hunt
@_webhook
@arguments.options
def test(hunt_id: str, webhook: int, data_dir: Path | None, config: Path | None) -> None:
    """Send a test event from this machine, and print the answer."""
    call, actor = _call(data_dir, config), arguments.actor()
    allow = [network(each) for each in call.settings.webhook_allow]
    answer = call.run(
        lambda stored: send_test(stored, hunt_id, webhook, allow, actor=actor), hunt_id
    )
    if not answer.delivered:
        raise HuntError(f"webhook {webhook}: the test was not delivered: {answer.error}")
    click.echo(f"delivered: status {answer.status} after {answer.seconds:.3f} s")


@command.command(epilog=arguments.examples("hunt webhooks skip harbour 1"))
@_hunt
@_webhook
@arguments.options
def skip(hunt_id: str, webhook: int, data_dir: Path | None, config: Path | None) -> None:
    """Make the event that blocks an endpoint a dead letter."""
    actor = arguments.actor()
    seq = _call(data_dir, config).run(
        lambda stored: stored.skip(hunt_id, webhook, actor=actor), hunt_id
    )
    click.echo(f"event {seq} is a dead letter now")


@command.command(epilog=arguments.examples("hunt webhooks dead harbour 1"))
@_hunt
@_webhook
@click.option("--after", type=click.IntRange(0), default=0, help="List only later seqs.")
@arguments.options
def dead(
    hunt_id: str, webhook: int, after: int, data_dir: Path | None, config: Path | None
) -> None:
    """List the dead letters of an endpoint, at most 1,000."""
    letters = _call(data_dir, config).run(
        lambda stored: stored.dead(hunt_id, webhook, after=after, limit=1000), hunt_id
    )
    click.echo("\n".join(map(letter, letters)) or "there are no dead letters")


@command.command(
    epilog=arguments.examples(
        "hunt webhooks replay harbour 1 --from-seq 1", "hunt webhooks replay harbour 1 --all-dead"
    )
)
@_hunt
@_webhook
@click.option("--from-seq", type=click.IntRange(1), help="Send all events from here again.")
@click.option(
    "--dead", "seqs", type=click.IntRange(1), multiple=True, help="Send this dead letter."
)
@click.option("--all-dead", is_flag=True, help="Send all dead letters.")
@arguments.options
def replay(
    hunt_id: str,
    webhook: int,
    from_seq: int | None,
    seqs: tuple[int, ...],
    all_dead: bool,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Send events again, with the same ids.

    Choose all events from a seq, one dead letter, or all dead letters.
    """
    if (from_seq is not None) + bool(seqs) + all_dead != 1:
        raise click.UsageError("give one of --from-seq, --dead and --all-dead")
    call, actor = _call(data_dir, config), arguments.actor()
    if from_seq is not None:
        first = from_seq
        call.run(lambda stored: stored.replay_from(hunt_id, webhook, first, actor=actor), hunt_id)
        click.echo(f"events from {from_seq} will be sent again")
        return
    count = call.run(
        lambda stored: stored.replay_dead(hunt_id, webhook, list(seqs) or None, actor=actor),
        hunt_id,
    )
    click.echo(f"{plural(count, 'dead letter')} will be sent again")
