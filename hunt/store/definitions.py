"""Writes to the definition of a hunt: the current one, and its versions."""

from __future__ import annotations

import secrets
from datetime import datetime

from msgspec import Struct
from psycopg.types.json import Jsonb

from hunt.core import chain, fairness
from hunt.core.definition import Definition, differences, is_test
from hunt.core.hunt_file import from_json, to_json
from hunt.core.hunts import State
from hunt.core.key_ring import KeyRing
from hunt.errors import DefinitionError, HuntNotFound, WrongState
from hunt.store import prizes, seals, seeds
from hunt.store.audit import record_change
from hunt.store.driver.connection import Connection
from hunt.store.epochs import new_epoch

CREATE = """
    insert into hunts (
        id, definition, opens_at, closes_at, cooldown, timezone, attempts, attempts_per, max_wins,
        max_wins_per, rules, codes, max_speed, sphere, test, epoch, seed, sealed_seed, algorithm,
        head, player_key, share_hash)
    values (
        %(id)s, %(definition)s, %(opens_at)s, %(closes_at)s, %(cooldown)s, %(timezone)s,
        %(attempts)s, %(attempts_per)s, %(max_wins)s, %(max_wins_per)s, %(rules)s, %(codes)s,
        %(max_speed)s, %(sphere)s, %(test)s, %(epoch)s, %(seed)s, %(sealed_seed)s, %(algorithm)s,
        %(head)s, %(player_key)s, %(share_hash)s)
    returning number
"""

CHANGE = """
    update hunts set definition = %(definition)s, version = version + 1, opens_at = %(opens_at)s,
           closes_at = %(closes_at)s, cooldown = %(cooldown)s, timezone = %(timezone)s,
           attempts = %(attempts)s, attempts_per = %(attempts_per)s, max_wins = %(max_wins)s,
           max_wins_per = %(max_wins_per)s, rules = %(rules)s, codes = codes or %(codes)s,
           max_speed = %(max_speed)s, sphere = %(sphere)s, share_hash = %(share_hash)s,
           sealed_share = case when share_hash = %(share_hash)s then sealed_share end
     where number = %(number)s
    returning seed, sealed_seed, sealed_share
"""

# For a quota that is new, or whose periods are others: count the clicks, or the wins, so far in
# the present period.
COUNT_PERIOD = """
    insert into player_periods (hunt, player, what, since, count)
    select r.hunt, r.player, %(what)s::"char", p.since, count(*)
      from hunt_period(%(per)s, %(timezone)s, clock_timestamp()) as p (since), rewards r
     where r.hunt = %(hunt)s and r.at >= p.since and (%(what)s::"char" = 'a' or r.prize is not null)
     group by r.hunt, r.player, p.since
    on conflict (hunt, player, what) do update
       set since = excluded.since, count = excluded.count
"""

KEEP_RETENTION = """
    with gone as (delete from retention where hunt = %(hunt)s and %(keep)s::interval is null)
    insert into retention (hunt, keep)
    select %(hunt)s, %(keep)s::interval where %(keep)s::interval is not null
    on conflict (hunt) do update set keep = excluded.keep
"""

REMEMBER = """
    insert into hunt_versions (hunt, version, definition, actor)
    select number, version, definition, %s from hunts where number = %s
"""

LOCK = """
    select number, definition, state, last_seq, version,
           share_hash is not null and sealed_share is null
      from hunts where id = %s for update
"""

SAME_ID = "select from campaigns where id = %s"

# A new hunt has no row that could be locked.
RESERVE = "select pg_advisory_xact_lock(hashtextextended('hunt ' || %s, 0))"


class Found(Struct, frozen=True):
    """A hunt whose row is locked."""

    number: int
    definition: Definition
    state: State
    last_seq: int
    version: int
    lacks_share: bool  #: the second share of its seed was not entered yet


async def locked(conn: Connection, hunt: str) -> Found | None:
    """Return a hunt with its row locked until the transaction ends; None if there is none."""
    row = await (await conn.execute(LOCK, (hunt,))).fetchone()
    return None if row is None else Found(row[0], from_json(row[1]), *row[2:])


async def existing(conn: Connection, hunt: str) -> Found:
    """Return a hunt with its row locked until the transaction ends.

    Raises:
        HuntNotFound: There is no such hunt.
    """
    found = await locked(conn, hunt)
    if found is None:
        raise missing(hunt)
    return found


async def reserved(conn: Connection, hunt: str) -> Found | None:
    """Return a hunt with its row locked; if there is none, lock its id and return None.

    No other transaction can then create a hunt with this id.
    """
    found = await locked(conn, hunt)
    if found is None:
        await conn.execute(RESERVE, (hunt,))
        found = await locked(conn, hunt)
    return found


async def has_passed(conn: Connection, moment: datetime | None) -> bool:
    """Return whether a time has passed by the database's clock; False for None.

    This is a statement of its own, because one that waits for a lock reads the clock before
    it waits.
    """
    row = await (await conn.execute("select %s <= clock_timestamp()", (moment,))).fetchone()
    return row is not None and row[0] is True


def missing(hunt: str) -> HuntNotFound:
    """Return the error for a hunt that does not exist."""
    return HuntNotFound(f"there is no hunt {hunt!r}: 'hunt hunts' lists them")


async def apply(
    conn: Connection,
    found: Found | None,
    definition: Definition,
    seed: bytes,
    actor: str,
    ring: KeyRing,
) -> list[str]:
    """Create a hunt, or change a locked one; see `hunt.store.hunts.Hunts.apply`."""
    old = None if found is None else found.definition
    _check_test(old, definition)
    changes = differences(old, definition)
    if not changes:
        return []
    if found is not None and found.state == "closed":
        # Its seed is public, and the seed tells which click ids win.
        raise WrongState(f"hunt {definition.id!r} has ended, and its end is final")
    if await has_passed(conn, definition.closes_at):
        wrong = "has passed by the database's clock: give a later time"
        raise DefinitionError({"hunt.closes_at": wrong})
    share: bytes | None = None
    if found is not None and found.state != "draft":
        check_share(found.definition, definition)
    if found is None:
        if (await conn.execute(SAME_ID, (definition.id,))).rowcount:
            raise WrongState(f"there is a campaign {definition.id!r}: choose another id")
        number = await _create(conn, definition, seed, ring)
    else:
        number = found.number
        seed, share = await _change(conn, number, definition, ring)
    await prizes.keep(conn, number, old, definition, chain.joined_seed(seed, share))
    if old is not None:
        await _count_periods(conn, number, old, definition)
    if old is None or old.retain != definition.retain:
        await conn.execute(KEEP_RETENTION, {"hunt": number, "keep": definition.retain})
    await conn.execute(REMEMBER, (actor, number))
    more: dict[str, object] = {"changes": changes}
    if found is None:
        more["commitment"] = fairness.commit(seed)
    sealed = await seals.write(conn, number, definition, seed)
    if sealed is not None:
        more["seal"] = sealed
    version = 0 if found is None else found.version
    await record_change(
        conn, actor, "apply" if found else "create", definition.id,
        before={"version": version} if version else None, after={"version": version + 1}, **more,
    )  # fmt: skip
    return changes


def _check_test(old: Definition | None, new: Definition) -> None:
    """Raise `DefinitionError` if a hunt would become, or cease to be, a test hunt."""
    if old is None:
        if is_test(new.id) and not new.test:
            wrong = "must not begin with test-: only ids of hunts with test = true do"
            raise DefinitionError({"hunt.id": wrong})
    elif old.test != new.test:
        raise DefinitionError({"hunt.test": "cannot change: create another hunt"})


async def _count_periods(conn: Connection, number: int, old: Definition, new: Definition) -> None:
    quotas = (("a", old.attempts, new.attempts), ("w", old.max_wins, new.max_wins))
    for what, before, after in quotas:
        same = before and after and (before.per, old.timezone) == (after.per, new.timezone)
        if after is not None and not same:
            values = {"hunt": number, "what": what, "per": after.per, "timezone": new.timezone}
            await conn.execute(COUNT_PERIOD, values, prepare=False)


def _columns(definition: Definition) -> dict[str, object]:
    attempts, max_wins = definition.attempts, definition.max_wins
    return {
        "id": definition.id,
        "definition": Jsonb(to_json(definition)),
        "opens_at": definition.opens_at,
        "closes_at": definition.closes_at,
        "cooldown": definition.cooldown,
        "timezone": definition.timezone,
        "attempts": attempts and attempts.count,
        "attempts_per": attempts and attempts.per,
        "max_wins": max_wins and max_wins.count,
        "max_wins_per": max_wins and max_wins.per,
        "rules": definition.has_rules,
        "max_speed": definition.max_speed,
        "sphere": definition.map.is_degrees,
        "test": definition.test,
        "codes": any(prize.codes for prize in definition.prizes),
        "share_hash": definition.second_share and bytes.fromhex(definition.second_share),
    }


async def _create(conn: Connection, definition: Definition, seed: bytes, ring: KeyRing) -> int:
    values = _columns(definition) | {"epoch": new_epoch()}
    values |= seeds.columns(ring, definition.id, seed)
    values |= {
        "algorithm": chain.ALGORITHM,
        "head": chain.START,
        "player_key": secrets.token_bytes(32),
    }
    row = await (await conn.execute(CREATE, values)).fetchone()
    assert row is not None
    number: int = row[0]
    await conn.execute("select hunt_create_log(%s)", (number,))
    return number


async def _change(
    conn: Connection, number: int, definition: Definition, ring: KeyRing
) -> tuple[bytes, bytes | None]:
    """Change the row of a hunt, and return the shares of its seed."""
    cursor = await conn.execute(CHANGE, _columns(definition) | {"number": number})
    row = await cursor.fetchone()
    assert row is not None
    seed, sealed, share = row
    opened = None if share is None else seeds.opened_share(ring, definition.id, share)
    return seeds.opened(ring, definition.id, seed, sealed), opened


def check_share(old: Definition, new: Definition) -> None:
    """Raise `DefinitionError` if a hunt that was opened gets another second share."""
    if old.second_share != new.second_share:
        wrong = "cannot change once the hunt was opened: its draws depend on it"
        raise DefinitionError({"hunt.second_share": wrong})
