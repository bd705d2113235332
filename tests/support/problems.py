"""Check a problem response (RFC 9457)."""

from __future__ import annotations

from typing import Any

from hunt.error_kinds import kinds
from hunt.errors import Refused


def assert_problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    page, _, slug = problem["type"].partition("#")
    assert page == "/docs/problems"
    [kind] = [kind for kind in kinds(Refused) if kind.slug == slug]
    assert (kind.status, kind.title) == (status, problem["title"])
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


def assert_slug(response: Any, status: int, slug: str) -> None:
    assert assert_problem(response, status)["type"] == f"/docs/problems#{slug}"
