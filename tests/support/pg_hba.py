"""An access rule (``pg_hba.conf``) for PostgreSQL servers of tests."""

from __future__ import annotations

from pathlib import Path

RULES = """
local all all trust
local replication all trust
"""


def trusting(folder: Path) -> dict[str, str]:
    """Write a rule that trusts all local connections; return PostgreSQL's setting for it.

    A standby or a PgBouncer that runs as a user without a name cannot use peer
    authentication.

    Args:
        folder: Existing folder that PostgreSQL can read.
    """
    file = folder / "postgresql.trust.conf"
    file.write_text(RULES, "utf-8")
    file.chmod(0o644)
    return {"hba_file": str(file)}
