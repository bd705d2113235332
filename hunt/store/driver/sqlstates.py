"""The meaning of every SQLSTATE for a commit and for a read.

The codes are in appendix A of PostgreSQL's documentation; a class is their first two
characters.  A code in no table counts as a failure of one hunt.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Meaning(Enum):
    """The consequence of an error of the server for a commit.

    A read that fails is retried later, and a client that waits for it gets 503.  `READ_ONLY`
    closes all connections, after a read as after a commit.
    """

    UNAVAILABLE = "not recorded; refuse, and count it for the breaker"
    READ_ONLY = "not recorded; refuse, open the breaker at once, and connect anew"
    UNKNOWN = "perhaps recorded; send the same batch again, and count it for the breaker"
    RETRY = "not recorded; send the same batch again"
    TIMEOUT = "not recorded; split the batch, and refuse what takes too long alone"
    REJECTED = "not recorded; split the batch until the rejected row is found"
    HUNT = "not recorded; only this hunt refuses clicks, until one of its commits succeeds"


class Rule(NamedTuple):
    """The meaning of a code or a class, and the reason."""

    meaning: Meaning
    why: str


UNAVAILABLE, READ_ONLY, UNKNOWN = Meaning.UNAVAILABLE, Meaning.READ_ONLY, Meaning.UNKNOWN
RETRY, TIMEOUT, REJECTED, HUNT = Meaning.RETRY, Meaning.TIMEOUT, Meaning.REJECTED, Meaning.HUNT

#: A code in no table: a function of hunt or an extension may raise it.
DEFAULT = Rule(HUNT, "the code is unknown, so it counts as a failure of one hunt")

CLASSES = {
    "00": Rule(HUNT, "success is not an error: the server violates the protocol"),
    "01": Rule(HUNT, "a warning is not an error: the server violates the protocol"),
    "02": Rule(HUNT, "a function of the schema found no row that it needs"),
    "03": Rule(HUNT, "hunt sends no incomplete statement"),
    "08": Rule(UNKNOWN, "the connection failed after the batch was sent; 08P01 from a pooler"),
    "09": Rule(HUNT, "a trigger on this hunt's tables failed"),
    "0A": Rule(RETRY, "a cached plan does not fit the schema any more: prepare it again"),
    "0B": Rule(HUNT, "hunt begins no transaction within a commit"),
    "0F": Rule(HUNT, "hunt uses no locators"),
    "0L": Rule(HUNT, "hunt grants nothing"),
    "0P": Rule(UNAVAILABLE, "the role of the session is gone, which every hunt uses"),
    "0Z": Rule(HUNT, "a function of the schema failed in its error handling"),
    "10": Rule(HUNT, "hunt sends no XML queries"),
    "20": Rule(HUNT, "a function of the schema met a case that it does not know"),
    "21": Rule(HUNT, "a function of the schema found more rows than it allows for"),
    "22": Rule(REJECTED, "a value of some row cannot be stored"),
    "23": Rule(HUNT, "the tables of this hunt contradict each other"),
    "24": Rule(HUNT, "hunt uses no cursors"),
    "25": Rule(HUNT, "hunt sends no statement that the state of a transaction forbids"),
    "26": Rule(RETRY, "a pooler gave another session, or the session was reset: prepare it again"),
    "27": Rule(HUNT, "a trigger on this hunt's tables changed the row that the commit changes"),
    "28": Rule(UNAVAILABLE, "the server does not let hunt in, so nothing was sent"),
    "2B": Rule(HUNT, "hunt drops no roles"),
    "2D": Rule(HUNT, "a function of the schema tried to end the transaction"),
    "2F": Rule(HUNT, "a function of the schema did what its declaration forbids"),
    "34": Rule(HUNT, "hunt uses no cursors"),
    "38": Rule(HUNT, "an external function failed, perhaps in a trigger on this hunt's tables"),
    "39": Rule(HUNT, "a function was called wrongly, perhaps by a trigger on this hunt's tables"),
    "3B": Rule(HUNT, "a commit has no savepoints"),
    "3D": Rule(UNAVAILABLE, "the database does not exist, so nothing was sent"),
    "3F": Rule(UNAVAILABLE, "the schema is gone, which every hunt uses"),
    "40": Rule(RETRY, "the transaction was rolled back in favour of another"),
    "42": Rule(UNAVAILABLE, "tables, functions or rights are missing, which every hunt uses"),
    "44": Rule(REJECTED, "a view with a check option refuses some row"),
    "53": Rule(UNAVAILABLE, "the server is out of disk, memory or connections"),
    "54": Rule(HUNT, "a statement is too large for the server"),
    "55": Rule(HUNT, "an object of this hunt is in use, or not ready"),
    "57": Rule(UNAVAILABLE, "an operator intervened, for example by a shutdown or a start"),
    "58": Rule(UNAVAILABLE, "the operating system failed the server"),
    "72": Rule(RETRY, "the snapshot was too old: a new transaction has a new one"),
    "F0": Rule(UNAVAILABLE, "the server's configuration cannot be read"),
    "HV": Rule(HUNT, "a partition of this hunt is a foreign table, whose server fails"),
    "P0": Rule(HUNT, "a function of the schema failed"),
    "XX": Rule(HUNT, "data of this hunt are corrupt, or the server has a defect that it triggers"),
}

CODES = {
    "23502": Rule(REJECTED, "some row lacks a value"),
    "23514": Rule(REJECTED, "a check of the table refuses some row"),
    "25006": Rule(READ_ONLY, "the server is a standby, or was made read-only"),
    "25P02": Rule(RETRY, "a pooler gave a session in a failed transaction: another may work"),
    "25P03": Rule(UNKNOWN, "the session was ended, perhaps while the batch was on its way"),
    "25P04": Rule(UNKNOWN, "the session was ended, perhaps after its commit"),
    "40002": Rule(HUNT, "a constraint that is checked at the commit would fail again"),
    "40003": Rule(UNKNOWN, "the server says that it does not know"),
    "42P05": Rule(RETRY, "a pooler gave a session that knows the statement: another may not"),
    "54000": Rule(UNAVAILABLE, "the queue of NOTIFY is full, which every commit needs"),
    "55P03": Rule(HUNT, "a lock was not granted in time; an operator may hold this hunt's row"),
    "57014": Rule(TIMEOUT, "a statement timeout, or the statement was cancelled by hand"),
    "57P01": Rule(UNKNOWN, "the session was ended by an operator, perhaps after its commit"),
    "57P02": Rule(UNKNOWN, "the server crashed, perhaps after the commit"),
    "57P04": Rule(UNKNOWN, "the database was dropped, perhaps after the commit"),
    "57P05": Rule(UNKNOWN, "the session was ended, perhaps while the batch was on its way"),
    "58030": Rule(HUNT, "a file cannot be read or written; it may be that of one partition"),
    "58P01": Rule(HUNT, "a file is missing; it may be that of one partition"),
    "P0001": Rule(REJECTED, "a trigger refuses some row"),
}

#: Codes and classes with which a server or a pooler refuses a session.  The error ends the
#: connection, but no statement was sent.
BEFORE_SESSION = frozenset({"28", "3D", "53300", "57P03"})


def rule(sqlstate: str, *, severity: str = "ERROR", constraint: bool = True) -> Rule:
    """Return the meaning of an error that a statement got.

    Args:
        sqlstate: Five characters.
        severity: ``ERROR``, ``FATAL`` or ``PANIC``.
        constraint: Whether the error names a constraint or column that was violated.
    """
    if severity in {"FATAL", "PANIC"} and not BEFORE_SESSION & {sqlstate, sqlstate[:2]}:
        return Rule(UNKNOWN, "the error ended the session, perhaps after the commit")
    if sqlstate == "23514" and not constraint:
        return Rule(HUNT, "the hunt's log has no partition")
    return CODES.get(sqlstate) or CLASSES.get(sqlstate[:2]) or DEFAULT
