"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from hunt.plurals import plural


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (plural(0, "prize"), "0 prizes"),
        (plural(1, "prize"), "1 prize"),
        (plural(24, "prize"), "24 prizes"),
        (plural(1, "process", "processes"), "1 process"),
        (plural(2, "process", "processes"), "2 processes"),
        (plural(1.0, "click", shown="1"), "1 click"),
        (plural(2400, "click", shown="2,400"), "2,400 clicks"),
    ],
)
def test_noun_follows_its_number(text: str, expected: str) -> None:
    assert text == expected
