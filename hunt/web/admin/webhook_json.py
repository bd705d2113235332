"""JSON bodies of the routes of webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hunt.core.addresses import Network
from hunt.core.form import ID
from hunt.core.webhook_target import check_url
from hunt.core.webhooks import (
    KEEP,
    LEAST_PATIENCE,
    MOST_KEEP,
    MOST_PATIENCE,
    DeadLetter,
    WebhookState,
)
from hunt.errors import InvalidRequest
from hunt.store.new_webhook import NewWebhook

#: Largest seq in a request.
MAX_SEQ = 2**62

#: Largest number of dead letters, and of prizes, in a request.
MOST = 1000


def endpoint(state: WebhookState) -> dict[str, object]:
    """Return an endpoint with its progress, without secrets."""
    webhook = state.webhook
    return {
        "id": webhook.id,
        "hunt": webhook.hunt,
        "url": webhook.url,
        "log": webhook.log,
        "events": webhook.events,
        "prizes": webhook.prizes,
        "patience": webhook.patience,
        "created_at": _time(state.created_at),
        "stopped": state.stopped,
        "seq": state.seq,
        "behind": state.behind,
        "lag": round(state.lag, 3),
        "attempts": state.attempts,
        "failing_since": _time(state.failing_since),
        "next_attempt": _time(state.next_attempt),
        "last_attempt": _time(state.last_attempt),
        "last_status": state.last_status,
        "last_error": state.last_error,
        "dead": state.dead,
    }


def dead_letter(letter: DeadLetter) -> dict[str, object]:
    """Return a dead letter."""
    return msgspec.structs.asdict(letter) | {"at": _time(letter.at)}


def new_endpoint(body: Mapping[str, object], allow: Sequence[Network]) -> NewWebhook:
    """Return the endpoint to create.

    Raises:
        InvalidRequest: A member is missing, unknown or malformed.
    """
    errors = _errors(body, {"url", "log", "events", "prizes", "patience", "from_seq"}, allow)
    if "url" not in body:
        errors["url"] = "is missing"
    _refuse("the webhook is not valid", errors)
    return msgspec.convert(dict(body), NewWebhook)


def changes(body: Mapping[str, object], allow: Sequence[Network]) -> dict[str, object]:
    """Return the new values of the columns of an endpoint.

    Raises:
        InvalidRequest: A member is unknown or malformed, or there is none.
    """
    errors = _errors(body, {"url", "events", "prizes", "patience", "stopped"}, allow)
    if not body:
        errors["url"] = "is missing, and so is every other member"
    _refuse("the change is not valid", errors)
    found = dict(body)
    if "stopped" in found:
        found["stopped"] = "operator" if found["stopped"] else None
    return found


def keep(body: Mapping[str, object]) -> int:
    """Return the seconds for which the former secret also signs.

    Raises:
        InvalidRequest: A member is unknown or malformed.
    """
    errors = _unknown(body, {"keep"})
    seconds = body.get("keep", KEEP)
    if not _is_whole(seconds, 0, MOST_KEEP):
        errors["keep"] = f"must be a whole number of seconds, 0 to {MOST_KEEP}"
    _refuse("the rotation is not valid", errors)
    assert isinstance(seconds, int)
    return seconds


def replay(body: Mapping[str, Any]) -> int | list[int] | None:
    """Return the first seq to send again, or the seqs of dead letters; None: all of them.

    Raises:
        InvalidRequest: The body does not have one of both.
    """
    errors = _unknown(body, {"from_seq", "dead"})
    seq, dead = body.get("from_seq"), body.get("dead")
    if len(body) != 1:
        errors["from_seq"] = "must be given, or else dead"
    elif "from_seq" in body and not _is_whole(seq, 1, MAX_SEQ):
        errors["from_seq"] = "must be a whole number, at least 1"
    elif "dead" in body and dead != "all":
        found = dead if isinstance(dead, list) else []
        if not 0 < len(found) <= MOST or not all(_is_whole(each, 1, MAX_SEQ) for each in found):
            errors["dead"] = f'must be "all" or 1 to {MOST} whole numbers'
    _refuse("the replay is not valid", errors)
    if seq is not None:
        return int(seq)
    return list(dead) if isinstance(dead, list) else None


def _errors(
    body: Mapping[str, object], names: set[str], allow: Sequence[Network]
) -> dict[str, str]:
    errors = _unknown(body, names)
    if "url" in body:
        url = body["url"]
        wrong = check_url(url, allow) if isinstance(url, str) else "must be a text"
        if wrong is not None:
            errors["url"] = wrong
    if str(body.get("log", "rewards")) not in {"rewards", "changes"}:
        errors["log"] = "must be rewards or changes"
    if str(body.get("events", "wins")) not in {"wins", "clicks"}:
        errors["events"] = "must be wins or clicks"
    if body.get("prizes") is not None and not _is_ids(body["prizes"]):
        errors["prizes"] = f"must be null or a list of 1 to {MOST} ids of prizes"
    if "patience" in body and not _is_whole(body["patience"], LEAST_PATIENCE, MOST_PATIENCE):
        errors["patience"] = (
            f"must be a whole number of seconds, {LEAST_PATIENCE} to {MOST_PATIENCE}"
        )
    if body.get("from_seq") is not None and not _is_whole(body["from_seq"], 1, MAX_SEQ):
        errors["from_seq"] = "must be null or a whole number, at least 1"
    if "stopped" in body and not isinstance(body["stopped"], bool):
        errors["stopped"] = "must be true or false"
    return {name: wrong for name, wrong in errors.items() if name in body}


def _unknown(body: Mapping[str, object], names: set[str]) -> dict[str, str]:
    known = ", ".join(sorted(names))
    return {name: f"unknown: the members are {known}" for name in body if name not in names}


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_ids(value: object) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= MOST
        and all(isinstance(each, str) and ID.fullmatch(each) for each in value)
    )


def _refuse(what: str, errors: Mapping[str, str]) -> None:
    if errors:
        raise InvalidRequest(what, errors=errors)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
