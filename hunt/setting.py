"""The declaration of one setting, beside its type and its default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hunt.values import Parser


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about a setting but its name, its type and its default."""

    parser: Parser[Any]  #: parses the value from a file, a variable or a flag
    unit: str  #: of the value, as "seconds"; empty without one
    meaning: str  #: one or two sentences, for the reference
    example: str = field(default="", kw_only=True)  #: a value; empty: the default is one
    default: str = field(default="", kw_only=True)  #: in words; empty: the value of the default
    #: The value is never shown, and may be read from a file.
    secret: bool = field(default=False, kw_only=True)
