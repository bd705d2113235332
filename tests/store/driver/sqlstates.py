"""Error codes of PostgreSQL (Appendix A of its manual)."""

from __future__ import annotations

import inspect

import psycopg
from psycopg import errors as pg

#: All codes of PostgreSQL's appendix A that are errors.
APPENDIX_A = sorted(
    {
        each.sqlstate
        for _, each in inspect.getmembers(pg, inspect.isclass)
        if issubclass(each, psycopg.Error) and each.sqlstate is not None
    }
)
