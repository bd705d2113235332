"""The schedule of hunts in the database: acts of operators at a later time."""

from __future__ import annotations

from itertools import starmap

from msgspec import to_builtins

from hunt.core.key_ring import KeyRing
from hunt.core.schedule import Due, EntryState, NewEntry, ScheduleEntry, problems, released
from hunt.errors import DefinitionError, EntryNotFound, InvalidRequest, Refused, WrongState
from hunt.store.announcements import announce
from hunt.store.audit import record_change
from hunt.store.definitions import Found, apply, existing, has_passed, locked, missing
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool
from hunt.store.state_changes import move

#: Actor in the audit trail of an entry that was performed.  No token can have this ``sub``.
BY_SCHEDULE = "hunt (schedule)"

#: Largest number of waiting entries of a hunt, and of settled ones that are kept.
MOST = 500

_NAMES = (
    "id", "at", "action", "text", "prize", "count", "within", "state", "actor", "created_at",
    "settled_at", "late", "reason",
)  # fmt: skip
_COLUMNS = ", ".join(_NAMES)

NUMBER = "select number from hunts where id = %s"

LIST = f"select {_COLUMNS} from schedule where hunt = %s order by at, id"

WAITING = "select count(*) from schedule where hunt = %s and state = 'waiting'"

CLEAN = """
    delete from schedule where hunt = %(hunt)s and id in (
        select id from schedule where hunt = %(hunt)s and state <> 'waiting'
         order by at desc, id desc offset %(most)s)
"""

ADD = f"""
    insert into schedule (hunt, at, action, text, prize, count, within, actor)
    values (%(hunt)s, %(at)s, %(action)s, %(text)s, %(prize)s, %(count)s, %(within)s, %(actor)s)
    returning {_COLUMNS}
"""

FIND = f"select {_COLUMNS} from schedule where hunt = %s and id = %s"

REMOVE = "delete from schedule where id = %s"

#: Makes every process look at the schedule.
NOTIFY = "select pg_notify('hunt_hunts', %s)"

DUE = """
    select h.id, extract(epoch from min(s.at) - clock_timestamp())::float8
      from schedule s join hunts h on h.number = s.hunt
     where s.state = 'waiting' group by h.id order by 2
"""

# One process acts; the others need not wait for the lock on the hunt's row.
ALONE = "select pg_try_advisory_xact_lock(hashtextextended('schedule ' || %s, 0))"

FIRST = f"""
    select {_COLUMNS}, clock_timestamp(), extract(epoch from clock_timestamp() - at)::float8
      from schedule where hunt = %s and state = 'waiting' and at <= clock_timestamp()
     order by at, id limit 1
"""

SETTLE = f"""
    update schedule
       set state = %(state)s, settled_at = %(now)s, late = %(late)s, reason = %(reason)s
     where id = %(id)s
    returning {_COLUMNS}
"""


class Schedule:
    """The schedule in the database.

    Args:
        pool: Opened and closed by the caller.
        ring: Keys of encrypted seeds.
    """

    def __init__(self, pool: Pool, ring: KeyRing | None = None) -> None:
        self._pool = pool
        self._ring = ring or KeyRing(())

    async def entries(self, hunt: str) -> list[ScheduleEntry]:
        """Return the entries of a hunt, by time.

        Raises:
            HuntNotFound: There is no such hunt.
        """
        with translated():
            async with self._pool.connection() as conn:
                found = await (await conn.execute(NUMBER, (hunt,))).fetchone()
                if found is None:
                    raise missing(hunt)
                return await entries_of(conn, found[0])

    async def add(self, hunt: str, new: NewEntry, *, actor: str) -> ScheduleEntry:
        """Add an entry; every process is notified.

        Raises:
            HuntNotFound: There is no such hunt.
            InvalidRequest: The entry is not valid, or its time has passed.
            WrongState: The hunt has ended, or has too many entries, or the prize of a release
                has no limit that could be raised.
            StoreError: It was not added, or the outcome is unknown.
        """
        if wrong := problems(new):
            raise InvalidRequest("the entry is not valid", errors=wrong)
        with translated():
            async with self._pool.transaction() as conn:
                found = await existing(conn, hunt)
                return await add_entry(conn, found, new, actor)

    async def remove(self, hunt: str, number: int, *, actor: str) -> ScheduleEntry:
        """Remove a waiting entry, and return it.

        Raises:
            HuntNotFound: There is no such hunt.
            EntryNotFound: The hunt has no such entry.
            WrongState: The entry is settled.
            StoreError: It was not removed, or the outcome is unknown.
        """
        with translated():
            async with self._pool.transaction() as conn:
                found = await existing(conn, hunt)
                row = await (await conn.execute(FIND, (found.number, number))).fetchone()
                if row is None:
                    raise EntryNotFound(f"hunt {hunt!r} has no entry {number}")
                entry = _entry(row)
                if entry.state != "waiting":
                    raise WrongState(f"entry {number} is {entry.state} already")
                await conn.execute(REMOVE, (number,))
                await record_change(
                    conn, actor, "unschedule", hunt, before=_detail(entry), after=None
                )
        return entry

    async def due(self) -> list[Due]:
        """Return the hunts with waiting entries, the one that is due first at the front."""
        with translated():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(DUE)).fetchall()
        return list(starmap(Due, rows))

    async def perform(self, hunt: str) -> ScheduleEntry | None:
        """Perform and settle the first entry of a hunt that is due, in one transaction.

        Safe to call from several processes at once: one of them performs the entry.

        Returns:
            The settled entry; None if none is due, or another process is performing one.

        Raises:
            StoreError: The entry still waits, or the outcome is unknown.
        """
        with translated():
            async with self._pool.transaction() as conn:
                alone = await (await conn.execute(ALONE, (hunt,))).fetchone()
                if alone is None or not alone[0]:
                    return None
                found = await locked(conn, hunt)
                if found is None:
                    return None
                # A statement of its own: the clock must be read after the wait for the lock.
                row = await (await conn.execute(FIRST, (found.number,))).fetchone()
                return None if row is None else await self._settle(conn, found, row)

    async def _settle(
        self, conn: Connection, found: Found, row: tuple[object, ...]
    ) -> ScheduleEntry:
        *columns, now, late = row
        entry = _entry(tuple(columns))
        assert isinstance(late, float)
        state, reason = await self._act(conn, found, entry, late)
        values = {"id": entry.id, "state": state, "now": now, "late": late, "reason": reason}
        done = await (await conn.execute(SETTLE, values)).fetchone()
        assert done is not None
        settled = _entry(done)
        await record_change(
            conn, BY_SCHEDULE, "perform", found.definition.id, before={"state": "waiting"},
            after={"state": state, "late": late, "reason": reason}, entry=_detail(entry),
        )  # fmt: skip
        return settled

    async def _act(
        self, conn: Connection, found: Found, entry: ScheduleEntry, late: float
    ) -> tuple[EntryState, str | None]:
        """Perform an entry; return its new state, and the reason if nothing was changed."""
        if entry.within is not None and late > entry.within:
            return "dropped", f"{late:.0f} s late, which is more than {entry.within:g} s"
        try:
            # A savepoint: a refused act must leave nothing, and the entry must still be settled.
            async with conn.transaction():
                changed = await self._perform(conn, found, entry)
        except (Refused, DefinitionError) as exc:
            return "failed", str(exc)
        return "done", None if changed else f"the hunt was {found.state} already"

    async def _perform(self, conn: Connection, found: Found, entry: ScheduleEntry) -> bool:
        """Perform an entry, and return whether it changed something."""
        match entry.action:
            case "open":
                return await move(conn, found, "open", BY_SCHEDULE)
            case "resume":
                if found.state == "draft":
                    raise WrongState(f"hunt {found.definition.id!r} is a draft: nothing to resume")
                return await move(conn, found, "open", BY_SCHEDULE)
            case "pause":
                return await move(conn, found, "paused", BY_SCHEDULE)
            case "close":
                return await move(conn, found, "closed", BY_SCHEDULE)
            case "announce":
                await announce(conn, found, entry.text, BY_SCHEDULE)
            case "release":
                await self._release(conn, found, entry)
        return True

    async def _release(self, conn: Connection, found: Found, entry: ScheduleEntry) -> None:
        row = await (await conn.execute("select clock_timestamp()")).fetchone()
        assert row is not None
        assert entry.prize is not None
        assert entry.count is not None
        definition = released(found.definition, entry.prize, entry.count, row[0])
        await apply(conn, found, definition, b"", BY_SCHEDULE, self._ring)


async def entries_of(conn: Connection, number: int) -> list[ScheduleEntry]:
    """Return the entries of the hunt of a number, by time."""
    rows = await (await conn.execute(LIST, (number,))).fetchall()
    return [_entry(row) for row in rows]


async def add_entry(conn: Connection, found: Found, new: NewEntry, actor: str) -> ScheduleEntry:
    """Add a valid entry to a locked hunt."""
    hunt = found.definition.id
    await _check(conn, found, new)
    await conn.execute(CLEAN, {"hunt": found.number, "most": MOST})
    values = to_builtins(new, builtin_types=(type(new.at),))
    values |= {"hunt": found.number, "actor": actor}
    row = await (await conn.execute(ADD, values)).fetchone()
    assert row is not None
    entry = _entry(row)
    await record_change(conn, actor, "schedule", hunt, before=None, after=_detail(entry))
    await conn.execute(NOTIFY, (hunt,))
    return entry


async def _check(conn: Connection, found: Found, new: NewEntry) -> None:
    """Raise an error unless an entry may be added to a locked hunt."""
    hunt = found.definition.id
    if found.state == "closed":
        raise WrongState(f"hunt {hunt!r} has ended, and its end is final")
    if await has_passed(conn, new.at):
        wrong = {"at": "has passed by the database's clock: give a later time"}
        raise InvalidRequest("the entry is not valid", errors=wrong)
    if new.prize is not None and new.count is not None:
        try:
            released(found.definition, new.prize, new.count, new.at)
        except DefinitionError as exc:
            raise WrongState(f"the release does not fit the hunt: {exc}") from None
    waiting = await (await conn.execute(WAITING, (found.number,))).fetchone()
    assert waiting is not None
    if waiting[0] >= MOST:
        raise WrongState(f"hunt {hunt!r} has {MOST} waiting entries: remove some first")


def _entry(row: tuple[object, ...]) -> ScheduleEntry:
    return ScheduleEntry(**dict(zip(_NAMES, row, strict=True)))  # type: ignore[arg-type]


def _detail(entry: ScheduleEntry) -> dict[str, object]:
    """Return an entry for the audit trail."""
    names = ("id", "at", "action", "text", "prize", "count", "within", "actor")
    shown = to_builtins(entry)
    return {name: shown[name] for name in names if shown[name] is not None}
