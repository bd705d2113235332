"""Endpoints of webhooks in the database, as operators change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Any

from msgspec import to_builtins

from hunt.core.key_ring import KeyRing
from hunt.core.webhooks import DeadLetter, Webhook, WebhookState
from hunt.errors import InvalidRequest, WebhookNotFound, WrongState
from hunt.store import webhook_audit, webhook_secrets
from hunt.store.audit import record_change
from hunt.store.change_events import ChangeEvents
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.log_events import LogEvents
from hunt.store.new_webhook import NewWebhook, check_events, insert
from hunt.store.webhook_leases import STATES, bury, state

LOCK = """
    select w.id, w.url, w.log, w.events, w.prizes, w.patience, w.stopped, w.seq, w.attempts,
           w.last_status, w.last_error
      from webhooks w join hunts h on h.number = w.hunt
     where h.id = %s and w.id = %s for no key update of w
"""

# Every change ends the lease, so that its holder reads the endpoint anew, and the pause.
CHANGE = """
    update webhooks set url = %(url)s, events = %(events)s, prizes = %(prizes)s,
           patience = %(patience)s, stopped = %(stopped)s, seq = %(seq)s,
           holder = null, held_until = null, next_attempt = null,
           attempts = case when seq = %(seq)s then attempts else 0 end,
           failing_since = case when seq = %(seq)s then failing_since end
     where id = %(id)s
"""

DEAD = """
    select d.seq, d.at, d.attempts, d.status, d.error, d.replay
      from webhook_dead d join webhooks w on w.id = d.webhook join hunts h on h.number = w.hunt
     where h.id = %s and w.id = %s and d.seq > %s order by d.seq limit %s
"""

REPLAY = """
    update webhook_dead set replay = true
     where webhook = %s and (%s::bigint[] is null or seq = any(%s::bigint[]))
"""


class Webhooks:
    """Endpoints in the database.

    Args:
        pool: Opened and closed by the caller.
        ring: Seals and opens the secrets.
    """

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring

    async def states(self, hunt: str | None = None) -> list[WebhookState]:
        """Return the endpoints of a hunt, or of all hunts, ordered by id."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(STATES, {"hunt": hunt})).fetchall()
        return [state(row) for row in rows]

    async def get(self, hunt: str, id_: int) -> WebhookState:
        """Return one endpoint.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
        """
        for each in await self.states(hunt):
            if each.webhook.id == id_:
                return each
        raise _missing(hunt, id_)

    async def create(self, hunt: str, new: NewWebhook, *, actor: str) -> tuple[int, str]:
        """Create an endpoint; return its id and its secret, which is not shown again.

        Raises:
            HuntNotFound: There is no such hunt.
            InvalidRequest: The log of changes has no clicks.
            WrongState: The hunt has `MOST_ENDPOINTS` endpoints.
            SealError: There is no data key.
        """
        self._ring.seal(b"", b"")  # fail before anything is changed
        with translated():
            async with self._pool.transaction() as conn:
                id_, seq = await insert(conn, hunt, new)
                secret = await webhook_secrets.add(conn, self._ring, hunt, id_)
                after = webhook_audit.shown(to_builtins(new)) | {"seq": seq}
                await record_change(
                    conn, actor, "webhook added", hunt, before=None, after=after, webhook=id_
                )
        return id_, secret

    async def change(
        self, hunt: str, id_: int, changes: Mapping[str, object], *, actor: str
    ) -> None:
        """Change an endpoint, and try its next event at once.

        Args:
            hunt: Id of the hunt.
            id_: Id of the endpoint.
            changes: New values of ``url``, ``events``, ``prizes``, ``patience``, ``stopped``.
            actor: Name of the operator, for the audit trail.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
            InvalidRequest: The log of changes has no clicks.
        """
        with translated():
            async with self._pool.transaction() as conn:
                before = await _lock(conn, hunt, id_)
                check_events(before["log"], changes.get("events"))
                await conn.execute(CHANGE, before | dict(changes))
                old = webhook_audit.shown({name: before[name] for name in changes})
                await record_change(
                    conn, actor, "webhook changed", hunt,
                    before=old, after=webhook_audit.shown(changes), webhook=id_,
                )  # fmt: skip

    async def remove(self, hunt: str, id_: int, *, actor: str) -> None:
        """Remove an endpoint, with its dead letters.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
        """
        with translated():
            async with self._pool.transaction() as conn:
                before = await _lock(conn, hunt, id_)
                await conn.execute("delete from webhooks where id = %s", (id_,))
                kept = {name: before[name] for name in (*webhook_audit.CHANGEABLE, "log", "seq")}
                old = webhook_audit.shown(kept)
                await record_change(
                    conn, actor, "webhook removed", hunt, before=old, after=None, webhook=id_
                )

    async def rotate(self, hunt: str, id_: int, *, keep: int, actor: str) -> str:
        """Return a new secret of an endpoint; the former ones also sign for `keep` seconds.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
            SealError: There is no data key.
        """
        with translated():
            async with self._pool.transaction() as conn:
                before = await _lock(conn, hunt, id_)
                old = await webhook_audit.signing(conn, id_)
                secret = await webhook_secrets.rotate(conn, self._ring, hunt, id_, keep)
                await conn.execute(CHANGE, before)
                await record_change(
                    conn, actor, "webhook rotated", hunt,
                    before=old, after=await webhook_audit.signing(conn, id_),
                    webhook=id_, keep=keep,
                )  # fmt: skip
        return secret

    async def secrets(self, hunt: str, id_: int) -> list[str]:
        """Return the valid secrets of an endpoint, newest first.

        Raises:
            SealError: They cannot be opened.
        """
        with translated():
            async with self._pool.connection() as conn:
                return await webhook_secrets.valid(conn, self._ring, hunt, id_)

    async def tested(self, hunt: str, id_: int, *, status: int | None, actor: str) -> None:
        """Record that an operator has sent a test."""
        with translated():
            async with self._pool.connection() as conn:
                after = {"status": status}
                await record_change(
                    conn, actor, "webhook tested", hunt, before=None, after=after, webhook=id_
                )

    async def dead(self, hunt: str, id_: int, *, after: int, limit: int) -> list[DeadLetter]:
        """Return dead letters with a greater seq than `after`, in order, at most `limit`."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(DEAD, (hunt, id_, after, limit))).fetchall()
        return list(starmap(DeadLetter, rows))

    async def replay_from(self, hunt: str, id_: int, seq: int, *, actor: str) -> None:
        """Send all events from `seq` again; a `seq` after the next one is refused.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
            InvalidRequest: Rows would be skipped.
        """
        with translated():
            async with self._pool.transaction() as conn:
                before = await _lock(conn, hunt, id_)
                if seq - 1 > before["seq"]:
                    wrong = f"must be at most {before['seq'] + 1}, the next row to send"
                    raise InvalidRequest("the replay is not valid", errors={"from_seq": wrong})
                await conn.execute(CHANGE, before | {"seq": seq - 1})
                await record_change(
                    conn, actor, "webhook replayed", hunt,
                    before={"seq": before["seq"]}, after={"seq": seq - 1}, webhook=id_,
                )  # fmt: skip

    async def replay_dead(
        self, hunt: str, id_: int, seqs: Sequence[int] | None, *, actor: str
    ) -> int:
        """Send dead letters again, once each; return how many.

        Args:
            hunt: Id of the hunt.
            id_: Id of the endpoint.
            seqs: Seqs of the dead letters; None: all.
            actor: Name of the operator, for the audit trail.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
        """
        wanted = None if seqs is None else list(seqs)
        with translated():
            async with self._pool.transaction() as conn:
                before = await _lock(conn, hunt, id_)
                old = await webhook_audit.waiting(conn, id_)
                count = (await conn.execute(REPLAY, (id_, wanted, wanted))).rowcount
                await conn.execute(CHANGE, before)
                await record_change(
                    conn, actor, "webhook replayed", hunt,
                    before=old, after=await webhook_audit.waiting(conn, id_),
                    webhook=id_, dead="all" if wanted is None else wanted,
                )  # fmt: skip
        return count

    async def skip(self, hunt: str, id_: int, *, actor: str) -> int:
        """Make the event that blocks an endpoint a dead letter; return its seq.

        Raises:
            WebhookNotFound: The hunt has no such endpoint.
            WrongState: No event of the endpoint has failed, or the endpoint just went on.
        """
        found, event = await self.get(hunt, id_), None
        if found.attempts:
            event = await self._following(found.webhook, found.seq)
        with translated():
            async with self._pool.transaction() as conn:
                before = await _lock(conn, hunt, id_)
                if event is None or not before["attempts"] or before["seq"] != found.seq:
                    raise WrongState(f"webhook {id_} is not blocked by an event")
                await conn.execute(CHANGE, before)
                last = {"status": before["last_status"], "error": before["last_error"]}
                await bury(conn, before | last | {"event": event})
                await record_change(
                    conn, actor, "webhook skipped", hunt,
                    before={"seq": before["seq"]}, after={"seq": event}, webhook=id_,
                )  # fmt: skip
        return event

    async def _following(self, webhook: Webhook, seq: int) -> int | None:
        """Return the position of the next event of an endpoint after `seq`."""
        events = (ChangeEvents if webhook.log == "changes" else LogEvents)(self._pool)
        return await events.following(webhook.hunt, webhook.wanted, after=seq)


async def _lock(conn: Connection, hunt: str, id_: int) -> dict[str, Any]:
    """Return an endpoint, locked; raise `WebhookNotFound` if there is none."""
    row = await (await conn.execute(LOCK, (hunt, id_))).fetchone()
    if row is None:
        raise _missing(hunt, id_)
    names = (
        "id", "url", "log", "events", "prizes", "patience", "stopped", "seq", "attempts",
        "last_status", "last_error",
    )  # fmt: skip
    return dict(zip(names, row, strict=True))


def _missing(hunt: str, id_: int) -> WebhookNotFound:
    return WebhookNotFound(f"hunt {hunt!r} has no webhook {id_}")
