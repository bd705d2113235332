from __future__ import annotations

import re
from pathlib import Path

import pytest

from hunt.error_kinds import kinds
from hunt.errors import Refused, TooFast
from hunt.play.problems import meaning, type_of
from hunt.web import problem_page
from hunt.web.openapi import document
from tests.support.serving import serving

ROOT = Path(__file__).parents[2]

#: All refusals, in the order of the pages.
REFUSALS = sorted(kinds(Refused), key=lambda kind: (kind.status, kind.slug))


@pytest.fixture(autouse=True)
def way() -> None:
    """Run each test once: the page is the same over every way in."""


def test_page_and_document_list_every_type() -> None:
    page = problem_page.page().decode()
    assert re.findall(r'<section id="(.+)">', page) == [kind.slug for kind in REFUSALS]
    text = (ROOT / "docs/reference/problems.md").read_text("utf-8")
    rows = re.findall(r"^\| \[`(\S+)`\]\(#\S+\) \| (\d+) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [(type_of(kind), str(kind.status), kind.title) for kind in REFUSALS]
    for kind in REFUSALS:
        assert f"\n## {kind.slug}\n\n{meaning(kind)}\n" in text
    told = document.document().decode()
    assert type_of(TooFast) in told


async def test_page_of_a_problem_is_served(database: str) -> None:
    async with serving(database, click_rate=0.001, click_burst=1) as client:
        await client.click()
        problem = (await client.click()).json()
        page = await client.get(problem["type"])
        assert page.status_code == 200
        assert 'id="too-fast"' in page.text
        assert "://" not in page.text
