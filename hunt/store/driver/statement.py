"""A statement that a connection prepares itself, for calls with little overhead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from psycopg import errors as pg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.generators import execute

from hunt.store.driver.connection import Connection

BINARY = pq.Format.BINARY
SUCCESS = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})


class Statement:
    """A statement that each connection prepares when it first runs it.

    psycopg's cursors do the same for all types of values, at several times the cost.  This is
    for commits, on whose latency every click depends.

    Args:
        name: Name of the prepared statement; unique among all statements.
        query: SQL, with $1, $2 ... for its values.
    """

    def __init__(self, name: str, query: str) -> None:
        self.name = name.encode()
        self.query = query.encode()

    def is_prepared(self, conn: Connection) -> bool:
        """Return whether a connection has prepared this statement."""
        return self.name in conn.statements

    async def run(
        self,
        conn: Connection,
        values: Sequence[bytes | None],
        sent: Callable[[], None] = lambda: None,
    ) -> list[Any]:
        """Run the statement, in one round trip once it is prepared, and return its rows.

        Args:
            conn: The connection to run it on.
            values: Its values in PostgreSQL's binary format; None is null.
            sent: Called once the statement is sent; must not block or raise.

        Raises:
            psycopg.Error: See `psycopg.AsyncConnection.execute`.
        """
        statements = conn.statements
        try:
            result = await self._send(conn, values, sent)
        except pg.InvalidSqlStatementName:  # another session of a pooler, or it was reset
            statements.pop(self.name, None)
            result = await self._send(conn, values, sent)
        except pg.FeatureNotSupported:  # the schema has changed since the plan was made
            statements.pop(self.name, None)
            conn.pgconn.send_query(b'deallocate "%b"' % self.name)
            await _result(conn)
            result = await self._send(conn, values, sent)
        loaders = statements[self.name]
        known = loaders is not None
        loaders = statements[self.name] = loaders or Transformer(conn)
        loaders.set_pgresult(result, set_loaders=not known)  # the columns stay the same
        return loaders.load_rows(0, result.ntuples, tuple)

    async def _send(
        self, conn: Connection, values: Sequence[bytes | None], sent: Callable[[], None]
    ) -> pq.abc.PGresult:
        """Prepare the statement unless it is prepared, and run it; see `run`."""
        pgconn = conn.pgconn
        if self.name not in conn.statements:
            pgconn.send_prepare(self.name, self.query)
            await _result(conn)
            conn.statements[self.name] = None
        pgconn.send_query_prepared(self.name, values, [BINARY] * len(values), BINARY)
        pgconn.flush()
        sent()
        return await _result(conn)


async def _result(conn: Connection) -> pq.abc.PGresult:
    """Return the result of the statement that was sent.

    Raises:
        psycopg.Error: The server refused it.
    """
    result: pq.abc.PGresult = (await conn.wait(execute(conn.pgconn)))[-1]
    if result.status not in SUCCESS:
        raise pg.error_from_result(result, encoding=conn.pgconn._encoding)
    return result
