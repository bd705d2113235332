"""Sampling of the access log."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from structlog.testing import capture_logs

from hunt.play import contract
from hunt.play.access_log import AccessLog, LoggedRequest
from hunt.settings import Settings


def access_log(**options: Any) -> AccessLog:
    return AccessLog(Settings(**options), clock=lambda: 10.0, requests=Counter())


@pytest.mark.parametrize(
    ("method", "route"), [("POST", contract.CLICKS), ("CLICK", contract.SOCKET)]
)
@pytest.mark.parametrize(
    ("options", "logged"),
    [
        ({}, [1, 101]),
        ({"access_log_clicks": 1}, [*range(1, 151)]),
        ({"log_level": "debug"}, [*range(1, 151)]),
        ({"access_log": False}, []),
        ({"log_level": "debug", "access_log": False}, []),
        ({"log_level": "error"}, []),
    ],
)
def test_clicks_are_sampled(
    method: str, route: str, options: dict[str, Any], logged: list[int]
) -> None:
    access = access_log(**options)
    with capture_logs() as lines:
        for number in range(1, 151):
            access.answered(LoggedRequest(method, route), 200, request_id=str(number), since=9.5)
    assert [int(each["request_id"]) for each in lines] == logged


def test_every_other_request_is_logged() -> None:
    access = access_log()
    with capture_logs() as lines:
        for method, route in (("GET", contract.EVENTS), ("GET", contract.SOCKET), ("POST", "/x")):
            for _ in range(2):
                access.answered(LoggedRequest(method, route), 204, request_id="r", since=9.5)
    assert len(lines) == 6
    assert lines[0] == {
        "event": "request answered", "log_level": "info", "method": "GET",
        "route": contract.EVENTS, "status": 204, "seconds": 0.5, "request_id": "r",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sized", "expected"),
    [
        ({"size": 7}, 7),
        ({"answer": b'{"a":1}'}, 7),
        ({"answer": b"HTTP/1.1 200 \r\na: b\r\n\r\n12345"}, 5),
        ({"answer": b"HTTP/1.1 204 \r\na: b\r\n\r\n"}, 0),
        ({}, None),
    ],
)
def test_size_is_that_of_the_body(sized: dict[str, Any], expected: int | None) -> None:
    with capture_logs() as lines:
        access_log().answered(LoggedRequest("GET", "/"), 200, request_id="r", since=10.0, **sized)
    assert lines[0].get("bytes") == expected
