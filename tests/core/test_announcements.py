from __future__ import annotations

import pytest

from hunt.core.announcements import MOST, wrong


@pytest.mark.parametrize("text", ["x", " x ", "The harbour\ncloses 🎃", "\n\u200b", "x" * MOST])
def test_text_of_one_or_more_characters_may_be_announced(text: str) -> None:
    assert wrong(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty: give 1 to 500 characters"),
        (" \n\t", "is empty: give 1 to 500 characters"),
        ("x" * 501, "has 501 characters: give at most 500"),
        ("one\x1btwo\x00", "has the control character U+001B: remove it"),
        ("\tx", "has the control character U+0009: remove it"),
        ("x\ud83c", "has the control character U+D83C: remove it"),
    ],
)
def test_other_text_is_refused_with_its_fault(text: str, sentence: str) -> None:
    assert wrong(text) == sentence
