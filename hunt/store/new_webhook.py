"""Adds endpoints of webhooks."""

from __future__ import annotations

from msgspec import Struct, to_builtins

from hunt.core.log_event import Events
from hunt.core.webhooks import MOST_ENDPOINTS, PATIENCE, FollowedLog
from hunt.errors import HuntNotFound, InvalidRequest, WrongState
from hunt.store.driver.connection import Connection

HUNT = """
    select h.number, h.last_seq,
           coalesce((select u.number from reward_changes_upto u where u.hunt = h.number), 0)
      from hunts h where h.id = %s for key share
"""

# Endpoints of a hunt are added one after the other, so that each sees the count of those before.
TURN = "select pg_advisory_xact_lock(hashtextextended('webhooks of ' || %s, 0))"

COUNT = "select count(*) from webhooks where hunt = %s"

INSERT = """
    insert into webhooks (hunt, url, log, events, prizes, patience, seq)
    values (%(number)s, %(url)s, %(log)s, %(events)s, %(prizes)s, %(patience)s, %(seq)s)
    returning id
"""


class NewWebhook(Struct, frozen=True, kw_only=True):
    """An endpoint to create."""

    url: str
    log: FollowedLog = "rewards"
    events: Events = "wins"  #: of the log of rewards
    prizes: list[str] | None = None
    patience: int = PATIENCE
    from_seq: int | None = None  #: the first row of its log to send; None: the next one


async def insert(conn: Connection, hunt: str, new: NewWebhook) -> tuple[int, int]:
    """Add an endpoint without a secret; return its id and its position.

    Raises:
        HuntNotFound: There is no such hunt.
        InvalidRequest: The log of changes has no clicks.
        WrongState: The hunt has `MOST_ENDPOINTS` endpoints.
    """
    check_events(new.log, new.events)
    row = await (await conn.execute(HUNT, (hunt,))).fetchone()
    if row is None:
        raise HuntNotFound(f"there is no hunt {hunt!r}")
    number, last, last_change = row
    await conn.execute(TURN, (hunt,))
    count = await (await conn.execute(COUNT, (number,))).fetchone()
    if count is not None and count[0] >= MOST_ENDPOINTS:
        raise WrongState(f"hunt {hunt!r} has {MOST_ENDPOINTS} webhooks: remove one")
    end = last if new.log == "rewards" else last_change
    seq = end if new.from_seq is None else min(new.from_seq - 1, end)
    values = to_builtins(new) | {"number": number, "seq": seq}
    inserted = await (await conn.execute(INSERT, values)).fetchone()
    assert inserted is not None
    return inserted[0], seq


def check_events(log: FollowedLog, events: object) -> None:
    """Raise `InvalidRequest` if a log has no such events."""
    if log == "changes" and events == "clicks":
        wrong = "must be wins: the log of changes has no clicks"
        raise InvalidRequest("the webhook is not valid", errors={"events": wrong})
