"""Traces of operators who were refused: in the log, and in the audit trail."""

from __future__ import annotations

from quart import request

from hunt.core.form import ID
from hunt.engine import Engine
from hunt.errors import NotAllowed, Refused
from hunt.store.audit import Entry
from hunt.web import who

#: The actor of what was done without a valid token; no token's ``sub`` can look like this.
NOBODY = "(not signed in)"


def refused(engine: Engine, refusal: Refused, operator: str | None = None) -> None:
    """Record a request for operators that was refused, at a bounded rate; never its token.

    Args:
        engine: Records it, as soon as the database takes it.
        refusal: Why.
        operator: Whose token is valid, but not for this; None: there is no valid one.
    """
    more = engine.operations.sign_ins.admit(refusal.label)
    if more is None:
        return
    detail: dict[str, object] = {
        "reason": str(refusal),
        "method": request.method,
        "route": str(request.url_rule or "-"),
        "address": who.source(engine).key,
    }
    if more:
        detail["more_like_it"] = more
    hunt = (request.view_args or {}).get("hunt_id", "")
    engine.operations.audit_queue.add(
        Entry(
            actor=operator or NOBODY,
            action="refused" if isinstance(refusal, NotAllowed) else "sign-in refused",
            hunt=hunt if ID.fullmatch(hunt) else None,
            detail=detail,
        )
    )
