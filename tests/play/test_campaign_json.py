"""Titles of the doors of a campaign, and of their prizes, in languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hunt.core.campaign import Campaign
from hunt.core.definition import Prize
from hunt.core.hunts import Hunt
from hunt.core.page import Page, PageTexts
from hunt.play.campaign_json import campaign_details
from hunt.play.hunt_json import details
from tests.support.hunts import HUNTS

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)

GERMAN = PageTexts(
    "de",
    texts=(("title", "Türchen 1"), ("lead", "Drei Klicks am Tag.")),
    prizes=(("boot", "Stiefel"), ("star", "Stern")),
)


def door(opens_at: datetime, *, preview: bool = False, page: Page | None = None) -> Hunt:
    """Return a door with a star; its page has the title of the boot of another door, too."""
    hunt = HUNTS["harbour"]
    definition = replace(
        hunt.definition, title="Door 1", opens_at=opens_at, page=page,
        prizes=(Prize("star", "Star", 1, 0.5, None, None),),
    )  # fmt: skip
    return replace(
        hunt, definition=definition, campaign=Campaign("advent", "Advent", preview=preview), door=1
    )


def texts(hunt: Hunt) -> object:
    """Return the titles of the only door."""
    assert hunt.campaign is not None
    [shown] = campaign_details(hunt.campaign, [hunt], NOW)["doors"]  # type: ignore[misc]
    return shown.get("texts")  # type: ignore[has-type]


def test_door_has_its_titles_in_each_language() -> None:
    page = Page(texts=(GERMAN, PageTexts("fr", texts=(("lead", "Trois clics."),))))
    assert texts(door(NOW, page=page)) == {
        "de": {"title": "Türchen 1", "prize": {"star": "Stern"}},
    }  # fmt: skip
    assert texts(door(NOW)) is None


def test_titles_of_hidden_prizes_are_in_no_language() -> None:
    later = NOW + timedelta(days=1)
    coming = door(later, page=Page(texts=(GERMAN,)))
    assert texts(coming) == {"de": {"title": "Türchen 1"}}
    assert coming.campaign is not None
    for shown in (details(coming, NOW), campaign_details(coming.campaign, [coming], NOW)):
        assert "Stern" not in str(shown)
        assert "Stiefel" not in str(shown)
    shown = details(door(later, preview=True, page=Page(texts=(GERMAN,))), NOW)
    assert "Stern" in str(shown)
    assert "Stiefel" not in str(shown)
