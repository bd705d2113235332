"""JSON Schemas in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hunt.plurals import plural
from reference_pages.tables import head, row

Schema = Mapping[str, Any]


def described(schema: Schema) -> str:
    """Return the valid values of a schema; names of components are links to their headings."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(described(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    return _typed(schema)


def _typed(schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return "time with offset, as in `2026-11-01T18:00:00Z`"
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(_typed({**schema, "type": each}) for each in kind)
    if kind == "array":
        return f"list of {described(schema.get('items') or {})}{_bounds(schema)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {described(schema['additionalProperties'])}"
    words = {"integer": "whole number", "boolean": "true or false", "string": "text"}
    return words.get(kind, kind) + _bounds(schema)


def _bounds(schema: Schema) -> str:
    """Return the limits of a value, after a comma."""
    found = [
        _range(schema.get(least), schema.get(most), noun)
        for least, most, noun in (
            ("minimum", "maximum", ""),
            ("minLength", "maxLength", "character characters"),
            ("minItems", "maxItems", "entry entries"),
        )
    ]
    found += [
        words.format(schema[name])
        for name, words in (
            ("exclusiveMinimum", "more than {}"), ("exclusiveMaximum", "less than {}"),
            ("pattern", "`{}`"), ("format", "{}"),
        )
        if name in schema
    ]  # fmt: skip
    return "".join(f", {each}" for each in found if each)


def _range(least: int | None, most: int | None, nouns: str) -> str:
    """Return the bounds of a number, or of a number of things.

    Args:
        least: The least number, or None.
        most: The largest number, or None.
        nouns: The noun of one thing and that of several; empty for a bare number.
    """
    last = least if most is None else most
    if last is None:
        return ""
    shown = plural(last, *nouns.split()) if nouns else str(last)
    if most is None:
        return f"at least {shown}"
    if least is None:
        return f"at most {shown}"
    return shown if least == most else f"{least} to {shown}"


def fields(schema: Schema) -> Iterator[str]:
    """Yield a table of the fields of an object."""
    required = schema.get("required", ())
    yield from head("field", "value", "required")
    for name, each in schema["properties"].items():
        yield row(f"`{name}`", described(each), "yes" if name in required else "")
