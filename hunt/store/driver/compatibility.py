"""The private names of psycopg that the driver uses.

Add a name here when the driver overrides or calls another private name.
`tests/test_compatibility.py` fails if an overridden name is missing.
"""

from __future__ import annotations

from hunt.compatibility import ATTRIBUTE, Package

PSYCOPG = Package(
    name="psycopg",
    releases=("3.3",),
    read="3.3.9",
    names={
        "psycopg:AsyncConnection.__aexit__": "self, exc_type, exc_val, exc_tb",
        "psycopg:AsyncConnection._autocommit": ATTRIBUTE,
        "psycopg:AsyncConnection._cancel_gen": "self",
        "psycopg:AsyncConnection._closed": ATTRIBUTE,
        "psycopg:AsyncConnection._connect_gen": "cls, conninfo=",
        "psycopg:AsyncConnection._should_cancel": "self",
        "psycopg:AsyncConnection.cancel_safe": "self, *, timeout=",
        "psycopg:AsyncConnection.connect": (
            "cls, conninfo=, *, autocommit=, prepare_threshold=, context=, row_factory=, "
            "cursor_factory=, **kwargs"
        ),
        "psycopg:AsyncConnection.lock": ATTRIBUTE,
        "psycopg:AsyncConnection.rollback": "self",
        "psycopg:AsyncConnection.transaction": "self, savepoint_name=, force_rollback=",
        "psycopg:AsyncConnection.wait": "self, gen, interval=, timeout=",
        "psycopg._conninfo_utils:get_param": "params, name",
        "psycopg._conninfo_utils:is_ip_address": "s",
        "psycopg._conninfo_utils:split_attempts": "params",
        "psycopg.errors:_WaitTimeout": "*args, info=, encoding=, pgconn=",
        "psycopg.generators:execute": "pgconn",
        "psycopg.pq:PGconn._encoding": ATTRIBUTE,
    },
)
