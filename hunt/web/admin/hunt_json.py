"""Hunts as JSON for operators, and definitions from the JSON of operators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hunt.core.definition import Definition
from hunt.core.hunt_file import from_json, to_json
from hunt.core.hunts import Hunt
from hunt.errors import DefinitionError, InvalidRequest


def hunt_summary(hunt: Hunt) -> dict[str, object]:
    """Return a hunt as it is listed."""
    return {
        "id": hunt.id,
        "title": hunt.definition.title,
        "state": hunt.phase(hunt.as_of),
        "version": hunt.version,
        "epoch": hunt.epoch,
        "clicks": hunt.last_seq,
        **({"test": True} if hunt.definition.test else {}),
    }


def hunt_details(hunt: Hunt) -> dict[str, object]:
    """Return a hunt with its definition, secret positions included, and its stock."""
    return hunt_summary(hunt) | {
        "commitment": hunt.commitment,
        "definition": to_json(hunt.definition),
        "prizes": hunt_stock(hunt),
    }


def hunt_stock(hunt: Hunt) -> list[dict[str, object]]:
    """Return the total and remaining stock of every prize; None is unlimited."""
    return [
        {
            "id": prize.id,
            "stock": hunt.codes.get(prize.id, prize.stock),
            "stock_left": hunt.stock_left.get(prize.id),
        }
        for prize in hunt.definition.prizes
    ]


def parse_definition(raw: dict[str, object]) -> Definition:
    """Return the definition in a request body.

    Raises:
        InvalidRequest: The definition is not valid; names the fields.
    """
    with definition_errors():
        return from_json(raw)


def restock(definition: Definition, stock: dict[str, object]) -> Definition:
    """Return a definition with other stock.

    Args:
        definition: The definition so far.
        stock: Total stock by prize id, None for unlimited; other prizes keep theirs.

    Raises:
        InvalidRequest: There is no such prize.
        DefinitionError: A stock is not valid.
    """
    known = {prize.id for prize in definition.prizes}
    if unknown := stock.keys() - known:
        raise InvalidRequest(
            "the stock is not valid", errors=dict.fromkeys(unknown, "there is no such prize")
        )
    changed = to_json(definition)
    prizes = changed["prizes"]
    assert isinstance(prizes, list)
    for prize in prizes:
        prize["stock"] = stock.get(prize["id"], prize["stock"])
    return replace(definition, prizes=from_json(changed).prizes)


@contextmanager
def definition_errors() -> Iterator[None]:
    """Raise `InvalidRequest` for a `DefinitionError` in the block."""
    try:
        yield
    except DefinitionError as exc:
        raise invalid_definition(exc) from None


def invalid_definition(error: DefinitionError) -> InvalidRequest:
    """Return the refusal of a definition, with the field names of its JSON."""
    errors = {
        name.removeprefix("hunt.").replace("prize", "prizes", 1)
        if name.startswith(("hunt.", "prize"))
        else name: wrong
        for name, wrong in error.errors.items()
    }
    return InvalidRequest("the hunt is not valid", errors=errors)
