"""``docs/reference/hunt-file.md``, and the JSON Schema of hunt files.

Types and limits are those of the definition in the HTTP API. The meaning of a field is in
`MEANINGS`, or else the comment of the field in ``hunt/core/definition.py``.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from hunt.core import definition
from hunt.web.openapi import document
from reference_pages import schemas
from reference_pages.tables import head, row

HEAD = """\
# Hunt file

<!-- Generated from hunt/core/definition.py by docs/generate.py: do not edit. -->

A hunt file is TOML: one table `[hunt]`, and a table `[[prize]]` for each prize. `hunt apply FILE`
creates or changes the hunt, and reports all errors at once. `hunt simulate FILE` shows how often
each prize is won. [Design a hunt](../how-to/hunt-design.md) explains how to choose the values. The
[administration](administration.md) takes the same definition as JSON.

[`hunt-file.schema.json`](hunt-file.schema.json) is a JSON Schema of the file. Editors with the
language server Taplo check a file whose first line is `#:schema hunt-file.schema.json`.
`hunt apply` also checks what a schema cannot express: ids of prizes differ, `closes_at` is after
`opens_at`, positions are on the map, the odds sum to at most 1 at each position, and the
[rules](rules.md) fit together.
"""

PAGE = """\
The look of the page that players see; [Pages](pages.md#the-look-of-a-hunt) shows it. Files are in
the folder [`HUNT_PAGES_DIR`](settings.md) of the server. A campaign has one table `[page]` for all
doors.
"""

#: Meanings by component and field, where the comment of the field is meant for programmers.
MEANINGS: Mapping[str, str] = {
    "Definition.id": "Id of the hunt, in addresses and commands; cannot change.",
    "Definition.title": "Title for players.",
    "Definition.map": "Size or edges of the map; see [maps in degrees](rules.md#maps-in-degrees).",
    "Definition.opens_at": "Clicks are refused before this time. Default: from `hunt open` on.",
    "Definition.closes_at": "The hunt ends at this time. Default: with `hunt close`.",
    "Definition.cooldown": "Seconds between two counted clicks of a player.",
    "Definition.timezone": "IANA name of the time zone in which periods begin and end.",
    "Definition.attempts": "Clicks of one player that count in a period. Default: no limit.",
    "Definition.max_wins": "Prizes that one player gets in a period. Default: no limit.",
    "Definition.max_accuracy": "Largest radius of error that a click reports, in metres, or in "
    "map units. Default: no limit.",
    "Definition.max_speed": "Metres, or map units, a second between two counted clicks of a "
    "player. Default: no limit.",
    "Definition.position": "How the page takes positions; see [maps](rules.md#maps-in-degrees).",
    "Definition.test": "Whether it is a [test hunt](test-hunts.md), whose id begins with `test-`; "
    "cannot change.",
    "Definition.retain": "How long positions and ids of players are kept after the end, as in "
    "`2 years`. Default: for ever.",
    "Definition.hints": "`warmth`: a click without a prize is told how near it was; see "
    "[hints](rules.md#hints).",
    "Definition.page": "Look of the page of players. In a hunt file this is the table `[page]`.",
    "Page.scene": "Built-in picture behind the map.",
    "Page.background": "File in `HUNT_PAGES_DIR` that is shown instead of the scene.",
    "Page.logo": "File in `HUNT_PAGES_DIR` that is shown beside the title.",
    "Page.language": "Language of the titles in `[hunt]` and `[[prize]]`.",
    "Page.colours": "Colours of the page. Default: those of the scene, light or dark like the "
    "system.",
    "Page.texts": "Texts by language (BCP 47), as in `[page.texts.de]`.",
    "Colours.paper": "Background.",
    "Colours.ink": "Text. Needs a contrast of at least 7 on the paper.",
    "Colours.accent": "Buttons and wins. Needs a contrast of at least 4.5 on the paper.",
    "PageTexts.title": "Title of the hunt. In a campaign, `{door}` is the number of the door.",
    "PageTexts.campaign": "Title of the campaign, on the page of its doors.",
    "PageTexts.lead": "Line below the title.",
    "PageTexts.click": "Invitation below the map.",
    "PageTexts.nothing": "Outcome of a click without a prize.",
    "PageTexts.prizes": "Heading of the prizes.",
    "PageTexts.empty": "Text instead of the list, before the first click.",
    "PageTexts.rules": "A line about the rules, below the prizes.",
    "PageTexts.prize": "Titles of prizes by their id.",
    "Definition.second_share": "SHA-256 of a third party's share of the seed, in hex; see "
    "[second share](proof.md#second-share).",
    "Claim.fields": "Fields of the form.",
    "Claim.until": "Latest time of a claim: a time, or a duration from the win on, as in "
    "`14 days`. Default: no limit.",
    "Claim.retain": "How long the fields are kept, from the last claim on.",
    "ClaimField.name": "Name of the field, unique in the form.",
    "ClaimField.label": "Text for players.",
    "ClaimField.kind": "Valid values; see [Claims](claims.md).",
    "ClaimField.required": "Whether the field must be filled in.",
    "ClaimField.max": "Largest number of characters.",
    "Quota.count": "Largest number in one period.",
    "Quota.per": "Calendar period; a week begins on Monday.",
    "Map.width": "Largest `x` of a click, in units of your choice.",
    "Map.height": "Largest `y` of a click.",
    "Box.west": "Smallest `x` of a click; in degrees the longitude, from -180.",
    "Box.south": "Smallest `y` of a click; in degrees the latitude.",
    "Box.east": "Largest `x` of a click; in degrees it may be more than 180.",
    "Box.north": "Largest `y` of a click.",
    "Box.unit": "`degrees`: WGS 84, and lengths are metres. `plane`: units of your choice.",
    "PrizeDefinition.id": "Id of the prize, unique in the hunt.",
    "PrizeDefinition.title": "Title for players.",
    "PrizeDefinition.odds": "Probability that a click draws it: everywhere, or by position. "
    "Required, unless the first click wins.",
    "PrizeDefinition.points": "Points for the leaderboard.",
    "PrizeDefinition.stock": "Largest number of grants. Default: no limit.",
    "PrizeDefinition.per_player": "Largest number of grants to one player. Default: no limit.",
    "PrizeDefinition.from": "No grant before this time.",
    "PrizeDefinition.until": "No grant from this time on.",
    "PrizeDefinition.release": "A limit of grants that rises with time: `{ even = true }`, "
    "`{ moments = N }` or steps `[[time, total], ...]`. Default: the stock at once.",
    "PrizeDefinition.win": "`first`: the first click after a release wins, without odds.",
    "PrizeDefinition.unclaimed": "`void`: units that were not won before the next step are lost.",
    "PrizeDefinition.claim": "Claim that a winner must make first; see [Claims](claims.md). "
    "Default: nothing.",
    "PrizeDefinition.overflow": "Prize further down that a draw gets once this stock is used up.",
    "Peak.peak": "Probability at the position itself.",
    "Peak.at": "Position `[x, y]` on the map; secret.",
    "Peak.radius": "Standard deviation, in metres or map units, of the Gaussian by which the "
    "odds fall off.",
    "Area.odds": "Probability within the circle.",
    "Area.at": "Centre `[x, y]` on the map; secret.",
    "Area.within": "Radius of the circle, in metres or map units.",
}

#: A class of `hunt.core.definition` whose schema has another name.
CLASSES = {"PrizeDefinition": "Prize"}

COMMENT = re.compile(r"^    (\w+): .*?  #: (.+)$", re.MULTILINE)
REFERENCE = re.compile(r"#/components/schemas/(\w+)")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a hunt file."""
    components = json.loads(document.document())["components"]["schemas"]
    definitions: dict[str, dict[str, Any]] = {}
    waiting = ["Definition"]
    while waiting:
        name = waiting.pop()
        if name in definitions:
            continue
        waiting += REFERENCE.findall(json.dumps(components[name]))
        definitions[name] = _without_null(components[name])
        for field, each in definitions[name].get("properties", {}).items():
            each["description"] = _meaning(name, field, each)
    definitions["PrizeDefinition"] |= {
        "if": {"properties": {"win": {"const": "first"}}, "required": ["win"]},
        "else": {"required": ["odds"]},
    }
    hunt = definitions.pop("Definition")
    prizes = hunt["properties"].pop("prizes")
    look = hunt["properties"].pop("page")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hunt file",
        "type": "object",
        "properties": {"hunt": hunt, "page": look, "prize": prizes},
        "required": ["hunt"],
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }
    found: dict[str, Any] = json.loads(REFERENCE.sub(r"#/$defs/\1", json.dumps(whole)))
    return found


def _without_null(component: dict[str, Any]) -> dict[str, Any]:
    """Return a component without null: TOML leaves such a field out."""
    fields = {}
    for name, field in component.get("properties", {}).items():
        kept = {key: each for key, each in field.items() if (key, each) != ("default", None)}
        choices = [each for each in kept.pop("anyOf", ()) if each != {"type": "null"}]
        if len(choices) > 1:
            kept["anyOf"] = choices
        fields[name] = kept | choices[0] if len(choices) == 1 else kept
    return component | {"properties": fields} if fields else component


def _meaning(component: str, field: str, found: Mapping[str, Any]) -> str:
    """Return the meaning of a field as a sentence."""
    if (said := MEANINGS.get(f"{component}.{field}")) or (said := found.get("description")):
        return said
    kind = getattr(definition, CLASSES.get(component, component), None)
    comments = dict(COMMENT.findall(inspect.getsource(kind))) if kind else {}
    if field not in comments:
        raise SystemExit(f"docs/reference_pages/hunt_file.py: MEANINGS lacks {component}.{field}")
    said = comments[field].replace("``", "`")
    return said[0].upper() + said[1:] + "."


def schema_text() -> str:
    """Return the schema as a file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Return the page."""
    found = schema()
    lines = [HEAD.rstrip(), "", "## `[hunt]`", "", *_fields(found["properties"]["hunt"])]
    limit = found["properties"]["prize"]["maxItems"]
    lines += [
        "",
        "## `[[prize]]`",
        "",
        f"At most {limit} prizes. A click wins one of them or nothing.",
        "",
    ]
    lines += _fields(found["$defs"]["PrizeDefinition"])
    lines += ["", "## `[page]`", "", PAGE.rstrip(), "", *_fields(found["$defs"]["Page"])]
    for name, each in found["$defs"].items():
        if name not in {"Page", "PrizeDefinition"}:
            lines += ["", f"## {name}", ""]
            if "description" in each:
                lines += [" ".join(each["description"].replace("``", "`").split()), ""]
            lines += _fields(each) if "properties" in each else [schemas.described(each)]
    example = resources.files("hunt").joinpath("harbour.toml").read_text("utf-8")
    lines += ["", "## Example", "", "```toml", example.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _fields(table: Mapping[str, Any]) -> Iterator[str]:
    required = table.get("required", ())
    yield from head("field", "value", "default", "meaning")
    for name, each in table["properties"].items():
        default = "required" if name in required else _default(each)
        yield row(f"`{name}`", schemas.described(each), default, each["description"])


def _default(field: Mapping[str, Any]) -> str:
    return f"`{json.dumps(field['default'])}`" if "default" in field else ""
