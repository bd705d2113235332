from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from uuid import RFC_4122, UUID

import pytest

from hunt.bench import click_bodies
from hunt.core.wire import UUID as TAKEN


@pytest.mark.parametrize(
    ("uuids", "version"), [(click_bodies.timed_uuids, 7), (click_bodies.random_uuids, 4)]
)
def test_ids_are_unique_and_versioned(uuids: Callable[[], Iterator[bytes]], version: int) -> None:
    texts = [each.decode() for each in islice(uuids(), 2000)]
    assert len(set(texts)) == 2000
    assert all(TAKEN.fullmatch(each) for each in texts)
    made = [UUID(each) for each in texts]
    assert {(each.version, each.variant) for each in made} == {(version, RFC_4122)}


def test_version_7_ids_begin_with_time() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(next(click_bodies.timed_uuids()).decode())
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
