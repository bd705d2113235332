"""The Python client claims a reward."""

from __future__ import annotations

import pytest

from hunt.client import Denied, open_client
from tests.support.claims import FIELDS, claiming
from tests.support.serving import token


async def test_reward_is_claimed_and_a_fault_is_named(database: str) -> None:
    async with claiming(database) as server:
        await server.click()
        async with open_client(str(server.base_url), token()) as client:
            with pytest.raises(Denied) as refused:
                await client.claim("harbour", 1, {"email": "ada"})
            assert list(refused.value.errors) == ["fields.email"]
            for _ in range(2):
                claimed = await client.claim("harbour", 1, FIELDS)
                assert (claimed.seq, claimed.state) == (1, "claimed")
            with pytest.raises(Denied, match="404"):
                await client.claim("harbour", 9)
