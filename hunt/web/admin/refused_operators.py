"""Audit entries and log events of refused requests to operator routes."""

from __future__ import annotations

from quart import request

from hunt.core.form import ID
from hunt.engine import Engine
from hunt.errors import NotAllowed, Refused
from hunt.store.audit import Entry
from hunt.web import caller

#: Actor of a request without a valid token; no ``sub`` of a token can have this form.
NOT_SIGNED_IN = "(not signed in)"


def record(engine: Engine, refusal: Refused, operator: str | None) -> None:
    """Record a refused request, at a limited rate and without its token.

    Args:
        engine: Its audit queue writes the entry once the database is available.
        refusal: The reason.
        operator: Name in the token, if it is valid but does not allow the request.
    """
    operations = engine.operations
    suppressed = operations.sign_ins.admit(refusal.label)
    if suppressed is None:
        return
    detail: dict[str, object] = {
        "reason": str(refusal),
        "method": request.method,
        "route": str(request.url_rule or "-"),
        "address": caller.source(engine).key,
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
