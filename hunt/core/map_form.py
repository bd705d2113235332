"""Validation of a map and of the positions on it, and their form in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import get_args

from hunt.core.definition import Area, Definition, Peak, Source
from hunt.core.form import Form
from hunt.core.maps import Map

_EDGES = ("west", "south", "east", "north")
_NO_MAP = Map.sized(0.0, 0.0)  # after an error; positions are not checked on it


def read(form: Form, field: str, value: object) -> Map:
    """Return a map: ``{ width, height }``, or its four edges and perhaps their unit."""
    table = form.table(field, value)
    if not any(edge in table for edge in (*_EDGES, "unit")):
        form.known(f"{field}.", table, {"width", "height"})
        width = form.number(f"{field}.width", table.get("width"), above=0)
        height = form.number(f"{field}.height", table.get("height"), above=0)
        return Map.sized(width, height)
    form.known(f"{field}.", table, {*_EDGES, "unit"})
    unit = form.choice(f"{field}.unit", table.get("unit", "degrees"), ("degrees", "plane"))
    if unit is None:
        return _NO_MAP
    limits = {"west": (-180.0, 180.0), "south": (-90.0, 90.0), "east": (-180.0, 540.0)}
    found = {}
    for edge in _EDGES:
        least, most = limits.get(edge, (-90.0, 90.0))
        bounds = {"least": least, "most": most} if unit == "degrees" else {}
        found[edge] = form.number(f"{field}.{edge}", table.get(edge), **bounds)
    if form.has_errors(f"{field}."):
        return _NO_MAP
    made = Map(**found, unit=unit)  # type: ignore[arg-type]
    if made.north <= made.south:
        form.wrong(f"{field}.north", "must be more than south")
    if made.east <= made.west and made.is_degrees:
        form.wrong(
            f"{field}.east",
            f"must be more than west; a map over the 180th meridian counts on, "
            f"as in east = {made.east + 360:.15g}",
        )
    elif made.east <= made.west:
        form.wrong(f"{field}.east", "must be more than west")
    elif made.is_degrees and made.east - made.west > 360:
        form.wrong(f"{field}.east", "must be at most 360 more than west")
    return made


def position(form: Form, field: str, value: object, on: Map) -> tuple[float, float]:
    """Return a position on a map: ``[x, y]`` or a GeoJSON point (RFC 7946)."""
    if isinstance(value, dict):
        form.known(f"{field}.", value, {"type", "coordinates"})
        form.choice(f"{field}.type", value.get("type"), ("Point",))
        field, value = f"{field}.coordinates", value.get("coordinates")
    if not isinstance(value, list | tuple) or len(value) != 2:
        form.wrong(field, "must be a position [x, y]")
        return 0.0, 0.0
    x, y = value
    if isinstance(x, float | int) and not isinstance(x, bool):
        x = on.wrapped(x)
    if on.east <= on.west or on.north <= on.south:  # an error of the map, which is named
        return form.number(f"{field}[0]", x), form.number(f"{field}[1]", y)
    return (
        form.number(f"{field}[0]", x, least=on.west, most=on.east),
        form.number(f"{field}[1]", y, least=on.south, most=on.north),
    )


def odds(form: Form, where: str, raw: object, on: Map) -> Peak | Area:
    """Return odds by position: a peak or an area."""
    table = form.table(where, raw)
    is_area = "within" in table or "odds" in table
    chance, length = ("odds", "within") if is_area else ("peak", "radius")
    form.known(f"{where}.", table, {chance, "at", length})
    most = form.number(
        f"{where}.{chance}", table.get(chance, 1 if is_area else None), least=0, most=1
    )
    at = position(form, f"{where}.at", table.get("at"), on)
    size = form.number(f"{where}.{length}", table.get(length), above=0)
    return Area(most, at, size) if is_area else Peak(most, at, size)


def limit(form: Form, field: str, value: object) -> float | None:
    """Return a limit, or None if there is no value.

    The database divides by it, and raises an error if the quotient overflows.
    """
    return None if value is None else form.number(field, value, least=1e-9)


def source(form: Form, field: str, value: object, on: Map, *, needs_accuracy: bool) -> Source:
    """Return how the page takes positions."""
    if value is None:
        value = "device" if needs_accuracy and on.is_degrees else "tap"
    found: Source = form.choice(field, value, get_args(Source)) or "tap"  # type: ignore[assignment]
    if found != "tap" and not on.is_degrees:
        form.wrong(field, "must be tap, unless the map is in degrees")
    if found != "device" and needs_accuracy and on.is_degrees:
        form.wrong(field, "must be device, because a tap has no accuracy for max_accuracy")
    return found


def to_json(on: Map) -> dict[str, object]:
    """Return a map in the form that `read` reads."""
    if on.unit == "size":
        return {"width": on.east, "height": on.north}
    return asdict(on)


def from_json(value: object) -> Map:
    """Return a map that `to_json` has made.

    Raises:
        DefinitionError: It is not such a map.
    """
    form = Form()
    found = read(form, "map", value)
    form.finish()
    return found


def limits_to_json(definition: Definition) -> Mapping[str, object]:
    """Return the limits of positions that a hunt has."""
    found = {
        "max_accuracy": definition.max_accuracy,
        "max_speed": definition.max_speed,
        "position": None if definition.position == "tap" else definition.position,
    }
    return {name: value for name, value in found.items() if value is not None}
