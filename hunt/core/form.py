"""Validation of a hunt file that collects all errors instead of stopping at the first."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from hunt.errors import DefinitionError

ID = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)

#: The ids that `ID` matches, in words.
VALID_ID = "1 to 64 lower-case letters, digits or hyphens"

#: Largest number that is accepted.  The database returns larger ones as integers of many
#: digits, which may be too large for a float.
_LARGE = 10**18

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Form:
    """Reads values of a table, and collects errors by field."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}

    def wrong(self, field: str, sentence: str) -> None:
        """Add an error of a field, unless it has one already."""
        self._errors.setdefault(field, sentence)

    def has_errors(self, prefix: str) -> bool:
        """Return whether there is an error of a field whose name begins with a prefix."""
        return any(field.startswith(prefix) for field in self._errors)

    def finish(self) -> None:
        """Raise `DefinitionError` if there are errors."""
        if self._errors:
            raise DefinitionError(self._errors)

    def known(self, prefix: str, table: Mapping[str, object], names: Collection[str]) -> None:
        """Add an error for each unknown name in a table."""
        for name in table:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(names))}"
                self.wrong(f"{prefix}{name}", f"is unknown; {hint}")

    def table(self, field: str, value: object) -> Mapping[str, object]:
        """Return a table; an empty one after an error, so that validation goes on."""
        if isinstance(value, dict):
            return value
        self.wrong(field, "must be a table")
        return {}

    def identifier(self, field: str, value: object) -> str:
        """Return an id."""
        if isinstance(value, str) and ID.fullmatch(value):
            return value
        self.wrong(field, f"must be {VALID_ID}")
        return ""

    def choice(self, field: str, value: object, choices: Sequence[str]) -> str | None:
        """Return one of some words, or None after an error."""
        if isinstance(value, str) and value in choices:
            return value
        self.wrong(field, f"must be one of {', '.join(choices)}")
        return None

    def flag(self, field: str, value: object) -> bool:
        """Return true or false."""
        if not isinstance(value, bool):
            self.wrong(field, "must be true or false")
        return value is True

    def title(self, field: str, value: object) -> str:
        """Return a title: one line of text."""
        if isinstance(value, str) and 1 <= len(value) <= 200 and value.isprintable():
            return value
        self.wrong(field, "must be one line of 1 to 200 characters")
        return ""

    def number(
        self,
        field: str,
        value: object,
        *,
        least: float = -math.inf,
        above: float = -math.inf,
        most: float = math.inf,
    ) -> float:
        """Return a number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(field, "must be a number")
        elif abs(value) > _LARGE:
            self.wrong(field, f"must be a number, at most {_LARGE:g}")
        elif not math.isfinite(value) or not above < value or not least <= value <= most:
            bounds = []
            if above > -math.inf:
                bounds.append(f"more than {above:g}")
            if least > -math.inf:
                bounds.append(f"at least {least:g}")
            if most < math.inf:
                bounds.append(f"at most {most:g}")
            self.wrong(field, f"must be {' and '.join(bounds) or 'finite'}, not {value:g}")
        else:
            return float(value)
        return 0.0

    def sha256(self, field: str, value: object) -> str | None:
        """Return a SHA-256 in hex, or None if there is no value."""
        if value is None or (isinstance(value, str) and _SHA256.fullmatch(value)):
            return value
        self.wrong(field, "must be a SHA-256: 64 digits of 0-9 and a-f")
        return None

    def whole(self, field: str, value: object, *, least: int) -> int | None:
        """Return a whole number, or None if there is no value."""
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**31:
            return value
        self.wrong(field, f"must be a whole number, {least} to {2**31 - 1}")
        return None

    def moment(self, field: str, value: object) -> datetime | None:
        """Return a time in UTC, or None if there is no value."""
        if value is None:
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            try:
                return value.astimezone(UTC)
            except OverflowError:  # the first or the last day of the calendar, elsewhere
                self.wrong(field, "must be a time from year 1 to year 9999, in UTC")
                return None
        self.wrong(field, "must be a time with its offset, as in 2026-11-01T18:00:00Z")
        return None
