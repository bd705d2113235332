"""A statement that a connection prepares itself, for calls with little overhead."""

from __future__ import annotations


class Statement:
    """A statement that each connection prepares when it first runs it.

    Args:
        name: Name of the prepared statement; unique among all statements.
        query: SQL, with $1, $2 ... for its values.
    """

    def __init__(self, name: str, query: str) -> None:
        self.name = name.encode()
        self.query = query.encode()
