from __future__ import annotations

import pytest

from hunt.errors import HuntFailed, StoreError, StoreLost
from hunt.web.app import create_app
from hunt.web.resources import make_resources
from tests.support.serving import serving


async def test_route_has_no_compiled_function_that_builds_urls(database: str) -> None:
    async with serving(database) as client:
        app = create_app(client.engine, make_resources(client.engine))
    for rule in app.url_map.iter_rules():
        with pytest.raises(NotImplementedError, match="do not build URLs"):
            rule.build({})


@pytest.mark.parametrize("error", [StoreLost("gone"), HuntFailed("corrupt", sqlstate="XX001")])
async def test_read_that_fails_in_the_database_is_refused_with_503(
    database: str, error: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*args: object, **options: object) -> object:
        raise error

    async with serving(database) as client:
        monkeypatch.setattr(client.engine.store.log, "history", failing)
        monkeypatch.setattr(client.engine.leaderboard, "_add_up", failing)
        for path in ("rewards", "leaderboard"):
            answer = await client.get(f"/v1/hunts/harbour/{path}")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
        assert (await client.click()).status_code == 200
