from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hunt.core.definition import Definition
from hunt.core.hunts import Hunt, Version
from hunt.core.maps import Map
from hunt.service import version_cache
from hunt.service.version_cache import VersionCache

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PLAIN = Definition("harbour", "Harbour", Map.sized(1, 1), None, None, 0.0, ())
ENDED = Hunt(
    definition=PLAIN, version=1, state="closed", epoch="k1", last_seq=0, seed=b"s" * 32,
    stock_left={}, as_of=NOW, ended_at=NOW,
)  # fmt: skip


class Reads(list[str]):
    """Answers reads of versions, and notes the hunts that were read."""

    async def __call__(self, hunt: str) -> list[Version]:
        self.append(hunt)
        return [Version(version=len(self), at=NOW, actor="ops", definition=PLAIN)]


def ended(name: str, **changes: object) -> Hunt:
    return replace(ENDED, definition=replace(PLAIN, id=name), **changes)  # type: ignore[arg-type]


async def test_versions_are_read_once() -> None:
    reads = Reads()
    cache = VersionCache(reads)
    first = await cache.get(ended("harbour"))
    assert await cache.get(ended("harbour")) is first
    assert reads == ["harbour"]


async def test_cached_versions_are_known_without_a_read() -> None:
    cache = VersionCache(Reads())
    assert cache.known(ended("harbour")) is None
    versions = await cache.get(ended("harbour"))
    assert cache.known(ended("harbour")) is versions
    assert cache.known(ended("harbour", seed=b"t" * 32)) is None
    assert cache.known(ended("river")) is None


async def test_later_hunt_with_the_same_id_is_read_again() -> None:
    reads = Reads()
    cache = VersionCache(reads)
    first = await cache.get(ended("harbour"))
    other = ended("harbour", seed=b"t" * 32)
    second = await cache.get(other)
    assert first != second
    assert await cache.get(other) is second
    assert reads == ["harbour", "harbour"]


async def test_least_recently_used_hunt_is_evicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(version_cache, "SIZE", 2)
    reads = Reads()
    cache = VersionCache(reads)
    for name in ("a", "b", "a", "c", "a", "b"):
        await cache.get(ended(name))
    assert reads == ["a", "b", "c", "b"]


async def test_versions_of_a_running_hunt_are_refused() -> None:
    reads = Reads()
    with pytest.raises(AssertionError, match="secret"):
        await VersionCache(reads).get(ended("harbour", state="open", ended_at=None))
    assert reads == []
