"""Tests of the names that players choose."""

from __future__ import annotations

import pytest

from hunt.core.names import NameFilter, clean, folded


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada", "Ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}da", "Ada"),
        ("Zoë", "Zoë"),
        ("e\N{COMBINING ACUTE ACCENT}la", "éla"),
        ("海の子", "海の子"),
        ("a\N{NO-BREAK SPACE}b", "a b"),
        ("x" * 24, "x" * 24),
        ("xy", "xy"),
        ("7!", "7!"),
        ("q\u0323\u0331" * 2, "q\u0323\u0331" * 2),
        ("\u0323\u0331q", "\u0323\u0331q"),
    ],
    ids=[
        "plain",
        "spaces",
        "full width",
        "umlaut",
        "marks",
        "kanji",
        "no-break",
        "longest",
        "shortest",
        "sign",
        "two marks",
        "marks first",
    ],
)
def test_name_is_normalised(given: str, kept: str) -> None:
    assert clean(given) == kept


LENGTH, VISIBLE = "must have 2 to 24 characters", "must have visible characters only"
MARKS = "has too many marks on one letter"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("a", LENGTH),
        ("x" * 25, LENGTH),
        ("\N{LATIN SMALL LIGATURE FFI}" * 9, LENGTH),
        ("ab\N{RIGHT-TO-LEFT OVERRIDE}c", VISIBLE),
        ("ab\N{ZERO WIDTH JOINER}c", VISIBLE),
        ("ab\x07", VISIBLE),
        ("ab\ue000", VISIBLE),
        ("a" + "\N{COMBINING LONG STROKE OVERLAY}" * 5, MARKS),
        ("a" + "\N{COMBINING LONG STROKE OVERLAY}" * 3, MARKS),
        ("!?!", "must have a letter or a digit"),
    ],
    ids=["short", "long", "long as NFKC", "bidi", "joiner", "control", "private", "many marks",
         "marks", "signs"],
)  # fmt: skip
def test_bad_name_is_refused_with_a_reason(given: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        clean(given)


def test_folding_ignores_case_marks_spaces_and_disguises() -> None:
    assert folded("Ádm1n !") == folded("ADMIN I") == "admini"
    assert folded("S t-r.a_ß3") == "strasse"


@pytest.mark.parametrize("name", ["Admin", "4dm1n", "M o d", "guest 8f3a91", "GUEST", "Erased-1"])
def test_reserved_names_are_refused(name: str) -> None:
    assert NameFilter().refuses(name)


def test_words_of_the_operator_are_refused_inside_of_names() -> None:
    found = NameFilter(["Mist", "", "  ", "#"])
    assert found.refuses("So ein M1st")
    assert not found.refuses("Ada")
