"""Colours of a page: contrast by WCAG 2.2, and the palette that follows from three of them."""

from __future__ import annotations

import re

#: A colour of sRGB, as in ``#0d1b2a``.
COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)

#: Least contrast of text on its background (WCAG 2.2, success criterion 1.4.3).
TEXT = 4.5

#: Least contrast of the ink on the paper: quieter text is a mixture of both.
INK = 7.0

#: Colours that say good, careful and bad, and the ones of prizes; each is mixed with ink until it
#: can be read.
_SIGNALS = {
    "good": "#2f9e6b",
    "warn": "#d97b1f",
    "bad": "#d64545",
    "jewel": "#a561d6",
}


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """Return the mixture of two colours; `share` is that of the first one, 0 to 1."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in parts)


def is_dark(colour: str) -> bool:
    """Return whether white text is easier to read on a colour than black text."""
    return contrast(colour, "#ffffff") > contrast(colour, "#000000")


def card(paper: str, ink: str) -> str:
    """Return the background of panels, which lie on the paper."""
    return mixed(ink, paper, 0.06)


def palette(paper: str, ink: str, accent: str) -> dict[str, str]:
    """Return all colours of a page by the name of their CSS variable.

    Args:
        paper: Background of the page.
        ink: Text; has a contrast of at least `INK` on the paper.
        accent: Buttons and what was won; has a contrast of at least `TEXT` on paper and card.
    """
    panel = card(paper, ink)
    return {
        "paper": paper,
        "ink": ink,
        "accent": accent,
        "card": panel,
        "line": mixed(ink, paper, 0.2),
        "quiet": _readable(mixed(ink, paper, 0.7), ink, paper, panel),
        "gem": accent,
        **{name: _readable(colour, ink, paper, panel) for name, colour in _SIGNALS.items()},
    }


def _readable(colour: str, ink: str, *grounds: str) -> str:
    """Return a colour, mixed with as much ink as it needs to be read well on all grounds.

    The aim is that of WCAG 2.2, 1.4.6 (enhanced); if ink itself is below it, ink is returned.
    """
    for step in range(10):
        found = mixed(ink, colour, step / 10)
        if all(contrast(found, ground) >= INK for ground in grounds):
            return found
    return ink


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
