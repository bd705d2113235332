"""The public JSON of the look of a hunt's page."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hunt.core import colours
from hunt.core.page import Page, texts_to_json

#: Returns the address of a file in the operator's folder; None without such a file.
Address = Callable[[str], str | None]


def no_address(name: str) -> None:
    """Return no address: the server has no folder of pages."""


def look(page: Page, address: Address, *, prizes: Collection[str]) -> dict[str, object]:
    """Return the look of a page, with the addresses of its files and all of its colours.

    A file that the server does not have is left out, so that the page shows its scene.

    Args:
        page: The page in the definition.
        address: Returns the address of a file.
        prizes: Ids of the prizes that players may know; others have no title here.
    """
    files = {
        name: address(file)
        for name, file in (("background", page.background), ("logo", page.logo))
        if file is not None
    }
    return {
        "scene": page.scene,
        **{name: found for name, found in files.items() if found is not None},
        "language": page.language,
        **_colours(page),
        "texts": texts_to_json(page, prizes),
    }


def _colours(page: Page) -> dict[str, object]:
    chosen = page.colours
    if chosen is None:
        return {}
    found = colours.palette(chosen.paper, chosen.ink, chosen.accent)
    return {"colours": found, "dark": colours.is_dark(chosen.paper)}
