"""The test that an operator sends to an endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hunt.core.addresses import network
from hunt.core.webhook_signature import sign
from hunt.service.webhook_test import send_test
from tests.support.receiver import receiving

SECRETS = ["whsec_" + "QUJD" * 8, "whsec_" + "WFla" * 8]


@dataclass
class Stored:
    """One endpoint, and the record of its tests."""

    url: str
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def get(self, hunt: str, id_: int) -> Any:
        self.asked.append(("get", hunt, id_))
        return SimpleNamespace(webhook=SimpleNamespace(url=self.url))

    async def secrets(self, hunt: str, id_: int) -> list[str]:
        self.asked.append(("secrets", hunt, id_))
        return SECRETS

    async def tested(self, hunt: str, id_: int, *, status: int | None, actor: str) -> None:
        self.asked.append(("tested", hunt, id_, status, actor))


async def test_test_is_sent_signed_and_recorded() -> None:
    async with receiving() as receiver:
        stored = Stored(receiver.url)
        allow = [network("127.0.0.0/8")]
        for _ in range(2):
            answer = await send_test(stored, "harbour", 7, allow, actor="root")
            assert (answer.status, answer.error) == (200, None)
        one, two = receiver.taken
    assert re.fullmatch(r"test-[0-9a-f]{16}", one.id)
    assert one.id != two.id
    at = one.json.pop("timestamp")
    assert one.json == {"type": "webhook.test", "data": {"hunt": "harbour", "webhook": 7}}
    assert at.endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(at)) < timedelta(minutes=1)
    moment = int(one.headers["webhook-timestamp"])
    assert abs(datetime.now(UTC).timestamp() - moment) < 60
    assert one.headers["webhook-signature"] == sign(SECRETS, one.id, moment, one.body)
    calls = [
        ("get", "harbour", 7),
        ("secrets", "harbour", 7),
        ("tested", "harbour", 7, 200, "root"),
    ]
    assert stored.asked == calls * 2


async def test_address_that_is_not_permitted_is_reported() -> None:
    async with receiving() as receiver:
        stored = Stored(receiver.url)
        answer = await send_test(stored, "harbour", 7, [], actor="root")
        assert (answer.status, answer.seconds) == (None, 0.0)
        assert answer.error == "the URL is not permitted: HUNT_WEBHOOK_ALLOW has changed"
        assert receiver.taken == []
    assert stored.asked[-1] == ("tested", "harbour", 7, None, "root")
