"""The look of a hunt's page: scene or background, colours, logo, and texts in languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from hunt.core import colours
from hunt.core.form import Form
from hunt.core.languages import TAG, VALID_TAG, canonical

Scene = Literal["harbour", "city", "winter", "stage"]
SCENES: tuple[str, ...] = get_args(Scene)

#: Names of files in the folder of the operator: no folder, and nothing hidden.
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|jpg|jpeg|webp|avif|svg)", re.ASCII)
VALID_FILE = "the name of a .png, .jpg, .webp, .avif or .svg file, without a folder"

#: Largest number of languages, and of characters of one text.
MAX_LANGUAGES = 40
MAX_TEXT = 300

#: Texts that a hunt may replace, in the order of the page.
TEXTS = ("title", "campaign", "lead", "click", "nothing", "prizes", "empty", "rules")

_COLOURS = ("paper", "ink", "accent")
_NAMES = frozenset({"scene", "background", "logo", "language", "colours", "texts"})


@dataclass(frozen=True, slots=True)
class Colours:
    """The three colours from which all others of a page follow, as ``#rrggbb``."""

    paper: str  #: background of the page
    ink: str  #: text, with a contrast of at least 7 on the paper
    accent: str  #: buttons and wins, with a contrast of at least 4.5


@dataclass(frozen=True, slots=True)
class PageTexts:
    """The texts of a page in one language."""

    language: str  #: canonical tag (BCP 47)
    texts: tuple[tuple[str, str], ...] = ()  #: by a name of `TEXTS`
    prizes: tuple[tuple[str, str], ...] = ()  #: titles by id of the prize


@dataclass(frozen=True, slots=True)
class Page:
    """The look of a hunt's page."""

    scene: Scene = "harbour"
    background: str | None = None  #: file in the operator's folder, instead of a scene
    logo: str | None = None  #: file in the operator's folder
    language: str = "en"  #: of the titles of the hunt and of its prizes; a canonical tag
    colours: Colours | None = None  #: None: those of the scene
    texts: tuple[PageTexts, ...] = ()


def read(form: Form, raw: object) -> Page | None:
    """Return the table ``page`` of a hunt file; None without one."""
    if raw is None:
        return None
    table = form.table("page", raw)
    form.known("page.", table, _NAMES)
    scene = form.choice("page.scene", table.get("scene", "harbour"), SCENES)
    return Page(
        scene="harbour" if scene is None else scene,  # type: ignore[arg-type]
        background=_file(form, "page.background", table.get("background")),
        logo=_file(form, "page.logo", table.get("logo")),
        language=_language(form, "page.language", table.get("language", "en")),
        colours=_read_colours(form, table.get("colours")),
        texts=_read_texts(form, table.get("texts")),
    )


def to_json(page: Page) -> dict[str, object]:
    """Return a page as plain JSON values, without loss."""
    found: dict[str, object] = {
        "scene": page.scene,
        "background": page.background,
        "logo": page.logo,
        "language": page.language,
        "colours": page.colours and {name: getattr(page.colours, name) for name in _COLOURS},
        "texts": texts_to_json(page),
    }
    return {name: value for name, value in found.items() if value}


def page_text(page: Page) -> str:
    """Return a page as a person reads it in a list of changes."""
    languages = ", ".join(each.language for each in page.texts) or "none"
    look = page.background or f"scene {page.scene}"
    accent = page.colours and page.colours.accent
    return f"{look}, logo {page.logo}, colours {accent}, texts {languages}"


def texts_to_json(
    page: Page, prizes: Collection[str] | None = None
) -> dict[str, dict[str, object]]:
    """Return the texts of a page by language; the titles of prizes are in ``prize``.

    Args:
        page: The page.
        prizes: Ids of the prizes whose titles are returned; None: of all.
    """
    found: dict[str, dict[str, object]] = {}
    for each in page.texts:
        found[each.language] = dict(each.texts)
        titles = {id_: title for id_, title in each.prizes if prizes is None or id_ in prizes}
        if titles:
            found[each.language]["prize"] = titles
    return found


def _file(form: Form, field: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and FILE.fullmatch(value)):
        return value
    form.wrong(field, f"must be {VALID_FILE}; the file is in the folder HUNT_PAGES_DIR")
    return None


def _language(form: Form, field: str, value: object) -> str:
    if isinstance(value, str) and TAG.fullmatch(value):
        return canonical(value)
    form.wrong(field, f"must be {VALID_TAG}")
    return "en"


def _read_colours(form: Form, raw: object) -> Colours | None:
    if raw is None:
        return None
    table = form.table("page.colours", raw)
    form.known("page.colours.", table, _COLOURS)
    found = {}
    for name in _COLOURS:
        value = table.get(name)
        if isinstance(value, str) and colours.COLOUR.fullmatch(value):
            found[name] = value.lower()
        else:
            form.wrong(f"page.colours.{name}", "must be a colour such as #0d1b2a")
    if len(found) < len(_COLOURS):
        return None
    made = Colours(**found)
    _check_contrast(form, made)
    return made


def _check_contrast(form: Form, made: Colours) -> None:
    """Report colours that cannot be read: on the paper, and on the panels that lie on it."""
    panel = colours.card(made.paper, made.ink)
    for name, colour, least in (("ink", made.ink, colours.INK), ("accent", made.accent, 4.5)):
        grounds = (made.paper,) if name == "ink" else (made.paper, panel)
        found = min(colours.contrast(colour, ground) for ground in grounds)
        if found < least:
            cure = "lighter" if colours.is_dark(made.paper) else "darker"
            form.wrong(
                f"page.colours.{name}",
                f"has a contrast of {found:.1f} on the paper {made.paper}, and needs {least:g}: "
                f"make it {cure}",
            )


def _read_texts(form: Form, raw: object) -> tuple[PageTexts, ...]:
    if raw is None:
        return ()
    table = form.table("page.texts", raw)
    if len(table) > MAX_LANGUAGES:
        form.wrong("page.texts", f"must have at most {MAX_LANGUAGES} languages")
        return ()
    found: dict[str, PageTexts] = {}
    for tag, each in table.items():
        where = f"page.texts.{tag}"
        language = _language(form, where, tag)
        if language in found:
            form.wrong(where, f"is a language that has texts already: {language}")
        found[language] = _of_language(form, where, language, form.table(where, each))
    return tuple(found[language] for language in sorted(found))


def _of_language(form: Form, where: str, language: str, table: Mapping[str, object]) -> PageTexts:
    form.known(f"{where}.", table, {*TEXTS, "prize"})
    prizes = form.table(f"{where}.prize", table.get("prize", {}))
    return PageTexts(
        language=language,
        texts=tuple(
            (name, _text(form, f"{where}.{name}", table[name])) for name in TEXTS if name in table
        ),
        prizes=tuple(
            (
                form.identifier(f"{where}.prize.{prize}", prize),
                form.title(f"{where}.prize.{prize}", title),
            )
            for prize, title in sorted(prizes.items())
        ),
    )


def _text(form: Form, field: str, value: object) -> str:
    if isinstance(value, str) and 1 <= len(value) <= MAX_TEXT and value.isprintable():
        return value
    form.wrong(field, f"must be one line of 1 to {MAX_TEXT} characters")
    return ""
