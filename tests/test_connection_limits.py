from __future__ import annotations

import pytest

from hunt.connection_limits import connection_limits, file_limit
from hunt.settings import Settings


def test_file_limit_keeps_a_reserve() -> None:
    assert file_limit() >= 1


@pytest.mark.parametrize(
    ("most", "per_address", "limits"),
    [
        (None, None, (100, 50)),
        (10, None, (10, 5)),
        (1, None, (1, 1)),
        (1000, 7, (100, 7)),
        (10, 0, (10, None)),
    ],
)
def test_connection_limits_stay_within_the_file_limit(
    most: int | None,
    per_address: int | None,
    limits: tuple[int, int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hunt.connection_limits.file_limit", lambda: 100)
    found = connection_limits(
        Settings(max_connections=most, max_connections_per_address=per_address)
    )
    assert (found.total, found.per_address) == limits
