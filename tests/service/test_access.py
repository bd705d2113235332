from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from hunt.service.access import AccessLog
from tests.simulation.world import SETTINGS


def made(**changes: object) -> AccessLog:
    options = {"access_log": True, "log_level": "info", "access_log_clicks": 3} | changes
    return AccessLog(replace(SETTINGS, **options))  # type: ignore[arg-type]


def test_first_click_and_then_one_in_so_many_is_logged() -> None:
    access = made()
    assert [access.click() for _ in range(7)] == [True, False, False, True, False, False, True]


def test_every_click_is_logged_at_level_debug() -> None:
    access = made(log_level="debug")
    assert [access.click() for _ in range(4)] == [True] * 4


@pytest.mark.parametrize("changes", [{"access_log": False}, {"log_level": "warning"}])
def test_access_log_that_is_off_logs_nothing(changes: dict[str, object]) -> None:
    access = made(**changes)
    assert not access.on
    assert not any(access.click() for _ in range(7))
    with capture_logs() as logs:
        access.write("GET", "/v1/hunts", 200, request_id="r1", seconds=0.1)
    assert logs == []


def test_line_has_the_size_of_the_body_where_it_is_known() -> None:
    access = made()
    with capture_logs() as logs:
        access.write("GET", "/v1/hunts", 200, request_id="r1", seconds=0.12345678, size=7)
        access.write("CLICK", "/v1/hunts/<id>/socket", 429, request_id="r2", seconds=2.0)
    sized, unsized = logs
    assert sized == {
        "event": "request answered",
        "log_level": "info",
        "method": "GET",
        "route": "/v1/hunts",
        "status": 200,
        "bytes": 7,
        "seconds": 0.123457,
        "request_id": "r1",
    }
    assert "bytes" not in unsized
    assert (unsized["method"], unsized["status"], unsized["request_id"]) == ("CLICK", 429, "r2")
