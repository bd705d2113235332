"""Leases of webhooks: one process of all sends the events of an endpoint.

Every time is one of the database's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from hunt.core.log_event import Events
from hunt.core.webhooks import Answer, FollowedLog, Lease, Webhook, WebhookState
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

#: Seconds of a lease.
LEASE = 6.0

#: Leases that one call takes, at most; other processes take the rest.
MOST = 32

#: The last row of the log that the endpoint `w` of the hunt `h` follows.
END = """
    case w.log when 'rewards' then h.last_seq else coalesce((
        select u.number from reward_changes_upto u where u.hunt = w.hunt
    ), 0) end
"""

# A holder ends with the name of the log unless that is of rewards; see hunt_webhook_held.
CLAIM = f"""
    with due as (
        select w.id from webhooks w join hunts h on h.number = w.hunt
         where w.stopped is null
           and coalesce(w.held_until < clock_timestamp(), true)
           and coalesce(w.next_attempt <= clock_timestamp(), true)
           and (w.seq < {END}
                or exists (select from webhook_dead d where d.webhook = w.id and d.replay))
         order by w.id limit %(most)s
           for update of w skip locked
    )
    update webhooks w
       set holder = %(holder)s || case w.log when 'rewards' then '' else ' ' || w.log end,
           held_until = clock_timestamp() + make_interval(secs => %(lease)s)
      from due, hunts h where w.id = due.id and h.number = w.hunt
 returning w.id, h.id, w.url, w.log, w.events, w.prizes, w.patience, w.holder, w.seq, w.attempts,
           array(
               select s.sealed from webhook_secrets s
                where s.webhook = w.id and coalesce(s.expires_at > clock_timestamp(), true)
                order by s.number desc
           ),
           exists (select from webhook_dead d where d.webhook = w.id and d.replay)
"""

STATES = f"""
    select w.id, h.id, w.url, w.log, w.events, w.prizes, w.patience,
           w.created_at, w.stopped, w.seq, greatest({END} - w.seq, 0), w.attempts,
           w.failing_since, w.next_attempt, w.last_attempt, w.last_status, w.last_error,
           (select count(*) from webhook_dead d where d.webhook = w.id),
           (select count(*) from webhook_dead d where d.webhook = w.id and d.replay),
           w.holder,
           coalesce(greatest(extract(epoch from w.held_until - clock_timestamp()), 0), 0)::float8,
           coalesce(greatest(extract(epoch from w.next_attempt - clock_timestamp()), 0), 0)::float8,
           coalesce(extract(epoch from clock_timestamp() - w.failing_since), 0)::float8,
           coalesce(greatest(extract(epoch from clock_timestamp() - case w.log
               when 'rewards' then (
                   select r.at from rewards r where r.hunt = w.hunt and r.seq = w.seq + 1
               ) else (
                   select c.at from reward_changes c
                    where c.hunt = w.hunt and c.number = w.seq + 1
               ) end), 0), 0)::float8
      from webhooks w join hunts h on h.number = w.hunt
     where (%(hunt)s::text is null or h.id = %(hunt)s)
     order by w.id
"""

# A position that moves ends the failures of the event that was next.
SAVE = """
    update webhooks
       set holder = case when %(keep)s then holder end,
           held_until = case when %(keep)s
               then clock_timestamp() + make_interval(secs => %(lease)s) end,
           attempts = case when seq = %(seq)s then attempts else 0 end,
           failing_since = case when seq = %(seq)s then failing_since end,
           next_attempt = case when seq = %(seq)s then next_attempt end,
           seq = %(seq)s,
           last_attempt = case when %(status)s::int is null
               then last_attempt else clock_timestamp() end,
           last_status = coalesce(%(status)s, last_status),
           last_error = case when %(status)s::int is null then last_error end
     where id = %(id)s and holder = %(holder)s
"""

FAILED = """
    update webhooks
       set holder = null, held_until = null,
           attempts = case when seq = %(seq)s then attempts else 0 end + 1,
           failing_since = coalesce(
               case when seq = %(seq)s then failing_since end, clock_timestamp()),
           next_attempt = clock_timestamp() + make_interval(secs => %(pause)s),
           seq = %(seq)s,
           last_attempt = clock_timestamp(), last_status = %(status)s, last_error = %(error)s,
           stopped = case when %(gone)s then 'gone' else stopped end
     where id = %(id)s and holder = %(holder)s
 returning attempts, not %(gone)s
           and clock_timestamp() - failing_since >= make_interval(secs => patience)
"""

# The next event is tried at once.
PASS_OVER = """
    update webhooks set seq = %(event)s, attempts = 0, failing_since = null, next_attempt = null
     where id = %(id)s
"""

BURY = """
    insert into webhook_dead (webhook, seq, attempts, status, error)
    values (%(id)s, %(event)s, %(attempts)s, %(status)s, %(error)s)
    on conflict (webhook, seq) do nothing
"""

REPLAYS = "select seq from webhook_dead where webhook = %s and replay order by seq limit 100"

REPLAYED = "delete from webhook_dead where webhook = %(id)s and seq = %(event)s"

REPLAY_FAILED = """
    update webhook_dead set replay = false, attempts = attempts + 1, status = %(status)s,
           error = %(error)s
     where webhook = %(id)s and seq = %(event)s
"""


def state(row: tuple[Any, ...]) -> WebhookState:
    """Return the state in a row of `STATES`."""
    id_, hunt, url, log, events, prizes, patience, *rest = row
    names = WebhookState.__struct_fields__[1:]
    return WebhookState(
        webhook=_webhook(id_, hunt, url, log, events, prizes, patience),
        **dict(zip(names, rest, strict=True)),
    )


class WebhookLeases:
    """Leases in the database.

    Args:
        pool: Opened and closed by the caller.
        holder: Returns a name that no lease has had before.
    """

    def __init__(self, pool: Pool, holder: Callable[[], str]) -> None:
        self._pool = pool
        self._holder = holder

    async def claim(self) -> tuple[list[Lease], list[WebhookState]]:
        """Take the leases of endpoints with work that no process sends; return all states, too.

        Raises:
            StoreError: The database does not answer.  A lease that was taken runs out.
        """
        values = {"holder": self._holder(), "lease": LEASE, "most": MOST}
        with translated():
            async with self._pool.connection() as conn:
                taken = await (await conn.execute(CLAIM, values)).fetchall()
                states = await (await conn.execute(STATES, {"hunt": None})).fetchall()
        leases = []
        for *head, holder, seq, attempts, secrets, replays in taken:
            leases.append(
                Lease(
                    webhook=_webhook(*head),
                    holder=holder,
                    seq=seq,
                    attempts=attempts,
                    replays=replays,
                    secrets=tuple(bytes(each) for each in secrets),
                )
            )
        return leases, [state(row) for row in states]

    async def save(
        self, lease: Lease, seq: int, answer: Answer | None = None, *, keep: bool = True
    ) -> bool:
        """Save the position of a lease, and renew the lease; return False if it was lost.

        Args:
            lease: The lease.
            seq: The last row of the log that was dealt with.
            answer: To the last event that was delivered since the last call; None: there was none.
            keep: False ends the lease.
        """
        values = {
            "id": lease.webhook.id, "holder": lease.holder, "lease": LEASE, "seq": seq,
            "keep": keep, "status": None if answer is None else answer.status,
        }  # fmt: skip
        with translated():
            async with self._pool.connection() as conn:
                return (await conn.execute(SAVE, values)).rowcount == 1

    async def failed(
        self, lease: Lease, seq: int, answer: Answer, *, event: int | None, pause: float
    ) -> bool:
        """Record that the next event was not delivered, and end the lease.

        If the event has failed for the endpoint's patience, it becomes a dead letter.  After
        the answer 410 the endpoint is stopped.

        Args:
            lease: The lease.
            seq: Position before the event.
            answer: The answer, not 2xx.
            event: The seq of the event; None: it is not known, and becomes no dead letter.
            pause: Seconds until the next attempt.

        Returns:
            Whether the event became a dead letter.
        """
        values = {
            "id": lease.webhook.id, "holder": lease.holder, "seq": seq, "event": event,
            "pause": pause, "status": answer.status, "error": answer.error,
            "gone": answer.status == 410,
        }  # fmt: skip
        with translated():
            async with self._pool.connection() as conn, conn.transaction():
                row = await (await conn.execute(FAILED, values)).fetchone()
                if row is None or not row[1] or event is None:
                    return False
                await bury(conn, values | {"attempts": row[0]})
        return True

    async def replays(self, lease: Lease) -> list[int]:
        """Return the seqs of dead letters to be sent again, at most 100, in order."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(REPLAYS, (lease.webhook.id,))).fetchall()
        return [seq for (seq,) in rows]

    async def replayed(self, lease: Lease, event: int, answer: Answer) -> None:
        """Record the answer to a dead letter that was sent again."""
        values = {
            "id": lease.webhook.id, "event": event, "status": answer.status,
            "error": answer.error,
        }  # fmt: skip
        with translated():
            async with self._pool.connection() as conn:
                await conn.execute(REPLAYED if answer.delivered else REPLAY_FAILED, values)


async def bury(conn: Connection | psycopg.AsyncConnection[Any], values: dict[str, Any]) -> None:
    """Make the event ``event`` of the endpoint ``id`` a dead letter, and go on after it."""
    await conn.execute(BURY, values)
    await conn.execute(PASS_OVER, values)


def _webhook(
    id_: int,
    hunt: str,
    url: str,
    log: FollowedLog,
    events: Events,
    prizes: list[str] | None,
    patience: int,
) -> Webhook:
    return Webhook(
        id=id_,
        hunt=hunt,
        url=url,
        log=log,
        events=events,
        prizes=None if prizes is None else tuple(prizes),
        patience=patience,
    )
