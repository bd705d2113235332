"""Tests of the table ``[page]`` of a hunt file."""

from __future__ import annotations

import json

import pytest

from hunt.core import campaign_file, hunt_file
from hunt.core.definition import differences
from hunt.core.page import Colours, Page, PageTexts, page_text, texts_to_json, to_json
from hunt.errors import DefinitionError
from tests.support.wrong_fields import wrong_fields

HUNT = '[hunt]\nid = "a"\ntitle = "A"\nmap = { width = 1, height = 1 }\n'
WHOLE = """
[page]
scene = "city"
background = "night.webp"
logo = "logo.svg"
language = "de"
colours = { paper = "#101020", ink = "#FFFFFF", accent = "#ffcc66" }

[page.texts.pt-br]
title = "Olá"
prize = { gold = "Ouro" }

[page.texts.en]
lead = "Hello."
"""


def errors(table: str) -> dict[str, str]:
    return wrong_fields(hunt_file.parse, HUNT + table)


def test_page_is_read_and_written_without_loss() -> None:
    definition = hunt_file.parse(HUNT + WHOLE)
    assert definition.page == Page(
        scene="city",
        background="night.webp",
        logo="logo.svg",
        language="de",
        colours=Colours("#101020", "#ffffff", "#ffcc66"),
        texts=(
            PageTexts("en", (("lead", "Hello."),)),
            PageTexts("pt-BR", (("title", "Olá"),), (("gold", "Ouro"),)),
        ),
    )
    stored = json.loads(json.dumps(hunt_file.to_json(definition)))
    assert hunt_file.from_json(stored) == definition
    stored["page"]["logo"] = None
    assert hunt_file.from_json(stored).page != definition.page


def test_page_is_the_default_without_a_table() -> None:
    definition = hunt_file.parse(HUNT)
    assert definition.page is None
    assert "page" not in hunt_file.to_json(definition)


def test_all_doors_of_a_campaign_have_its_page() -> None:
    text = """
[campaign]
id = "c"
title = "C"
doors = 2
first = 2030-12-01
[hunt]
title = "Door {door}"
map = { width = 1, height = 1 }
[page]
scene = "winter"
[page.texts.de]
campaign = "Kalender"
title = "Tür {door}"
"""
    found = campaign_file.parse_campaign(text)
    assert [each.definition.page for each in found.doors] == [
        Page(
            scene="winter",
            texts=(PageTexts("de", (("title", f"Tür {number}"), ("campaign", "Kalender"))),),
        )
        for number in (1, 2)
    ]


def test_texts_of_a_campaign_that_are_not_tables_are_refused() -> None:
    begin = '[campaign]\nid = "c"\ntitle = "C"\ndoors = 1\nfirst = 2030-12-01\n'
    hunt = '[hunt]\ntitle = "Door"\nmap = { width = 1, height = 1 }\n'
    for wrong in ("page = 1\n", "page = { texts = 1 }\n", "page = { texts = { de = 1 } }\n"):
        with pytest.raises(DefinitionError):
            campaign_file.parse_campaign(wrong + begin + hunt)


def test_change_of_the_page_is_a_difference() -> None:
    old, new = hunt_file.parse(HUNT), hunt_file.parse(HUNT + WHOLE)
    assert differences(old, new) == [
        "hunt a: page None -> night.webp, logo logo.svg, colours #ffcc66, texts en, pt-BR"
    ]


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/a.png", "a/b.png", ".a.png", "a.html", "a.png\n", "a"]
)
def test_file_is_a_name_without_a_folder(name: str) -> None:
    assert "page.logo" in errors(f"[page]\nlogo = {json.dumps(name)}\n")
    assert "page.background" in errors(f"[page]\nbackground = {json.dumps(name)}\n")


def test_colours_need_contrast() -> None:
    found = errors('[page]\ncolours = { paper = "#101020", ink = "#808080", accent = "#202040" }\n')
    assert found == {
        "page.colours.ink": "has a contrast of 4.8 on the paper #101020, and needs 7: "
        "make it lighter",
        "page.colours.accent": "has a contrast of 1.1 on the paper #101020, and needs 4.5: "
        "make it lighter",
    }
    assert (
        "make it darker"
        in errors('[page]\ncolours = { paper = "#ffffff", ink = "#000000", accent = "#dddddd" }\n')[
            "page.colours.accent"
        ]
    )


def test_wrong_values_are_reported_together() -> None:
    found = errors(
        '[page]\nscene = "sea"\nlanguage = "german"\nlook = 1\ncolours = { paper = "red" }\n'
        'texts = { de = { title = "", prize = { "G!" = "x" } }, DE = { lead = 1 }, xx_y = {} }\n'
    )
    line = "must be one line of 1 to 300 characters"
    tag = "must be a language tag (BCP 47) such as de, pt-BR or zh-Hant"
    colour = "must be a colour such as #0d1b2a"
    assert found == {
        "page.colours.accent": colour,
        "page.colours.ink": colour,
        "page.colours.paper": colour,
        "page.language": tag,
        "page.look": "is unknown; did you mean logo?",
        "page.scene": "must be one of harbour, city, winter, stage",
        "page.texts.DE": "is a language that has texts already: de",
        "page.texts.DE.lead": line,
        "page.texts.de.prize.G!": "must be 1 to 64 lower-case letters, digits or hyphens",
        "page.texts.de.title": line,
        "page.texts.xx_y": tag,
    }
    assert errors(
        "[page]\nlanguage = 1\nlogo = 1\n"
        f'texts = {{ de = {{ lead = "{"x" * 301}", prize = {{ gold = "" }}, zz = 1 }}, en = 1 }}\n'
        '[page.colours]\npaper = 1\nink = "#0000000"\naccent = "#00000g"\nq = 1\n'
    ) == {
        "page.colours.accent": colour,
        "page.colours.ink": colour,
        "page.colours.paper": colour,
        "page.colours.q": "is unknown; known: accent, ink, paper",
        "page.language": tag,
        "page.logo": "must be the name of a .png, .jpg, .webp, .avif or .svg file, without a "
        "folder; the file is in the folder HUNT_PAGES_DIR",
        "page.texts.de.lead": line,
        "page.texts.de.prize.gold": "must be one line of 1 to 200 characters",
        "page.texts.de.zz": "is unknown; known: campaign, click, empty, lead, nothing, prize, "
        "prizes, rules, title",
        "page.texts.en": "must be a table",
    }
    for wrong in ("page = 1", "[page]\ntexts = 1", "[page]\ncolours = 1"):
        text = f"{wrong}\n{HUNT}" if wrong == "page = 1" else f"{HUNT}{wrong}\n"
        with pytest.raises(DefinitionError, match="must be a table"):
            hunt_file.parse(text)


def test_page_has_default_scene_and_language_and_long_texts() -> None:
    text = "x" * 300
    found = hunt_file.parse(f'{HUNT}[page]\n[page.texts.de]\nrules = "{text}"\ntitle = "T"\n').page
    assert found == Page(
        scene="harbour", language="en",
        texts=(PageTexts("de", (("title", "T"), ("rules", text))),),
    )  # fmt: skip
    assert to_json(found) == {
        "scene": "harbour", "language": "en", "texts": {"de": {"title": "T", "rules": text}},
    }  # fmt: skip
    assert page_text(found) == "scene harbour, logo None, colours None, texts de"
    assert page_text(Page()) == "scene harbour, logo None, colours None, texts none"


def test_titles_of_prizes_are_limited_to_those_that_are_shown() -> None:
    titles = (("coin", "Münze"), ("gold", "Gold"))
    page = Page(texts=(PageTexts("de", (("title", "T"),), titles), PageTexts("en")))
    assert texts_to_json(page) == {"de": {"title": "T", "prize": dict(titles)}, "en": {}}
    assert texts_to_json(page, {"gold"}) == {
        "de": {"title": "T", "prize": {"gold": "Gold"}},
        "en": {},
    }
    assert texts_to_json(page, ()) == {"de": {"title": "T"}, "en": {}}


def test_number_of_languages_is_limited() -> None:
    tags = "".join(f"[page.texts.a{chr(97 + n // 26)}{chr(97 + n % 26)}]\n" for n in range(41))
    assert errors(tags) == {"page.texts": "must have at most 40 languages"}
    found = hunt_file.parse(HUNT + tags.removesuffix("[page.texts.abo]\n")).page
    assert found is not None
    assert len(found.texts) == 40
