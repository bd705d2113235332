"""Lists of mutants with the same subject and the same tests."""

from __future__ import annotations

from tests.mutation.functions import Mutant

#: For each subject, a function or the path of a module: its tests, and pairs of a text and the
#: text that replaces it.
Listed = tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...]


def mutants(listed: Listed) -> tuple[Mutant, ...]:
    """Return the mutants of a list."""
    return tuple(
        Mutant(subject, old, new, tests)
        for subject, tests, changes in listed
        for old, new in changes
    )
