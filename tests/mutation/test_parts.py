"""The tables of mutated code and its tests fit the present code."""

from __future__ import annotations

import pytest

from tests.mutation.functions import MUTANTS, Mutant
from tests.mutation.modules import ROOT, draw
from tests.mutation.parts import PARTS, Part
from tests.mutation.statements import STATEMENTS
from tests.mutation.webhook_statements import WEBHOOK_STATEMENTS


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_patterns_and_tests_of_a_part_exist(part: Part) -> None:
    for pattern in part.modules:
        assert list(ROOT.glob(pattern)), pattern
    for path in part.tests:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("mutant", [*MUTANTS, *STATEMENTS, *WEBHOOK_STATEMENTS], ids=str)
def test_text_of_an_sql_mutant_occurs_once(mutant: Mutant) -> None:
    mutant.apply((ROOT / mutant.path).read_text("utf-8"))
    assert all((ROOT / path).exists() for path in mutant.tests if path.endswith(".py"))


def test_sample_is_even_and_repeatable() -> None:
    every = [f"{i:03}" for i in range(1000)]
    drawn = draw(every, 100, 7)
    assert drawn == draw(every, 100, 7) != draw(every, 100, 8)
    assert [int(each) // 10 for each in drawn] == list(range(100))
    assert draw(every, 2000, 7) == every
