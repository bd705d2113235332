"""Tests of language tags, and of the choice of a language."""

from __future__ import annotations

import pytest

from hunt.core.languages import accepted, canonical, choose, direction

OFFERED = ("de", "en", "pt-BR", "zh-Hant")


@pytest.mark.parametrize(
    ("tag", "written"), [("DE", "de"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW")]
)
def test_tag_gets_its_usual_case(tag: str, written: str) -> None:
    assert canonical(tag) == written


@pytest.mark.parametrize(
    ("tag", "shown"),
    [("de", "ltr"), ("ar-EG", "rtl"), ("he", "rtl"), ("az-Arab", "rtl"), ("ar-Latn", "ltr")],
)
def test_direction_follows_language_and_script(tag: str, shown: str) -> None:
    assert direction(tag) == shown


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "en"),
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.3,de;q=0.7", "de"),
        ("fr", "en"),
        ("pt-PT", "pt-BR"),
        ("zh-Hant-TW", "zh-Hant"),
        ("*;q=0.5,de;q=0.4", "en"),
        ("de;q=0,en;q=0.1", "en"),
        ("de;q=x,<b>,pt;q=0.2", "pt-BR"),
        ("xx," * 300 + "de", "en"),
    ],
)
def test_language_fits_the_header(header: str | None, chosen: str) -> None:
    assert choose(accepted(header), OFFERED, "en") == chosen
