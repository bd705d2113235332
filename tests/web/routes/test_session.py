from __future__ import annotations

from tests.support.problems import assert_problem
from tests.support.serving import serving


async def test_session_makes_a_guest(database: str) -> None:
    async with serving(database) as client:
        client.headers.pop("Authorization")
        evil = {"Origin": "https://evil.example"}
        assert_problem(await client.post("/v1/session", headers=evil), 403)
        client.cookies.set("hunt_player", "rubbish")
        assert (await client.post("/v1/session")).status_code == 201
    async with serving(database, guests=False) as client:
        assert_problem(await client.post("/v1/session"), 403)
