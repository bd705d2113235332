"""Answers to clicks, as entries of a history."""

from __future__ import annotations

import json
from typing import Any

from hunt.error_kinds import FINAL, RETRYABLE
from hunt.testing.history import Attempt, Verdict


def verdict(status: int | None) -> Verdict:
    """Return the meaning of the status of an answer; None is no answer."""
    if status == 200:
        return "ok"
    return "refused" if status in FINAL or status in RETRYABLE else "unknown"


def attempt(
    *,
    sent: float,
    answered: float,
    hunt: str,
    player: str,
    click: str,
    status: int | None,
    body: bytes | bytearray = b"",
    note: str = "",
) -> Attempt:
    """Return the entry of one attempt to send a click.

    Args:
        sent: Time of the request, in seconds.
        answered: Time of the answer, or of giving up, by the same clock.
        hunt: Id of the hunt.
        player: Id of the player.
        click: Id of the click.
        status: Status of the answer; None without an answer.
        body: Body of the answer; read only if the status is 200.
        note: Free text, such as an error.

    Raises:
        ValueError: The status is 200, but the body is not JSON.
    """
    seen: dict[str, Any] = json.loads(body) if status == 200 else {}
    receipt = seen.get("receipt") or {}
    return Attempt(
        sent=sent,
        answered=answered,
        hunt=hunt,
        player=player,
        click=click,
        verdict=verdict(status),
        status=status,
        seq=seen.get("seq"),
        prize=seen.get("prize"),
        points=seen.get("points", 0),
        duplicate=bool(seen.get("duplicate")),
        code=seen.get("code"),
        upto=receipt.get("upto"),
        head=receipt.get("head"),
        note=note,
    )
