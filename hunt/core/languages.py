"""Language tags (BCP 47), and the choice of a language for a reader (RFC 4647, lookup)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

#: Language, optional script, optional region; other subtags do not matter for texts.
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?", re.ASCII)

#: A valid tag, in words.
VALID_TAG = "a language tag (BCP 47) such as de, pt-BR or zh-Hant"

#: Languages and scripts that are written from right to left.
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset(
    ["adlm", "arab", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"]
)

#: Most languages of one ``Accept-Language`` that are looked at.
_MOST = 20


def canonical(tag: str) -> str:
    """Return a valid tag in the case of RFC 5646, 2.1.1: ``pt-br`` becomes ``pt-BR``."""
    first, *rest = tag.split("-")
    cased = (each.title() if len(each) == 4 else each.upper() for each in rest)
    return "-".join((first.lower(), *cased))


def direction(tag: str) -> str:
    """Return the value of ``dir`` for a language: ``ltr`` or ``rtl``."""
    first, *rest = tag.lower().split("-")
    script = next((each for each in rest if len(each) == 4), None)
    if script is not None:
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT else "ltr"


def choose(wanted: Sequence[str], offered: Collection[str], default: str) -> str:
    """Return the offered language that fits a reader best.

    Each wanted tag is tried in order, without its last subtags step by step; then an offered
    tag of the same language with another script or region.

    Args:
        wanted: Tags, the most wanted first; ``*`` matches the default.
        offered: Canonical tags.
        default: The tag if none fits.
    """
    known = {each.lower(): each for each in offered}
    for tag in wanted:
        if tag == "*":
            return default
        parts = tag.lower().split("-")
        for length in range(len(parts), 0, -1):
            if (found := known.get("-".join(parts[:length]))) is not None:
                return found
        for low, each in known.items():
            if low.partition("-")[0] == parts[0]:
                return each
    return default


def accepted(accept_language: str | None) -> tuple[str, ...]:
    """Return the tags of an ``Accept-Language`` (RFC 9110, 12.5.4), the most wanted first."""
    if not accept_language:
        return ()
    # Long values are not cached, so that clients cannot fill the memory.
    if len(accept_language) < 200:
        return _accepted(accept_language)
    return _accepted.__wrapped__(accept_language[:1000])


@lru_cache(256)
def _accepted(accept_language: str) -> tuple[str, ...]:
    weighted = []
    for part in accept_language.split(",")[:_MOST]:
        tag, _, parameter = part.partition(";")
        tag = tag.strip()
        if tag != "*" and not TAG.match(tag):
            continue
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if 0 < weight <= 1:
            weighted.append((weight, tag))
    return tuple(tag for _, tag in sorted(weighted, key=lambda each: -each[0]))
