"""Audit entries and log events of refused requests to operator routes."""

from __future__ import annotations

from quart import request

from hunt.core.form import ID
from hunt.errors import NotAllowed, Refused
from hunt.operations import Operations
from hunt.store.audit import Entry

#: Actor of a request without a valid token; no ``sub`` of a token can have this form.
NOT_SIGNED_IN = "(not signed in)"


def record(
    operations: Operations, refusal: Refused, *, operator: str | None, address: str | None
) -> None:
    """Record a refused request, at a limited rate and without its token.

    Args:
        operations: Its audit queue writes the entry once the database is available.
        refusal: The reason.
        operator: Name in the token, if it is valid but does not allow the request.
        address: Rate-limit key of the client's address.
    """
    suppressed = operations.sign_ins.admit(refusal.label)
    if suppressed is None:
        return
    detail: dict[str, object] = {
        "reason": str(refusal),
        "method": request.method,
        "route": str(request.url_rule or "-"),
        "address": address,
    }
    if suppressed:
        detail["more_like_it"] = suppressed
    hunt = (request.view_args or {}).get("hunt_id", "")
    operations.audit_queue.add(
        Entry(
            actor=operator or NOT_SIGNED_IN,
            action="refused" if isinstance(refusal, NotAllowed) else "sign-in refused",
            hunt=hunt if ID.fullmatch(hunt) else None,
            detail=detail,
        )
    )
