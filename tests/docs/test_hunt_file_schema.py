"""The JSON Schema of hunt files accepts what the parser accepts."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hunt.core import hunt_file
from hunt.errors import DefinitionError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/reference/hunt-file.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

FILES = [ROOT / "hunt" / "harbour.toml"]
BLOCK = re.compile(r"^ *```toml\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

#: Errors that a schema cannot find: they concern several fields, or forms of text.
BEYOND = re.compile(
    r"used more than once|must be after|must be a time|odds sum|hunt\.map|odds\.at\[|line of 1 to"
    r"|needs from and until|needs a release|needs a stock|must name a prize"
)

#: Every kind of field, within its limits.
COMPLETE = """
[hunt]
id = "river"
title = "River"
map = { width = 10, height = 10.5 }
opens_at = 2026-11-01T18:00:00Z
closes_at = 2026-11-01T20:00:00+01:00
cooldown = 1.5
timezone = "Europe/Berlin"
attempts = { count = 3, per = "day" }
max_wins = { count = 1, per = "hunt" }

[[prize]]
id = "voucher"
title = "Voucher"
win = "first"
release = { moments = 5 }
unclaimed = "void"

[[prize]]
id = "ticket"
title = "Ticket"
odds = 0.1
stock = 3
from = 2026-11-01T18:10:00Z
until = 2026-11-01T18:50:00Z
release = { even = true }
overflow = "pearl"

[[prize]]
id = "boat"
title = "Boat"
odds = 0.1
release = [[2026-11-01T18:00:00Z, 1], [2026-11-01T18:30:00Z, 2]]

[[prize]]
id = "pearl"
title = "Pearl"
points = 5
odds = 0.25
stock = 10
per_player = 1

[[prize]]
id = "coin"
title = "Coin"
odds = { peak = 0.1, at = [1, 2], radius = 3 }

[[prize]]
id = "shell"
title = "Shell"
odds = { odds = 0.1, at = [1, 2], within = 3 }
"""

WRONG = ["", 2, -1, 0.5, True, [], {}, [1], {"peak": 2}, "x", datetime(2026, 1, 1), 2**31, "ä\n"]


def plain(value: object) -> Any:
    """Return a value of TOML as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def examples() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every hunt file in the repository and its documents."""
    for path in FILES:
        yield path.name, path.read_text("utf-8")
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for number, text in enumerate(BLOCK.findall(path.read_text("utf-8"))):
            if "[hunt]" in text and "[campaign]" not in text:
                yield f"{path.name}-{number}", text


EXAMPLES = dict(examples())


def parsed(raw: dict[str, Any]) -> dict[str, str]:
    """Return the errors that the parser finds, by field."""
    try:
        hunt_file.from_tables(raw)
    except DefinitionError as exc:
        return exc.errors
    return {}


def changed(value: Any) -> Iterator[Any]:
    """Yield a value with each of its parts replaced by something else, or left out."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            yield from ({**value, name: other} for other in changed(each))
        yield {**value, "unknown": 1}
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from ([*value[:number], other, *value[number + 1 :]] for other in changed(each))
    yield from WRONG


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_accepted_by_parser_and_schema(name: str) -> None:
    hunt_file.parse(EXAMPLES[name])
    found = VALIDATOR.iter_errors(plain(tomllib.loads(EXAMPLES[name])))
    assert [error.message for error in found] == []


def test_schema_and_parser_agree_on_every_changed_file() -> None:
    complete = tomllib.loads(COMPLETE)
    assert parsed(deepcopy(complete)) == {}
    assert list(VALIDATOR.iter_errors(plain(complete))) == []
    differ = []
    count = 0
    for raw in changed(complete):
        if not isinstance(raw, dict):
            continue
        count += 1
        errors = parsed(raw)
        within = [each for item in errors.items() if not BEYOND.search(each := ": ".join(item))]
        accepted = VALIDATOR.is_valid(plain(raw))
        if accepted and within:
            differ.append((raw, within))
        if not accepted and not errors:
            differ.append((raw, [next(VALIDATOR.iter_errors(plain(raw))).message]))
    assert differ == []
    assert count > 300
