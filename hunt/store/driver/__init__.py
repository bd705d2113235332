"""PostgreSQL on Trio: psycopg's connection with its waiting replaced, and a connection pool."""

from __future__ import annotations

from hunt.compatibility import check
from hunt.store.driver.compatibility import PSYCOPG

# Checked here, before the modules of this package import private names of psycopg.
check(PSYCOPG)
