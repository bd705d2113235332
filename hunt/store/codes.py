"""Loading of codes, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import starmap

from msgspec import Struct
from psycopg import Rollback

from hunt.core import codes
from hunt.core.hunt_file import from_json
from hunt.core.hunts import State
from hunt.core.key_ring import KeyRing
from hunt.errors import HuntNotFound, InvalidRequest, WrongState
from hunt.store import code_pools, seals, seeds
from hunt.store.audit import record_change
from hunt.store.driver.connection import Connection
from hunt.store.driver.errors import translated
from hunt.store.driver.pool import Pool

#: Wrong lines that an error names.
NAMED = 10

# One load of a hunt at a time; commits of clicks do not wait for it.
RESERVE = "select pg_advisory_xact_lock(hashtextextended('codes of ' || %s, 0))"

FIND = """
    select h.number, h.state, z.codes, coalesce((
               select max(c.position) from codes c where c.hunt = h.number and c.prize = %(prize)s
           ), 0)
      from hunts h left join prizes z on z.hunt = h.number and z.id = %(prize)s and not z.retired
     where h.id = %(hunt)s
"""

KNOWN = """
    select i.digest, c.prize, c.position
      from unnest(%s::bytea[]) as i (digest), lateral (
               select d.prize, d.position from codes d
                where d.hunt = %s and d.digest = i.digest limit 1
           ) c
"""

ADD = """
    insert into codes (hunt, prize, position, sealed, digest, leaf)
    select %s, %s, %s + i.number, i.sealed, i.digest, i.leaf
      from unnest(%s::bytea[], %s::bytea[], %s::bytea[])
           with ordinality as i (sealed, digest, leaf, number)
"""

DEFINITION = "select id, definition, seed, sealed_seed from hunts where number = %s"

LOCK = "select from hunts where number = %s for no key update"

RAISE = """
    update prizes set stock = stock + %(count)s,
           code_keys = array(select distinct unnest(array_append(code_keys, %(key)s)))
     where hunt = %(number)s and id = %(prize)s and codes
    returning stock
"""

STATUS = """
    select h.id, z.id, count(c.*), count(c.reward), z.code_keys
      from hunts h
      join prizes z on z.hunt = h.number and z.codes
      left join codes c on c.hunt = h.number and c.prize = z.id
     where (%(hunt)s::text is null or h.id = %(hunt)s)
       and (%(hunts)s::text[] is null or h.id = any(%(hunts)s))
     group by h.id, z.id, z.code_keys order by h.id, z.id
"""


class CodeStatus(Struct, frozen=True):
    """The codes of one prize."""

    hunt: str
    prize: str
    loaded: int
    bound: int  #: handed out, each to one reward
    keys: list[str]  #: ids of the keys that encrypt them

    @property
    def left(self) -> int:
        """Codes that are not handed out."""
        return self.loaded - self.bound


class _Problems:
    """Wrong lines of a file of codes, by their number."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, str]] = []
        self.count = 0

    def add(self, line: int, problem: str) -> None:
        """Add a line; the message never has the code itself."""
        self.count += 1
        if len(self._lines) < NAMED:
            self._lines.append((line, problem))

    def finish(self) -> None:
        """Raise `InvalidRequest` if there is a wrong line."""
        if self.count:
            more = f"; and {self.count - NAMED} more" if self.count > NAMED else ""
            named = "; ".join(f"line {line} {problem}" for line, problem in sorted(self._lines))
            raise InvalidRequest(f"no code was loaded: {named}{more}")


class Codes:
    """Codes in the database.

    Args:
        pool: Opened and closed by the caller.
        ring: Keys that encrypt the codes.
    """

    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring

    async def load(
        self,
        hunt: str,
        prize: str,
        chunks: Iterable[Sequence[str]],
        *,
        actor: str,
        dry_run: bool = False,
    ) -> tuple[int, int]:
        """Load all codes of a file, or none; return their number, and the stock after it.

        The stock rises when all are loaded.  Clicks are committed meanwhile.

        Args:
            hunt: Id of the hunt.
            prize: Id of a prize with codes.
            chunks: The lines of the file, in parts of a few thousand.
            actor: Name of the operator, for the audit trail.
            dry_run: Check the lines, and load nothing.

        Raises:
            HuntNotFound: There is no such hunt.
            WrongState: The hunt has ended, or the prize has no codes.
            InvalidRequest: Lines are wrong, or a code occurs twice; names the lines.
            SealError: There is no key, or the package cryptography is missing.
        """
        key = self._ring.first
        with translated():
            async with self._pool.transaction() as conn:
                await conn.execute(RESERVE, (hunt,))
                number, before = await _found(conn, hunt, prize)
                pool = await code_pools.read(conn, self._ring, number, hunt, prize)
                load = _Load(conn, self._ring, number, hunt, prize, before, pool)
                for lines in chunks:
                    await load.add(lines)
                load.problems.finish()
                if dry_run:
                    raise Rollback  # which the transaction handles
                await conn.execute(LOCK, (number,))
                await _found(conn, hunt, prize)  # it may have changed before the lock
                values = {"count": load.count, "key": key, "number": number, "prize": prize}
                row = await (await conn.execute(RAISE, values)).fetchone()
                assert row is not None
                sealed = await self._seal(conn, number, pool)
                more = {} if sealed is None else {"seal": sealed}
                await record_change(
                    conn, actor, "codes", hunt, before=row[0] - load.count, after=row[0],
                    prize=prize, loaded=load.count, key=key, **more,
                )  # fmt: skip
        return load.count, before + load.count

    async def _seal(
        self, conn: Connection, number: int, pool: code_pools.CodePool | None
    ) -> str | None:
        """Seal a hunt with the codes that were loaded; return the hash of the seal."""
        if pool is None:
            return None
        await code_pools.keep(conn, pool)
        row = await (await conn.execute(DEFINITION, (number,))).fetchone()
        assert row is not None
        hunt, definition, *seed = row
        return await seals.write(
            conn, number, from_json(definition), seeds.opened(self._ring, hunt, *seed)
        )

    async def status(
        self, hunt: str | None = None, *, hunts: Sequence[str] | None = None
    ) -> list[CodeStatus]:
        """Return the numbers of the codes of each prize that has some.

        Args:
            hunt: Id of the hunt; None: of all hunts.
            hunts: Ids of the hunts to include; None: all.
        """
        with translated():
            async with self._pool.transaction() as conn:
                cursor = await conn.execute(STATUS, {"hunt": hunt, "hunts": hunts})
                return list(starmap(CodeStatus, await cursor.fetchall()))


class _Load:
    """One load in an open transaction."""

    def __init__(
        self,
        conn: Connection,
        ring: KeyRing,
        number: int,
        hunt: str,
        prize: str,
        before: int,
        pool: code_pools.CodePool | None,
    ) -> None:
        self._pool = pool
        self._conn = conn
        self._ring = ring
        self._number, self._hunt, self._prize, self._before = number, hunt, prize, before
        self._digest = codes.digest_context(hunt)
        self._lines = 0
        self._empty = 0  # line number of the first of the last empty lines
        self.problems = _Problems()
        self.count = 0

    async def add(self, lines: Sequence[str]) -> None:
        """Check lines, and insert their codes at the next positions."""
        fresh: dict[bytes, tuple[int, str]] = {}  # by digest: line number and code
        digests: dict[bytes, int] = {}  # under each key: line number
        for code in map(str.strip, lines):
            self._lines += 1
            line = self._lines
            if not code:
                self._empty = self._empty or line
                continue
            if self._empty:
                self.problems.add(self._empty, "is empty")
                self._empty = 0
            if (wrong := codes.problem(code) or codes.mixed(self._hunt, code)) is not None:
                self.problems.add(line, wrong)
                continue
            found = self._ring.digests(code.encode(), self._digest)
            if (first := fresh.get(found[0])) is not None:
                self.problems.add(line, f"is the same code as line {first[0]}")
                continue
            fresh[found[0]] = line, code
            digests |= dict.fromkeys(found, line)
        await self._refuse_known(digests)
        if fresh and not self.problems.count:
            await self._insert(fresh)

    async def _refuse_known(self, digests: dict[bytes, int]) -> None:
        cursor = await self._conn.execute(KNOWN, (list(digests), self._number))
        for digest, prize, position in await cursor.fetchall():
            if prize == self._prize and position > self._before:
                # Until the first problem, no line of this file was left out.
                self.problems.add(
                    digests[digest], f"is the same code as line {position - self._before}"
                )
            else:
                self.problems.add(digests[digest], "is loaded already")

    async def _insert(self, fresh: dict[bytes, tuple[int, str]]) -> None:
        first = self._before + self.count
        sealed = [
            self._ring.seal(code.encode(), codes.context(self._hunt, self._prize, position))
            for position, (_, code) in enumerate(fresh.values(), first + 1)
        ]
        leaves = None
        if self._pool is not None:
            leaves = [
                self._pool.add(position, code)
                for position, (_, code) in enumerate(fresh.values(), first + 1)
            ]
        values = (self._number, self._prize, first, sealed, list(fresh), leaves)
        await self._conn.execute(ADD, values)
        self.count += len(fresh)


async def _found(conn: Connection, hunt: str, prize: str) -> tuple[int, int]:
    """Return the number of a hunt, and how many codes of the prize are loaded."""
    row = await (await conn.execute(FIND, {"hunt": hunt, "prize": prize})).fetchone()
    if row is None:
        raise HuntNotFound(f"there is no hunt {hunt!r}: 'hunt hunts' lists them")
    number: int
    state: State
    number, state, has_codes, loaded = row
    if state == "closed":
        raise WrongState(f"hunt {hunt!r} has ended, and its end is final")
    if has_codes is None:
        raise WrongState(f"hunt {hunt!r} has no prize {prize!r}")
    if not has_codes:
        raise WrongState(f"prize {prize!r} has no codes: set codes = true in the hunt file")
    return number, loaded
