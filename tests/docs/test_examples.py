"""The examples in the documents are run as they are shown."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```\w*$", re.MULTILINE)
WITH_EXAMPLES = sorted(path for path in DOCS.rglob("*.md") if "```pycon" in path.read_text("utf-8"))


def test_there_are_examples() -> None:
    assert DOCS / "how-to" / "property-test-the-breaker.md" in WITH_EXAMPLES


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_true(path: Path) -> None:
    # A fence ends the output of an example, as an empty line does.
    text = FENCE.sub("", path.read_text("utf-8"))
    examples = doctest.DocTestParser().get_doctest(
        text, {"__name__": path.stem}, path.stem, str(path), 0
    )
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    result = runner.run(examples, out=said.append)
    assert result.attempted > 0
    assert not result.failed, "".join(said)
