"""Operators on an address of their own control real processes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import trio

from hunt.core import tokens
from hunt.embedded.token_secret import jwt_secret
from tests.support.processes import HUNT, free_port, running, servers, until


async def test_operators_have_an_address_and_a_hand_on_every_process(tmp_path: Path) -> None:
    public, private = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [*HUNT, "serve", "--bind", public, "--data-dir", str(tmp_path), "--processes", "2"]
    environ = {"HUNT_OPERATIONS_BIND": private}
    async with running(command, f"http://{public}", environ) as server:
        token = tokens.sign(
            (jwt_secret(tmp_path),), "root", audience=tokens.ADMIN, ttl=60, now=datetime.now(UTC)
        )
        headers = {"Authorization": f"Bearer {token}"}
        limits = httpx.Limits(max_keepalive_connections=0)  # so that every process gets requests
        async with httpx.AsyncClient(headers=headers, limits=limits, timeout=10) as client:

            async def force(state: str | None) -> None:
                answer = await client.post(
                    f"http://{private}/v1/admin/breaker", json={"force": state}
                )
                assert answer.json()["processes"] == 2

            for path in ("/metrics", "/ops", "/ops/sample", "/v1/admin/hunts"):
                assert (await client.get(f"http://{public}{path}")).status_code == 404
                assert (await client.get(f"http://{private}{path}")).status_code == 200

            async def breakers(state: str) -> None:
                """Return once the breakers of both processes are in `state`."""
                with trio.fail_after(60):
                    while (
                        f'hunt_breaker_state{{state="{state}"}} 2.0'
                        not in (await client.get(f"http://{private}/metrics")).text
                    ):
                        await trio.sleep(0.05)

            await breakers("closed")
            await force("open")
            for _ in range(20):
                assert (await client.get(f"http://{public}/readyz")).status_code == 503
            await breakers("open")
            await force(None)
            await breakers("closed")
            audit = (await client.get(f"http://{private}/v1/admin/audit")).json()["entries"]
            forced = [each["detail"]["force"] for each in audit if each["action"] == "breaker"]
            assert forced == [None, "open"], "once for both"
            # A drained process ends, and another one replaces it.
            before = servers(server.process.pid)
            answer = await client.post(f"http://{private}/v1/admin/drain")
            drained = answer.json()["process"]
            assert drained in before

            def replaced() -> bool:
                now = servers(server.process.pid)
                return drained not in now and len(now) == 2

            await until(replaced)
            # Any process forwards a drain to the named one.
            named = servers(server.process.pid)[0]
            answer = None
            while answer is None:
                async with httpx.AsyncClient(
                    headers=headers, base_url=f"http://{private}", timeout=30
                ) as kept:
                    sample = await kept.get("/ops/sample")
                    if sample.status_code == 200 and sample.json()["process"] != named:
                        answer = await kept.post("/v1/admin/drain", params={"process": named})
            drained = answer.json()["process"]
            assert drained == named
            await until(replaced)
