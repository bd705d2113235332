from __future__ import annotations

from tests.support.serving import serving, stream

PAGE = "https://app.example"
ALLOWED = "Access-Control-Allow-Origin"


async def test_allowed_origin_may_read(database: str) -> None:
    async with serving(database, allowed_origins=(PAGE,)) as client:
        client.headers["Origin"] = PAGE
        for response in (
            await client.click(),
            await client.click(x=999),
            await client.get("/v1/hunts"),
            await client.get("/v1/hunts/nowhere"),
            await client.get("/static/hunt.js"),
        ):
            assert response.headers[ALLOWED] == PAGE
            assert "Origin" in response.headers["Vary"]
            assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
            # A guest's cookie is therefore useless to that page.
            assert "Access-Control-Allow-Credentials" not in response.headers
        async with stream(client) as events:
            assert events.response.headers[ALLOWED] == PAGE


async def test_preflight_is_answered(database: str) -> None:
    async with serving(database, allowed_origins=(PAGE,)) as client:
        del client.headers["Authorization"]
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        response = await client.options("/v1/hunts/harbour/clicks", headers=asked)
        assert response.status_code == 200
        assert response.headers[ALLOWED] == PAGE
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
        for name in ("Authorization", "Content-Type", "Last-Event-ID", "traceparent"):
            assert name in response.headers["Access-Control-Allow-Headers"]


async def test_other_origins_and_administration_are_refused(database: str) -> None:
    async with serving(database, allowed_origins=(PAGE,)) as client:
        for origin in ("https://evil.example", "null", PAGE + ".evil.example"):
            response = await client.get("/v1/hunts", headers={"Origin": origin})
            assert ALLOWED not in response.headers
            assert "Origin" in response.headers["Vary"]
        assert ALLOWED not in (await client.get("/v1/hunts")).headers
        response = await client.get("/v1/admin/hunts", headers={"Origin": PAGE})
        assert ALLOWED not in response.headers
    async with serving(database) as client:
        response = await client.get("/v1/hunts", headers={"Origin": PAGE})
        assert ALLOWED not in response.headers
