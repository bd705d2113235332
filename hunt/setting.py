"""The declaration of one setting, beside its type and its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hunt.values import Parser


@dataclass(frozen=True, slots=True)
class Setting:
    """The parser and the documentation of one setting."""

    parser: Parser[Any]  #: parses the value from a file, a variable or a flag
    unit: str  #: of the value, as "seconds"; empty without one
    meaning: str  #: one or two sentences, for the reference
    example: str = field(default="", kw_only=True)  #: a value; empty: show the default instead
    default: str = field(default="", kw_only=True)  #: in words; empty: show its value instead
    #: The value is never shown, and may be read from a file.
    secret: bool = field(default=False, kw_only=True)
