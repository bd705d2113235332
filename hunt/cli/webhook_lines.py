"""The output of ``hunt webhooks``."""

from __future__ import annotations

from hunt.core.webhooks import DeadLetter, WebhookState
from hunt.plurals import plural


def line(state: WebhookState) -> str:
    """Return an endpoint as one line."""
    webhook = state.webhook
    status = (
        f"stopped ({state.stopped})" if state.stopped
        else f"failing: {state.last_error}" if state.attempts
        else "in order"
    )  # fmt: skip
    parts = (
        f"{webhook.id}",
        webhook.url,
        webhook.log,
        f"seq {state.seq}",
        f"{state.behind} behind",
        status,
    )
    return "  ".join((*parts, f"{state.dead} dead") if state.dead else parts)


def plain(state: WebhookState) -> dict[str, object]:
    """Return an endpoint with its progress, without secrets."""
    webhook = state.webhook
    return {
        "id": webhook.id, "url": webhook.url, "log": webhook.log, "events": webhook.events,
        "prizes": webhook.prizes, "patience": webhook.patience, "stopped": state.stopped,
        "seq": state.seq, "behind": state.behind, "attempts": state.attempts,
        "last_status": state.last_status, "last_error": state.last_error,
        "next_attempt": state.next_attempt, "dead": state.dead,
    }  # fmt: skip


def letter(dead: DeadLetter) -> str:
    """Return a dead letter as one line."""
    mark = "  will be sent again" if dead.replay else ""
    when = f"{dead.at:%Y-%m-%d %H:%M:%S}"
    return f"{dead.seq}  {when}  {plural(dead.attempts, 'attempt')}  {dead.error or '-'}{mark}"
