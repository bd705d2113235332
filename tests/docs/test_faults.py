"""The page of fault metrics lists every kind that the code counts."""

from __future__ import annotations

import re
from pathlib import Path

from hunt.error_kinds import kinds
from hunt.errors import StoreError

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "faults.md").read_text("utf-8")


def section(title: str) -> str:
    """Return the text below a heading."""
    _, _, rest = PAGE.partition(f"## {title}")
    return rest.partition("\n## ")[0]


def test_every_kind_of_failed_commit_is_listed() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", section("Commits"), re.MULTILINE)
    assert len(set(listed)) == len(listed)
    assert set(listed) == {kind.label for kind in kinds(StoreError)}
